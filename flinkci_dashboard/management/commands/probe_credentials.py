"""`manage.py probe_credentials`: ask each service about its token, warn before one runs out."""

from flinkci_dashboard.management.job_command import JobCommand


class Command(JobCommand):
    """One pass of the credential probe."""

    help = __doc__
    job = "probe_credentials"
