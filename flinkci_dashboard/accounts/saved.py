"""Views that members save of lists: kept under a name, and one of them the start page."""

from django.contrib.auth.models import User
from django.db import transaction
from django.http import QueryDict

from flinkci_dashboard.models import SavedView

# Lists of which views can be saved: the name of the address, its title, and the permission that it takes ("": none).
LISTS = {
    "pull_requests": ("Pull requests", ""),
    "builds": ("Builds", ""),
    "agents": ("Agents", ""),
    "failures": ("Failures", ""),
    "labels": ("Labels", ""),
    "mirrors": ("Mirrors", ""),
    "migration": ("Migration", ""),
    "alerts": ("Alerts", ""),
    "contacts": ("Contacts", ""),
    "jobs": ("Jobs", ""),
    "orphans": ("Branches without a pull request", ""),
    "credentials": ("Credentials", "flinkci_dashboard.view_credential"),
    "activity": ("Activity", "flinkci_dashboard.view_auditevent"),
}
PLACE = ("page", "upto", "format", "table")  # what is no part of a view, of whichever table of the page
MAX_VIEWS, MAX_NAME, MAX_QUERY = 50, 60, 2000


class SavedViewError(Exception):
    """A view can't be saved; the message says why."""


def canonical(query: str) -> str:
    """Return the query of an address without place and empty values, in one order: what tells views apart."""
    asked = QueryDict(query).items()
    return _query({name: str(value) for name, value in asked if value and name.rpartition("-")[2] not in PLACE})


def views_of(member: User, page: str) -> list[SavedView]:
    """Return the views that a member has saved of a list."""
    return list(SavedView.objects.filter(member=member, page=page))


def save_view(member: User, page: str, name: str, query: str, start: bool = False) -> SavedView:
    """Keep a view; one of the same list and name is replaced. Raises SavedViewError."""
    name, query = _checked_name(name), canonical(query)
    if page not in LISTS:
        raise SavedViewError("Of this page no view can be saved.")
    if len(query) > MAX_QUERY or "%00" in query:
        raise SavedViewError("This filter is too long to be saved.")
    others = SavedView.objects.filter(member=member).exclude(page=page, name=name)
    if others.count() >= MAX_VIEWS:
        raise SavedViewError(f"You have {MAX_VIEWS} views: delete one first.")
    with transaction.atomic():
        view, _ = SavedView.objects.update_or_create(member=member, page=page, name=name, defaults={"query": query})
        if start:
            start_with(view)
    return view


def rename(view: SavedView, name: str) -> None:
    """Give a view another name. Raises SavedViewError."""
    view.name = _checked_name(name)
    if SavedView.objects.filter(member=view.member, page=view.page, name=view.name).exclude(pk=view.pk).exists():
        raise SavedViewError(f"Another view of this list is called “{view.name}”.")
    view.save(update_fields=["name"])


@transaction.atomic
def start_with(view: SavedView, start: bool = True) -> None:
    """Make a view what its member sees first, or no longer."""
    SavedView.objects.filter(member=view.member, start=True).update(start=False)
    view.start = start
    view.save(update_fields=["start"])


def start_page(member: User) -> str:
    """Return the address of what a member wants to see first; "" is the overview."""
    view = SavedView.objects.filter(member=member, start=True).first()
    if view is None or view.page not in LISTS:
        return ""
    permission = LISTS[view.page][1]
    return view.url if not permission or member.has_perm(permission) else ""


def _checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > MAX_NAME or "\0" in name:
        raise SavedViewError(f"Give the view a name of at most {MAX_NAME} characters.")
    return name


def _query(values: dict[str, str]) -> str:
    found = QueryDict(mutable=True)
    for name in sorted(values):
        found[name] = values[name]
    return found.urlencode()
