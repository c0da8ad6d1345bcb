"""What every template may use."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject

from flinkci_dashboard.accounts.mail import sends_mail
from flinkci_dashboard.accounts.middleware import lacks_second_factor
from flinkci_dashboard.accounts.roles import ADMINISTER, may_administer
from flinkci_dashboard.alerts.standing import Standing, standing_for
from flinkci_dashboard.jobs.modes import observing
from flinkci_dashboard.models import JobSchedule

# Title, name of the address, its key after g, and the permission that it takes to see it ("": to be signed in).
PAGES = (
    ("Overview", "overview", "o", ""),
    ("Mirrors", "mirrors", "m", ""),
    ("Pull requests", "pull_requests", "p", ""),
    ("Builds", "builds", "b", ""),
    ("Branches", "branches", "r", ""),
    ("Failures", "failures", "f", ""),
    ("Migration", "migration", "n", ""),
    ("Agents", "agents", "a", ""),
    ("Labels", "labels", "l", ""),
    ("Alerts", "alerts", "w", ""),
    ("Contacts", "contacts", "c", ""),
    ("Credentials", "credentials", "k", "flinkci_dashboard.view_credential"),
    ("Activity", "activity", "y", "flinkci_dashboard.view_auditevent"),
    ("Jobs", "jobs", "j", ""),
    ("Infrastructure", "infrastructure", "i", ""),
    ("Help", "help", "h", ""),
    ("Admin", "admin:index", "d", ADMINISTER),
)

# What the browser's tab shows while not all is well; `site.js` keeps it true.
MARKS = {"bad": "✕ ", "warn": "! "}
ICONS = {"bad": "icon-bad.svg", "warn": "icon-warn.svg"}


@dataclass(frozen=True)
class Entry:
    """One entry of the navigation."""

    title: str
    url: str
    key: str  # after g, it leads there
    current: bool


def site(request: HttpRequest) -> dict[str, object]:
    """Return the facts that the frame around every page shows."""
    found: Any = SimpleLazyObject(lambda: standing_for(request))
    return {
        "frame_standing": found,
        "standing_mark": SimpleLazyObject(lambda: _shown(request, MARKS, found)),
        "standing_icon": SimpleLazyObject(lambda: _shown(request, ICONS, found) or "icon.svg"),
        "observing": observing(),
        "intervals": SimpleLazyObject(lambda: dict(JobSchedule.objects.values_list("job", "interval"))),
        "navigation": navigation(request),
        "mail_is_sent": sends_mail(),
        "sign_out_url": _address("account_logout"),
    }


def _shown(request: HttpRequest, of: Mapping[str, str], found: Standing) -> str:
    """Return the mark or icon of how it stands, for those who are signed in."""
    user = getattr(request, "user", None)
    return of.get(found.state, "") if user is not None and user.is_authenticated else ""


def navigation(request: HttpRequest) -> list[Entry]:
    """Return the pages that exist and that this person may see: none before a second factor that is due is set up."""
    if not hasattr(request, "user") or lacks_second_factor(request):
        return []
    entries = []
    for title, name, key, permission in PAGES:
        url = _address(name)
        if url and _may_see(request, permission):
            here = request.path.startswith(url) or (request.path == "/" and name == "overview")
            entries.append(Entry(title, url, key, here))
    return entries


def _may_see(request: HttpRequest, permission: str) -> bool:
    if not request.user.is_authenticated:
        return False
    if permission == ADMINISTER:
        return may_administer(request.user)
    return not permission or request.user.has_perm(permission)


def _address(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""
