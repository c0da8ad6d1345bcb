"""Contacts and credentials: who can help, and which key runs out when."""

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db.models import Count, Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from flinkci_dashboard import audit, jobs
from flinkci_dashboard.accounts.roles import signed_in
from flinkci_dashboard.exports import Card, csv_text, vcard_text
from flinkci_dashboard.live import Context, live
from flinkci_dashboard.models import Contact, Credential, Exposure, StoredValue
from flinkci_dashboard.people import OPERATE, credential_lines
from flinkci_dashboard.views_activity import attachment


@require_safe
def contacts(request: HttpRequest) -> HttpResponse:
    """List who can help with what."""
    return render(request, "people/contacts.html", {"contacts": Contact.objects.filter(active=True)})


@require_safe
def contacts_csv(request: HttpRequest) -> HttpResponse:
    """Give the active contacts as CSV."""
    header = ["name", "roles", "organization", "helps with", "github", "mail", "mailing list", "time zone"]
    rows = [
        [c.name, c.roles, c.organization, "; ".join(c.area_labels), c.github, c.email, c.mailing_list, c.time_zone]
        for c in Contact.objects.filter(active=True)
    ]
    return attachment(csv_text(header, rows), "text/csv", "contacts", "csv", timezone.now())


@require_safe
def contacts_vcard(request: HttpRequest) -> HttpResponse:
    """Give the active contacts as vCards."""
    cards = [
        Card(
            name=contact.name,
            organization=contact.organization,
            roles=contact.roles,
            email=contact.email or contact.mailing_list,
            time_zone=contact.time_zone,
            url=f"https://github.com/{contact.github}" if contact.github else "",
            note=f"Apache Flink CI. Helps with: {', '.join(contact.area_labels)}" if contact.areas else "",
        )
        for contact in Contact.objects.filter(active=True)
    ]
    return attachment(vcard_text(cards), "text/vcard", "contacts", "vcf", timezone.now())


def latest_news(request: HttpRequest) -> object:
    """Return what changes whenever the page would."""
    probed = Credential.objects.aggregate(last=Max("probed_at"), count=Count("pk"))
    stored = StoredValue.objects.aggregate(last=Max("stored_at"), count=Count("pk"))
    return probed, stored, Exposure.objects.aggregate(last=Max("checked_at"))


@require_safe
@permission_required("flinkci_dashboard.view_credential", raise_exception=True)
@live("people/credentials.html", "people/_credentials.html", version=latest_news)
def credentials(request: HttpRequest) -> Context:
    """List every key with its countdown, and what the exposure check found."""
    return {
        "lines": credential_lines(timezone.now()),
        "exposures": Exposure.objects.all(),
        "house_rule": Credential.HOUSE_RULE,
    }


@require_POST
@permission_required(OPERATE, raise_exception=True)
def probe(request: HttpRequest) -> HttpResponse:
    """Ask for both daily looks now."""
    for job in ("probe_credentials", "check_exposure"):
        jobs.request(job, signed_in(request))
        audit.record(request, "run", job)
    messages.success(request, "Asked for. The answers stand here within a minute.")
    return redirect("credentials")
