"""Indexes for what lists are sorted by, and for the names of branches that the search finds."""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# By how long a build ran. SQLite reckons with times in a function of Django's, of which it keeps no index.
MAKE = """CREATE INDEX build_ran ON agents_build
    ((finished_at - started_at) DESC NULLS LAST, queued_at DESC, id DESC)"""


def make(apps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute(MAKE)


def drop(apps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute("DROP INDEX build_ran")


class Migration(migrations.Migration):
    dependencies = [("agents", "0018_one_form_of_names")]

    operations = [
        migrations.AddIndex(
            model_name="build",
            index=models.Index(
                models.F("reason").desc(), models.F("queued_at").desc(), name="build_reason_falling"
            ),
        ),
        migrations.AddIndex(
            model_name="build",
            index=models.Index(
                fields=["branch"], name="build_of_branch", condition=models.Q(("scope", "branch"))
            ),
        ),
        migrations.RunPython(make, drop),
    ]
