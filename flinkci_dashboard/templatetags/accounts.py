"""Tags about contacts, and the pages of one's own account."""

from django import template
from django.http import HttpRequest
from django.urls import reverse

from flinkci_dashboard.accounts.contacts import FALLBACK
from flinkci_dashboard.accounts.contacts import whom_to_ask as find
from flinkci_dashboard.accounts.middleware import OPEN, lacks_second_factor

ACCOUNT_PAGES = (
    ("mfa_index", "Second factor"),
    ("account_change_password", "Password"),
    ("usersessions_list", "Sessions"),
    ("socialaccount_connections", "GitHub"),
    ("account_email", "Mail address"),
    ("api_tokens", "API tokens"),
)

register = template.Library()


@register.inclusion_tag("accounts/_whom_to_ask.html")
def whom_to_ask(area: str) -> dict[str, object]:
    """Name the contacts who can help with what a page shows; `area` is a value of `models.Area`."""
    contacts = find(area)
    return {"contacts": contacts, "fallback": "" if any(each.reachable for each in contacts) else FALLBACK}


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
