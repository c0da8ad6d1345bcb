"""`manage.py poll_agents`: one pass of Azure agent pools and agents."""

from flinkci_dashboard.management.job_command import JobCommand


class Command(JobCommand):
    """One pass of Azure agent pools."""

    help = __doc__
    job = "poll_agents"
