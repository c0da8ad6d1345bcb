"""The infrastructure page: what the wiki page “Continuous Integration” says, as it is now."""

from django.conf import settings
from django.http import HttpRequest
from django.views.decorators.http import require_safe

from flinkci_dashboard.jobs.history import last_ended
from flinkci_dashboard.models import Contact, Credential, Worker
from flinkci_dashboard.web.live import Context, live, rights
from sync.infrastructure import figures
from sync.infrastructure.lists import ACCOUNTS, FLOWS, MACHINES, PEOPLE, PIPELINES, REPOSITORIES, VARIABLES
from sync.infrastructure.places import BOXES, HEIGHT, WIDTH
from sync.models import Mirror, Pipeline


def passes(request: HttpRequest) -> object:
    """Return what changes when a pass of any job ends that the page speaks of."""
    return last_ended("sync_mirrors", "sync_pulls", "label_pulls", "poll_builds", "poll_agents", "check_exposure")


@require_safe
@live("infrastructure/infrastructure.html", "infrastructure/_infrastructure.html", version=passes, reader=rights)
def infrastructure(request: HttpRequest) -> Context:
    """Show repositories, accounts, pipelines, machines, people, and how code and results travel between them."""
    flows = figures.flows()
    return {
        "arrows": flows,
        "flows": FLOWS.of(request, flows, "flows-"),
        "boxes": BOXES,
        "size": {"width": WIDTH, "height": HEIGHT},
        "organization": figures.organization(),
        "mirror": Mirror.objects.filter(enabled=True).first(),
        "workers": Worker.objects.all(),
        "github": settings.GITHUB_GIT_URL,
        "repositories": REPOSITORIES.of(request, figures.repositories(), "repositories-"),
        "accounts": ACCOUNTS.of(request, Credential.objects.select_related("holder"), "accounts-"),
        "service": figures.service(),
        "pipelines": PIPELINES.of(request, Pipeline.objects.filter(gone_at=None), "pipelines-"),
        "variables": VARIABLES.of(request, figures.variables(), "variables-"),
        "definitions": figures.definitions(),
        "machines": MACHINES.of(request, figures.machines(), "machines-"),
        "people": PEOPLE.of(request, Contact.objects.filter(active=True), "people-"),
        "house_rule": Credential.HOUSE_RULE,
        "migration": figures.migration(),
    }
