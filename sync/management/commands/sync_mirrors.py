"""`manage.py sync_mirrors`: one pass of apache/flink → flink-ci/flink-mirror."""

from flinkci_dashboard.management.job_command import JobCommand


class Command(JobCommand):
    """One pass of the mirror sync."""

    help = __doc__
    job = "sync_mirrors"
