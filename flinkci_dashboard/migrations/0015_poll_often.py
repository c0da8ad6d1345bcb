"""Look at mirrors, pull requests and builds every 15 s, where the schedule is still the one that bootstrap made."""

from django.db import migrations

FORMER = {"sync_mirrors": 30, "sync_pulls": 60, "poll_builds": 30}  # seconds
NOW = 15


def poll_often(apps, schema_editor):
    """Leave alone what an admin has set to something else."""
    schedules = apps.get_model("flinkci_dashboard", "JobSchedule").objects
    for job, former in FORMER.items():
        schedules.filter(job=job, interval=former).update(interval=NOW)


def poll_seldom(apps, schema_editor):
    """Go back to what bootstrap made then."""
    schedules = apps.get_model("flinkci_dashboard", "JobSchedule").objects
    for job, former in FORMER.items():
        schedules.filter(job=job, interval=NOW).update(interval=former)


class Migration(migrations.Migration):
    dependencies = [("flinkci_dashboard", "0014_run_logs")]
    operations = [migrations.RunPython(poll_often, poll_seldom)]
