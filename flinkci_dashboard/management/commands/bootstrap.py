"""`manage.py bootstrap`: what an installation starts from. Safe to run at every start."""

from typing import Any

from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command
from django.db import DatabaseError, transaction

from flinkci_dashboard.accounts.contacts import create_contacts
from flinkci_dashboard.accounts.roles import create_roles
from flinkci_dashboard.alerts.channels import create_channels
from flinkci_dashboard.alerts.collect import create_settings
from flinkci_dashboard.alerts.summary import create_summary
from flinkci_dashboard.credentials.seed import create_credentials
from flinkci_dashboard.jobs.table import JOBS
from flinkci_dashboard.management.job_command import NO_DATABASE, JobCommand
from flinkci_dashboard.models import JobSchedule
from flinkci_dashboard.models.writing import add_missing
from flinkci_dashboard.parts import parts


class Command(JobCommand):
    """Create what is missing; leave alone what an admin changed."""

    help = __doc__
    job = "bootstrap"

    def handle(self, *args: Any, **options: Any) -> None:
        """Prepare the rows; an address in ALERT_URLS that makes no channel is told, and keeps nothing from starting."""
        _collect_static()
        try:
            problems = _prepare()
        except DatabaseError as error:
            self._end(2, "failed", errors=[NO_DATABASE.format(error=error)])
        self.stdout.write("Ready: repositories, mirror, schedules, roles, contacts and credentials are in place.")
        self._say("ok", {"channels_refused": len(problems)}, problems)


def _collect_static() -> None:
    """Put the pages' files where the web server looks for them, when none are there: it can't serve a page without."""
    if getattr(staticfiles_storage, "hashed_files", None) == {}:
        call_command("collectstatic", interactive=False, verbosity=0)


@transaction.atomic
def _prepare() -> list[str]:
    """Create repositories, the mirror, schedules, roles, contacts and credentials where they do not exist yet."""
    add_missing([JobSchedule(job=job.name, interval=job.interval) for job in JOBS.values()], "job")
    for part in parts("bootstrap"):
        part.bootstrap()
    create_settings()
    problems = create_channels()
    create_roles()
    create_contacts()
    create_credentials()
    create_summary()
    return problems
