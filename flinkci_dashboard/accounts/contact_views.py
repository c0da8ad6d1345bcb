"""Who can help with what, as a page and as files."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe

from flinkci_dashboard.accounts.contacts import FALLBACK
from flinkci_dashboard.models import Contact
from flinkci_dashboard.web.exports import Card, attachment, vcard_text
from flinkci_dashboard.web.live import page_or_file
from flinkci_dashboard.web.tables import Column, Table

CONTACTS = Table(
    "contacts",
    (
        Column("name", "Name", lambda contact: contact.name, "name"),
        Column("roles", "Role", lambda contact: contact.roles, "roles"),
        Column("organization", "", lambda contact: contact.organization),
        Column("helps_with", "Helps with", lambda contact: contact.area_labels),
        Column("reach", "Reach"),
        Column("github", "", lambda contact: contact.github),
        Column("mail", "", lambda contact: contact.email),
        Column("mailing_list", "", lambda contact: contact.mailing_list),
        Column("time_zone", "", lambda contact: contact.time_zone),
    ),
    "name",
)


@require_safe
def contacts(request: HttpRequest, kind: str = "") -> HttpResponseBase:
    """List who can help with what."""
    table = CONTACTS.of(request, Contact.objects.filter(active=True))
    return page_or_file(request, "accounts/contacts.html", {"table": table, "fallback": FALLBACK}, kind)


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
