"""What people may ask of the builds' list, and its columns; the URL holds it."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from django.db.models import F, QuerySet
from django.utils import timezone

from agents.models import Build, Host
from agents.models.builds import Provider, Result, Status
from flinkci_dashboard.web.filters import Choice, FilterForm, Text, contains, suggest
from flinkci_dashboard.web.tables import Column, Table

RECENT, NEWEST = timedelta(days=60), 2000  # builds whose branches and pipelines are suggested
WAITS = [(value, label) for value, label in Status.choices if value != Status.FINISHED]
ENDS = [(value, label) for value, label in Result.choices if value]
RAN = F("finished_at") - F("started_at")
BUILDS = Table(
    "builds",
    (
        Column("id", "Build", lambda build: build.external_id),
        Column("number", "", lambda build: build.number),
        Column("provider", "", lambda build: build.provider),
        Column("pipeline", "", lambda build: build.definition),
        Column("result", "Result", lambda build: build.state, "result"),
        Column("attempt", "", lambda build: build.attempt),
        Column("failed_jobs", "", lambda build: build.failed_jobs),
        Column("failed_tests", "", lambda build: build.failed_tests),
        Column("branch", "Of", lambda build: build.branch, "branch"),
        Column("pull", "", lambda build: build.pull_number),
        Column("commit", "", lambda build: build.version),
        Column("message", "", lambda build: build.message),
        Column("reason", "Reason", lambda build: build.reason, "reason"),
        Column("queued", "Queued", lambda build: build.queued_at, "queued_at", falling=True),
        Column("started", "", lambda build: build.started_at),
        Column("finished", "", lambda build: build.finished_at),
        Column("ran_seconds", "Ran", lambda build: build.run_seconds, RAN, True, nullable=True, number=True),
        Column("hosts", "", lambda build: build.hosts),
        Column("url", "", lambda build: build.web_url),
    ),
    "-queued",
    ties=("-queued_at", "-id"),
    anchor="queued_at",
)


class BuildFilter(FilterForm):
    """The filter of the builds' list."""

    scope = Choice("Of", Build.Scope.choices, "everything")
    branch = Text("Branch")
    state = Choice("Result", [*WAITS, *ENDS])
    reason = Choice("Reason", Build.Reason.choices)
    host = Choice("Host", [choice for choice in Host.choices if choice[0]])
    provider = Choice("Service", Provider.choices)
    definition = Text("Pipeline")

    def __init__(self, data: Mapping[str, Any]) -> None:
        super().__init__(data)
        suggest(self, "branch", lambda: _recent("branch", scope=Build.Scope.BRANCH))
        suggest(self, "definition", lambda: _recent("definition"))

    def rows(self) -> QuerySet[Build]:
        """Return the builds that are asked for."""
        asked = self.asked()
        builds = Build.objects.filter(queued_at__isnull=False)
        for name in asked.keys() & {"branch", "definition"}:
            builds = builds.filter(contains(asked[name], name))
        for name in asked.keys() & {"reason", "scope", "provider"}:
            builds = builds.filter(**{name: asked[name]})
        if state := asked.get("state"):
            builds = builds.filter(**{"status" if state in dict(WAITS) else "result": state})
        return builds.filter(hosts__contains=asked["host"]) if "host" in asked else builds


def _recent(name: str, **of: str) -> Iterable[str]:
    """Return what the newest builds have there: to look through all of a month's takes longer than the page."""
    rows = Build.objects.filter(queued_at__gt=timezone.now() - RECENT, **of).order_by("-queued_at")
    return sorted(set(rows.values_list(name, flat=True)[:NEWEST]) - {""})
