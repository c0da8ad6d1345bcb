"""`manage.py bootstrap`: what an installation starts from. Safe to run at every start."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import transaction

from agents.setup import create_host_rules
from flinkci_dashboard.jobs import JOBS
from flinkci_dashboard.models import JobSchedule
from flinkci_dashboard.people import create_contacts, create_credentials, create_roles
from sync.models import Mirror, Repository

Role = Repository.Role
REPOSITORIES = (
    ("apache/flink", Role.SOURCE, "Apache Flink itself. The bot reads it and never pushes to it."),
    (
        "flink-ci/flink-mirror",
        Role.MIRROR,
        "Mirror of master and the release branches; its builds hold the CI secrets.",
    ),
    ("flink-ci/flink", Role.PULL_REQUESTS, "One branch for each pull request's head; its builds see no secret."),
    ("flink-ci/git-repo-sync", Role.BOT, "The script that mirrored the branches before."),
    ("flink-ci/ci-bot", Role.BOT, "The bot that mirrored pull requests and wrote the CI reports before."),
    ("flink-ci/pr-labeler", Role.BOT, "The bot that set the component labels before."),
)


class Command(BaseCommand):
    """Create what is missing; leave alone what an admin changed."""

    help = __doc__

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        """Create repositories, the mirror, schedules, roles, contacts and credentials where they do not exist yet."""
        call_command("createcachetable")
        for full_name, role, description in REPOSITORIES:
            owner, name = full_name.split("/")
            defaults = {"role": role, "description": description}
            Repository.objects.get_or_create(owner=owner, name=name, defaults=defaults)
        if not Mirror.objects.exists():
            Mirror.objects.create(
                source=Repository.objects.get(owner="apache", name="flink"),
                target=Repository.objects.get(owner="flink-ci", name="flink-mirror"),
            )
        for job in JOBS.values():
            JobSchedule.objects.get_or_create(job=job.name, defaults={"interval": job.interval})
        create_host_rules()
        create_roles()
        create_contacts()
        create_credentials()
        self.stdout.write("Ready: repositories, mirror, schedules, roles, contacts and credentials are in place.")
