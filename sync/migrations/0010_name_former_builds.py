"""The build before a push is named by its service and its id there, in branches and in the acts that pushed them."""

from django.db import migrations, models

PROVIDER = "azure"  # the only one until now


def name_builds(apps, schema_editor):
    branches = apps.get_model("sync", "CIBranch").objects
    branches.filter(after_build="0").update(after_build="")
    numbered = list(branches.exclude(after_build="").only("after_build"))
    for branch in numbered:
        branch.after_build = f"{PROVIDER}:{branch.after_build}"
    branches.bulk_update(numbered, ["after_build"], batch_size=500)
    acts = apps.get_model("flinkci_dashboard", "Action").objects
    pushes = list(acts.filter(job="sync_pulls", kind="push-branch", payload__has_key="after_build"))
    for act in pushes:
        number = act.payload["after_build"]
        act.payload["after_build"] = f"{PROVIDER}:{number}" if number else ""
    acts.bulk_update(pushes, ["payload"], batch_size=500)


def number_builds(apps, schema_editor):
    """What another service built has no place in the old form."""
    branches = apps.get_model("sync", "CIBranch").objects
    named = list(branches.only("after_build"))
    for branch in named:
        branch.after_build = number_of(branch.after_build)
    branches.bulk_update(named, ["after_build"], batch_size=500)
    acts = apps.get_model("flinkci_dashboard", "Action").objects
    pushes = list(acts.filter(job="sync_pulls", kind="push-branch", payload__has_key="after_build"))
    for act in pushes:
        act.payload["after_build"] = int(number_of(act.payload["after_build"]))
    acts.bulk_update(pushes, ["payload"], batch_size=500)


def number_of(name):
    provider, _, number = name.partition(":")
    return number if provider == PROVIDER else "0"


class Migration(migrations.Migration):
    dependencies = [("sync", "0009_refused_commands"), ("flinkci_dashboard", "0010_alerts")]

    operations = [
        migrations.AlterField(
            model_name="cibranch", name="after_build", field=models.CharField(blank=True, max_length=40)
        ),
        migrations.RunPython(name_builds, number_builds),
    ]
