"""`manage.py match_failures`: one pass of failing tests and the Jira tickets that know them."""

from flinkci_dashboard.management.job_command import JobCommand


class Command(JobCommand):
    """One pass of known failures."""

    help = __doc__
    job = "match_failures"
