"""Tags about contacts, and the pages of one's own account."""

from collections.abc import Iterable
from typing import Any

from django import template
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from flinkci_dashboard.accounts.contacts import FALLBACK
from flinkci_dashboard.accounts.contacts import whom_to_ask as find
from flinkci_dashboard.accounts.middleware import OPEN, lacks_second_factor
from flinkci_dashboard.models import Contact

ACCOUNT_PAGES = (
    ("mfa_index", "Second factor"),
    ("account_change_password", "Password"),
    ("usersessions_list", "Sessions"),
    ("socialaccount_connections", "GitHub"),
    ("account_email", "Mail address"),
    ("saved_views", "Saved views"),
    ("api_tokens", "API tokens"),
)

register = template.Library()


@register.inclusion_tag("accounts/_whom_to_ask.html")
def whom_to_ask(area: str) -> dict[str, object]:
    """Name the contacts who can help with what a page shows; `area` is a value of `models.Area`."""
    contacts = find(area)
    return {"contacts": contacts, "fallback": "" if any(each.reachable for each in contacts) else FALLBACK}


@register.simple_tag
def asked(contacts: Iterable[Contact]) -> SafeString:
    """Say whom to ask after a sentence: ": ask Ada or Li", each a link; nothing where nobody is known."""
    pairs = [(f"{reverse('contacts')}#contact-{each.pk}", each.name) for each in contacts]
    links = format_html_join(" or ", '<a href="{}">{}</a>', pairs)
    return format_html(": ask {}", links) if pairs else links


@register.simple_tag(takes_context=True)
def account_pages(context: dict) -> list[dict[str, object]]:
    """List the pages of one's own account that are open now: address, title, and whether this is the one shown."""
    request: HttpRequest = context["request"]
    found = []
    closed = lacks_second_factor(request)
    for name, title in ACCOUNT_PAGES:
        if closed and not OPEN.match(name):
            continue
        url = reverse(name)
        found.append({"url": url, "title": title, "current": request.path.startswith(url)})
    return found


@register.simple_tag
def button_attributes(told: dict[str, Any]) -> SafeString:
    """Write the attributes of one of django-allauth's buttons: its tags say how it looks."""
    tags = set(told.get("tags", []))
    look = "primary"
    if tags & {"delete", "danger"}:
        look = "danger"
    elif tags & {"outline", "cancel"}:
        look = ""
    kept = {name: told.get(name) for name in ("form", "id", "name", "value", "type")}
    return format_html_join(" ", '{}="{}"', (item for item in ({"class": look} | kept).items() if item[1] is not None))
