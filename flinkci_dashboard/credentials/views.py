"""The credentials page."""

from django.db.models import Count, Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from flinkci_dashboard import jobs
from flinkci_dashboard.accounts import audit
from flinkci_dashboard.accounts.roles import OPERATE, needs, signed_in
from flinkci_dashboard.credentials.figures import credential_lines
from flinkci_dashboard.credentials.lists import CREDENTIALS, EXPOSURES
from flinkci_dashboard.jobs.asked import promise
from flinkci_dashboard.models import Credential, Exposure, StoredValue
from flinkci_dashboard.parts import parts
from flinkci_dashboard.web.live import Context, live


def latest_news(request: HttpRequest) -> object:
    """Return what changes whenever the page would."""
    probed = Credential.objects.aggregate(last=Max("probed_at"), count=Count("pk"))
    stored = StoredValue.objects.aggregate(last=Max("stored_at"), count=Count("pk"))
    return probed, stored, Exposure.objects.aggregate(last=Max("checked_at")), missing_rights()


def missing_rights() -> list[str]:
    """Return what the apps' jobs do without, for want of a right, in their own words."""
    return [note for part in parts("missing_rights") for note in part.notes()]


@require_safe
@needs("flinkci_dashboard.view_credential")
@live("credentials/credentials.html", "credentials/_credentials.html", version=latest_news)
def credentials(request: HttpRequest) -> Context:
    """List every key with its countdown, and what the exposure check found."""
    return {
        "table": CREDENTIALS.of(request, credential_lines(timezone.now())),
        "missing_rights": missing_rights(),
        "exposures": EXPOSURES.of(request, Exposure.objects.all(), "exposure-"),
        "house_rule": Credential.HOUSE_RULE,
    }


@require_POST
@needs(OPERATE)
def probe(request: HttpRequest) -> HttpResponse:
    """Ask for both daily looks now."""
    for job in ("probe_credentials", "check_exposure"):
        jobs.request(job, signed_in(request))
        audit.record(request, "run", job)
    promise(request, "probe_credentials", "Asked for", "the answers stand here within a minute")
    return redirect("credentials")
