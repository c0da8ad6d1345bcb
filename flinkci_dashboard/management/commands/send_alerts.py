"""`manage.py send_alerts`: what is wrong now, and what is to be said of it to whom."""

from flinkci_dashboard.management.job_command import JobCommand


class Command(JobCommand):
    """One pass of the alerts."""

    help = __doc__
    job = "send_alerts"
