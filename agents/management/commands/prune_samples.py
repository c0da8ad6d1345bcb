"""`manage.py prune_samples`: one pass of the pruning of old samples."""

from flinkci_dashboard.management.job_command import JobCommand


class Command(JobCommand):
    """One pass of pruning samples."""

    help = __doc__
    job = "prune_samples"
