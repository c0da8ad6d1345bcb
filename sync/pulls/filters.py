"""What people may ask of the list of pull requests, and its columns; the URL holds it."""

import json
from collections.abc import Iterable
from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.utils import timezone

from flinkci_dashboard.web.filters import contains, suggest, unquoted
from flinkci_dashboard.web.tables import Column, Table
from sync.models import PullRequest
from sync.pulls.figures import load_rows
from sync.pulls.values import Waiting

ME = "@me"  # as an author: whoever reads, by the linked GitHub account
WAITING = {
    Waiting.PUSH: "its push",
    Waiting.APPROVAL: "approval",
    Waiting.BLOCKED: "blocked",
    Waiting.REFUSED: "refused, tried again",
    Waiting.BUILD: "a build to appear",
    Waiting.AGENT: "an agent",
    Waiting.RUNNING: "its build, running",
    Waiting.CANCELLING: "its build, cancelling",
    Waiting.FAILED: "nothing: it failed",
    Waiting.CANCELED: "nothing: it was canceled",
    Waiting.PASSED: "nothing: it succeeded",
}
PULLS = Table(
    "pulls",
    (
        Column("number", "Pull request", lambda row: row.pull.number, "number", falling=True),
        Column("title", "", lambda row: row.pull.title),
        Column("state", "", lambda row: row.pull.state),
        Column("draft", "", lambda row: row.pull.draft),
        Column("base", "", lambda row: row.pull.base),
        Column("ticket", "", lambda row: row.pull.jira_key),
        Column("labels", "", lambda row: row.pull.labels),
        Column("ci", "CI", lambda row: row.pull.ci_state, "ci_state"),
        Column("why", "Why it is where it is", lambda row: row.why.at(timezone.now()), "why_since", nullable=True),
        Column("since", "", lambda row: row.pull.why_since),
        Column("author", "Author", lambda row: row.pull.author, "author"),
        Column("updated", "Updated", lambda row: row.pull.updated_at, "updated_at", falling=True),
        Column("head", "", lambda row: row.pull.head_sha),
    ),
    "-number",
    ties=("-number",),
    load=load_rows,
    anchor="number",
)
ORPHANS = Table(
    "branches-without-a-pull-request",
    (
        Column("branch", "Branch", lambda row: row.name, "name"),
        Column("tip", "Stands at", lambda row: row.tip),
        Column("seen", "Seen", lambda row: row.seen_at, "seen_at", falling=True),
        Column("act", "(Act)"),
    ),
    ties=("number", "seen_at"),
)


class PullFilter(django_filters.FilterSet):
    """State (open unless told otherwise), CI, what it waits for, author, label, ticket, text."""

    state = django_filters.ChoiceFilter(
        label="State", empty_label=None, method="by_state", choices=[*PullRequest.State.choices, ("all", "All")]
    )
    ci = django_filters.ChoiceFilter("ci_state", label="CI", empty_label="any", choices=PullRequest.CIState.choices[1:])
    waiting = django_filters.ChoiceFilter(label="Waits for", empty_label="any", choices=list(WAITING.items()))
    author = django_filters.CharFilter(label="Author", method="by_author")
    label = django_filters.CharFilter(label="Label", method="by_label")
    ticket = django_filters.CharFilter("jira_key", label="Ticket", method="by_field")
    q = django_filters.CharFilter(label="Title or number", method="by_text")

    class Meta:
        model = PullRequest
        fields: list[str] = []

    def __init__(self, data: Any, rows: QuerySet[PullRequest], own: Iterable[str] = ()) -> None:
        super().__init__(data, rows)
        self.own = list(own)
        suggest(self.form, "author", _authors)
        suggest(self.form, "label", _labels)

    def by_state(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        """Keep one state, or all."""
        return rows if value == "all" else rows.filter(state=value)

    def by_author(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        """Keep those whose author's login contains a text, or the reader's own."""
        if value != ME:
            return rows.filter(contains(value, name))
        own = Q(pk__in=[])
        for login in self.own:
            own |= Q(author__iexact=login)
        return rows.filter(own)

    def by_label(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        """Keep those that carry a label whose name contains a text."""
        text, exact = unquoted(value)
        return with_label(rows, text) if exact else rows.filter(labels__icontains=json.dumps(text)[1:-1])

    def by_field(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        """Keep those where a field contains a text."""
        return rows.filter(contains(value, name))

    def by_text(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        """Look in the title, and for the number."""
        return with_text(rows, value)


def with_label(rows: QuerySet[PullRequest], name: str) -> QuerySet[PullRequest]:
    """Keep the pull requests that carry a label of exactly this name; case does not matter, as on GitHub."""
    return rows.filter(labels__icontains=json.dumps(name))


def with_text(rows: QuerySet[PullRequest], text: str) -> QuerySet[PullRequest]:
    """Keep those whose title contains a text, or that have it as their number."""
    number = text.strip().removeprefix("#")
    titled = Q(title__has=text)
    return rows.filter(titled | Q(number=int(number)) if number.isdecimal() and len(number) < 10 else titled)


def _open() -> QuerySet[PullRequest]:
    return PullRequest.objects.filter(state=PullRequest.State.OPEN)


def _authors() -> Iterable[str]:
    return _open().exclude(author="").order_by("author").values_list("author", flat=True).distinct()


def _labels() -> Iterable[str]:
    return sorted({name for names in _open().values_list("labels", flat=True) for name in names})
