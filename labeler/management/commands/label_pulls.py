"""`manage.py label_pulls`: one pass of Jira components → labels of pull requests."""

from flinkci_dashboard.management.job_command import JobCommand


class Command(JobCommand):
    """One pass of the labeler."""

    help = __doc__
    job = "label_pulls"
