"""A build is named by its service and its id there: in what reports have lost, and in the keys of acts."""

import re

from django.db import migrations

PROVIDER = "azure"  # the only one until now
KEY = re.compile(r"(cancel|retry):([0-9]+)(.*)", re.DOTALL)
KINDS = ("cancel-build", "retry-build", "queue-build", "queue-missing")


def name_services(apps, schema_editor):
    changed = []
    for pull in apps.get_model("sync", "PullRequest").objects.exclude(lost_builds=[]).only("lost_builds").iterator():
        pull.lost_builds = [each if ":" in str(each) else f"{PROVIDER}:{each}" for each in pull.lost_builds]
        changed.append(pull)
    apps.get_model("sync", "PullRequest").objects.bulk_update(changed, ["lost_builds"], batch_size=500)
    acts = []
    for act in apps.get_model("flinkci_dashboard", "Action").objects.filter(job="sync_pulls", kind__in=KINDS):
        if old := KEY.fullmatch(act.key):
            act.key = f"{old[1]}:{PROVIDER}:{old[2]}{old[3]}"
        act.payload.setdefault("provider", PROVIDER)
        acts.append(act)
    apps.get_model("flinkci_dashboard", "Action").objects.bulk_update(acts, ["key", "payload"], batch_size=500)


def number_builds(apps, schema_editor):
    """What another service built has no place in the old form."""
    pulls = list(apps.get_model("sync", "PullRequest").objects.exclude(lost_builds=[]).only("lost_builds"))
    for pull in pulls:
        named = [each for each in map(str, pull.lost_builds) if each.startswith(f"{PROVIDER}:")]
        pull.lost_builds = [int(each.partition(":")[2]) for each in named]
    apps.get_model("sync", "PullRequest").objects.bulk_update(pulls, ["lost_builds"], batch_size=500)
    acts = list(apps.get_model("flinkci_dashboard", "Action").objects.filter(job="sync_pulls", kind__in=KINDS))
    for act in acts:
        act.key = act.key.replace(f":{PROVIDER}:", ":", 1)
    apps.get_model("flinkci_dashboard", "Action").objects.bulk_update(acts, ["key"], batch_size=500)


class Migration(migrations.Migration):
    dependencies = [("sync", "0006_pipelines"), ("flinkci_dashboard", "0010_alerts")]

    operations = [migrations.RunPython(name_services, number_builds)]
