"""Bind the rows of the allow-list to the accounts that have signed in by them."""

from django.db import migrations, models


def bind(apps, schema_editor):
    """Give each login its account, where exactly one account has come with it."""
    accounts = {}
    for account in apps.get_model("socialaccount", "SocialAccount").objects.filter(provider="github"):
        login = str(account.extra_data.get("login", "")).lower()
        accounts.setdefault(login, set()).add(account.uid)
    for row in apps.get_model("flinkci_dashboard", "AllowedSignIn").objects.filter(kind="login"):
        found = accounts.get(row.name, set())
        if len(found) == 1:
            row.account_id = int(found.pop())
            row.save(update_fields=["account_id"])


class Migration(migrations.Migration):
    """A number for each row, and what is known already."""

    dependencies = [
        ("flinkci_dashboard", "0004_append_only"),
        ("socialaccount", "0006_alter_socialaccount_extra_data"),
    ]

    operations = [
        migrations.AddField(
            model_name="allowedsignin",
            name="account_id",
            field=models.BigIntegerField(editable=False, null=True, verbose_name="GitHub account"),
        ),
        migrations.RunPython(bind, migrations.RunPython.noop),
    ]
