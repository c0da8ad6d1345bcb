"""`manage.py poll_actions`: one pass of GitHub Actions' workflow runs and their jobs."""

from flinkci_dashboard.management.job_command import JobCommand


class Command(JobCommand):
    """One pass of GitHub Actions' runs."""

    help = __doc__
    job = "poll_actions"
