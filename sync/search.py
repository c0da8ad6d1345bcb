"""What the search finds of pull requests, their labels, and mirrored branches."""

import re
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.urls import reverse

from flinkci_dashboard.names import commits_from, is_commit
from flinkci_dashboard.web.filters import quoted
from flinkci_dashboard.web.search import MOST, Group, Hit
from sync.models import PullRequest

MAX_DIGITS = 9  # of a pull request's number
TICKET = re.compile(r"[A-Za-z]+-[0-9]+")
LOGIN = re.compile(r"[A-Za-z0-9-]{1,39}(\[bot\])?")  # GitHub's rule


def search(query: str) -> list[Group]:
    """Return pull requests by number, title, author, ticket or head, and labels of open ones by name."""
    return [_pulls(query), _labels(query)]


def _pulls(query: str) -> Group:
    rows = list(_matching(query).order_by("-number")[: MOST + 1])
    rows.sort(key=lambda row: (not _is_meant(row, query), -row.number))
    hits = [_hit(row, query) for row in rows[:MOST]]
    address = f"{reverse('pull_requests')}?{urlencode({'state': 'all', 'q': query})}"
    return Group("Pull requests", hits, address if len(rows) > MOST else "")


def _matching(query: str) -> QuerySet[PullRequest]:
    number, login = query.removeprefix("#"), query.removeprefix("@")
    found = Q(title__has=query)
    if TICKET.fullmatch(query):
        found |= Q(jira_key=query.upper())
    elif LOGIN.fullmatch(login):
        found |= Q(author__iexact=login)
    if number.isdecimal() and len(number) <= MAX_DIGITS:
        found |= Q(number=int(number))
    if is_commit(query):
        first, last = commits_from(query)
        found |= Q(head_sha__gte=first, head_sha__lt=last)
    return PullRequest.objects.filter(found)


def _is_meant(row: PullRequest, query: str) -> bool:
    return query.removeprefix("#") == str(row.number)


def _hit(row: PullRequest, query: str) -> Hit:
    url = reverse("pull_request", args=[row.number])
    state = row.get_state_display() if row.state != PullRequest.State.OPEN else row.get_ci_state_display()
    note = ", ".join(filter(None, (row.author, state.lower())))
    return Hit(f"#{row.number} {row.title}", url, note, exact=_is_meant(row, query))


def _labels(query: str) -> Group:
    rows = PullRequest.objects.filter(state=PullRequest.State.OPEN, labels__icontains=query)
    names = {name for labels in rows.values_list("labels", flat=True) for name in labels}
    meant = sorted(name for name in names if query.lower() in name.lower())
    address = reverse("pull_requests")
    return Group("Labels", [Hit(name, f"{address}?{urlencode({'label': quoted(name)})}") for name in meant[:MOST]])
