"""The infrastructure page: what the wiki page “Continuous Integration” says, as it is now."""

from django.conf import settings
from django.http import HttpRequest
from django.views.decorators.http import require_safe

from flinkci_dashboard.jobs.history import last_ended
from flinkci_dashboard.models import Contact, Credential
from flinkci_dashboard.web.live import Context, live, rights
from sync.infrastructure import figures
from sync.infrastructure.places import BOXES, HEIGHT, MIGRATION_TICKET, WIDTH


def passes(request: HttpRequest) -> object:
    """Return what changes when a pass of any job ends that the page speaks of."""
    return last_ended("sync_mirrors", "sync_pulls", "label_pulls", "poll_builds", "poll_agents", "check_exposure")


@require_safe
@live("infrastructure/infrastructure.html", "infrastructure/_infrastructure.html", version=passes, reader=rights)
def infrastructure(request: HttpRequest) -> Context:
    """Show repositories, accounts, pipelines, machines, people, and how code and results travel between them."""
    return {
        "flows": figures.flows(),
        "boxes": BOXES,
        "size": {"width": WIDTH, "height": HEIGHT},
        "repositories": figures.repositories(),
        "accounts": Credential.objects.exclude(account="").select_related("holder"),
        "service": figures.service(),
        "pipelines": figures.pipelines(),
        "variables": figures.variables(),
        "definitions": figures.definitions(),
        "machines": figures.machines(),
        "contacts": Contact.objects.filter(active=True),
        "house_rule": Credential.HOUSE_RULE,
        "migration": {"ticket": MIGRATION_TICKET, "url": f"{settings.JIRA_URL}/browse/{MIGRATION_TICKET}"},
    }
