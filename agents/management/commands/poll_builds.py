"""`manage.py poll_builds`: one pass of Azure builds, their jobs and the agents those ran on."""

from flinkci_dashboard.management.job_command import JobCommand


class Command(JobCommand):
    """One pass of Azure builds."""

    help = __doc__
    job = "poll_builds"
