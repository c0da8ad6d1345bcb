"""`manage.py check_exposure`: can pull request builds see a secret?"""

from flinkci_dashboard.management.job_command import JobCommand


class Command(JobCommand):
    """One pass of the exposure check."""

    help = __doc__
    job = "check_exposure"
