"""Who can help with what, as a page and as files."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from flinkci_dashboard.accounts.contacts import FALLBACK
from flinkci_dashboard.models import Contact
from flinkci_dashboard.web.exports import Card, attachment, csv_text, vcard_text


@require_safe
def contacts(request: HttpRequest) -> HttpResponse:
    """List who can help with what."""
    return render(
        request, "accounts/contacts.html", {"contacts": Contact.objects.filter(active=True), "fallback": FALLBACK}
    )


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
