"""`manage.py bootstrap`: what an installation starts from. Safe to run at every start."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import transaction

from flinkci_dashboard.accounts.contacts import create_contacts
from flinkci_dashboard.accounts.roles import create_roles
from flinkci_dashboard.alerts.channels import create_channels
from flinkci_dashboard.alerts.collect import create_settings
from flinkci_dashboard.alerts.summary import create_summary
from flinkci_dashboard.credentials.seed import create_credentials
from flinkci_dashboard.jobs.table import JOBS
from flinkci_dashboard.models import JobSchedule
from flinkci_dashboard.parts import parts


class Command(BaseCommand):
    """Create what is missing; leave alone what an admin changed."""

    help = __doc__

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        """Create repositories, the mirror, schedules, roles, contacts and credentials where they do not exist yet."""
        call_command("createcachetable")
        for job in JOBS.values():
            JobSchedule.objects.get_or_create(job=job.name, defaults={"interval": job.interval})
        for part in parts("bootstrap"):
            part.bootstrap()
        create_settings()
        for problem in create_channels():
            self.stderr.write(problem)
        create_roles()
        create_contacts()
        create_credentials()
        create_summary()
        self.stdout.write("Ready: repositories, mirror, schedules, roles, contacts and credentials are in place.")
