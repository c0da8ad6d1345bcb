"""What people may ask of the list of pull requests; the URL holds it."""

import json

import django_filters
from django.db.models import Q, QuerySet

from sync.models import PullRequest
from sync.pulls.values import Waiting

SORTS = {
    "newest": ("-number", "newest first"),
    "updated": ("-updated_at", "last updated first"),
    "waiting": ("why_since", "longest in its state first"),
    "oldest": ("number", "oldest first"),
}
WAITING = {
    Waiting.PUSH: "its push",
    Waiting.BLOCKED: "blocked",
    Waiting.REFUSED: "refused, tried again",
    Waiting.BUILD: "a build to appear",
    Waiting.AGENT: "an agent",
    Waiting.RUNNING: "its build, running",
    Waiting.CANCELLING: "its build, cancelling",
    Waiting.FAILED: "nothing: it failed",
    Waiting.CANCELED: "nothing: it was canceled",
    Waiting.PASSED: "nothing: it passed",
}


class PullFilter(django_filters.FilterSet):
    """State (open unless told otherwise), CI, what it waits for, author, label, ticket, text, and the order."""

    state = django_filters.ChoiceFilter(
        label="State", empty_label=None, method="by_state", choices=[*PullRequest.State.choices, ("all", "All")]
    )
    ci = django_filters.ChoiceFilter("ci_state", label="CI", empty_label="any", choices=PullRequest.CIState.choices[1:])
    waiting = django_filters.ChoiceFilter(label="Waits for", empty_label="any", choices=list(WAITING.items()))
    author = django_filters.CharFilter(label="Author", lookup_expr="iexact")
    label = django_filters.CharFilter(label="Label", method="by_label")
    ticket = django_filters.CharFilter("jira_key", label="Ticket", lookup_expr="iexact")
    q = django_filters.CharFilter(label="Title or number", method="by_text")
    sort = django_filters.ChoiceFilter(
        label="Order", empty_label=None, method="in_order", choices=[(key, text) for key, (_, text) in SORTS.items()]
    )

    class Meta:
        model = PullRequest
        fields: list[str] = []

    def by_state(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        """Keep one state, or all."""
        return rows if value == "all" else rows.filter(state=value)

    def by_label(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        """Keep those that carry a label of exactly this name."""
        return with_label(rows, value)

    def by_text(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        """Look in the title, and for the number."""
        return with_text(rows, value)

    def in_order(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        """Sort; the number breaks ties, so that pages do not overlap."""
        return rows.order_by(SORTS[value][0], "-number")


def with_label(rows: QuerySet[PullRequest], name: str) -> QuerySet[PullRequest]:
    """Keep the pull requests that carry a label of exactly this name; case does not matter, as on GitHub."""
    return rows.filter(labels__icontains=json.dumps(name))


def with_text(rows: QuerySet[PullRequest], text: str) -> QuerySet[PullRequest]:
    """Keep those whose title contains a text, or that have it as their number."""
    number = text.strip().removeprefix("#")
    titled = Q(title__icontains=text)
    return rows.filter(titled | Q(number=int(number)) if number.isdecimal() and len(number) < 10 else titled)
