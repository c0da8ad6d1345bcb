"""`manage.py prune`: one pass of the pruning of old records."""

from flinkci_dashboard.management.job_command import JobCommand


class Command(JobCommand):
    """One pass of the pruning."""

    help = __doc__
    job = "prune"
