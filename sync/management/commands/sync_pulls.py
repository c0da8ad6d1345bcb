"""`manage.py sync_pulls`: one pass of apache/flink's pull requests → flink-ci/flink, builds, commands and reports."""

from flinkci_dashboard.management.job_command import JobCommand


class Command(JobCommand):
    """One pass of the pull request sync."""

    help = __doc__
    job = "sync_pulls"
