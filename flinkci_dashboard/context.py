"""What every template may use."""

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from flinkci_dashboard.accounts.roles import ADMINISTER, may_administer

# Title, name of the address, and the permission that it takes to see it ("" for everybody who is signed in).
PAGES = (
    ("Overview", "overview", ""),
    ("Mirrors", "mirrors", ""),
    ("Pull requests", "pull_requests", ""),
    ("Builds", "builds", ""),
    ("Branches", "branches", ""),
    ("Agents", "agents", ""),
    ("Labels", "labels", ""),
    ("Contacts", "contacts", ""),
    ("Credentials", "credentials", "flinkci_dashboard.view_credential"),
    ("Activity", "activity", "flinkci_dashboard.view_auditevent"),
    ("Jobs", "jobs", ""),
    ("Admin", "admin:index", ADMINISTER),
)


@dataclass(frozen=True)
class Entry:
    """One entry of the navigation."""

    title: str
    url: str
    current: bool


def site(request: HttpRequest) -> dict[str, object]:
    """Return the facts that the frame around every page shows."""
    return {
        "observing": settings.SYNC_MODE == "observe",
        "navigation": navigation(request),
        "sign_out_url": _address("account_logout"),
    }


def navigation(request: HttpRequest) -> list[Entry]:
    """Return the pages that exist and that this person may see."""
    entries = []
    for title, name, permission in PAGES:
        url = _address(name)
        if url and _may_see(request, permission):
            here = request.path == url or (url != "/" and request.path.startswith(url))
            entries.append(Entry(title, url, here))
    return entries


def _may_see(request: HttpRequest, permission: str) -> bool:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return False
    if permission == ADMINISTER:
        return may_administer(user)
    return not permission or user.has_perm(permission)


def _address(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""
