"""What people may ask of the list of pairs, and its columns; the URL holds it."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from agents.migration.figures import PairLine, pair_lines
from agents.migration.forms import DAYS
from agents.models import Build, Pair
from agents.models.builds import Provider
from flinkci_dashboard.web.filters import Choice, FilterForm, Text, contains, suggest
from flinkci_dashboard.web.tables import Column, Table

RECENT = timedelta(days=30)  # pairs whose branches are suggested


def _side(name: str, title: str) -> tuple[Column, ...]:
    def build(line: PairLine) -> Build:
        return getattr(line.pair, name)

    return (
        Column(name, title, lambda line: build(line).external_id),
        Column(f"{name}_result", "", lambda line: build(line).state),
        Column(f"{name}_seconds", "", lambda line: build(line).run_seconds),
        Column(f"{name}_url", "", lambda line: build(line).web_url),
    )


PAIRS = Table(
    "pairs",
    (
        Column("at", "Commit", lambda line: line.pair.at, "at", falling=True),
        Column("sha", "", lambda line: line.pair.sha),
        Column("branch", "", lambda line: line.pair.branch),
        Column("pull", "", lambda line: line.pair.pull_number or None),
        *_side("azure", str(Provider.AZURE.label)),
        *_side("actions", str(Provider.ACTIONS.label)),
        Column("in_fork", "", lambda line: line.pair.in_fork),
        Column("agreement", "Builds", lambda line: line.pair.agreement, "agreement"),
        Column("groups_differ", "Jobs", lambda line: line.pair.differed, "differed", falling=True),
        Column("groups_agree", "", lambda line: line.pair.agreed),
        Column(
            "groups_undecided", "No verdict", lambda line: line.pair.undecided, "undecided", falling=True, number=True
        ),
        Column("groups_unexplained", "", lambda line: line.pair.unexplained),
        Column("why", "", lambda line: "; ".join(f"{each.group.group}: {each.words}" for each in line.differing)),
    ),
    "-at",
    ties=("-at", "-id"),
    load=pair_lines,
    anchor="id",
    per_page=25,
)


class PairFilter(FilterForm):
    """The filter of the list of pairs."""

    of = Choice("Of", [("branch", "branches"), ("pull", "pull requests")], "everything")
    branch = Text("Branch")
    days = Choice("Seen in the last", DAYS.items(), "any time")
    agreement = Choice("Builds", Pair.Agreement.choices)
    groups = Choice("Jobs", [("differ", "some differ"), ("unexplained", "some differ, not explained")])

    def __init__(self, data: Mapping[str, Any]) -> None:
        super().__init__(data)
        suggest(self, "branch", _branches)

    def rows(self) -> QuerySet[Pair]:
        """Return the pairs that are asked for."""
        asked = self.asked()
        rows = Pair.objects.all()
        if of := asked.get("of"):
            rows = rows.filter(pull_number=0) if of == "branch" else rows.filter(pull_number__gt=0)
        if branch := asked.get("branch"):
            rows = rows.filter(contains(branch, "branch"))
        if days := asked.get("days"):
            rows = rows.filter(at__gt=timezone.now() - timedelta(days=int(days)))
        if agreement := asked.get("agreement"):
            rows = rows.filter(agreement=agreement)
        if groups := asked.get("groups"):
            rows = rows.filter(unexplained__gt=0) if groups == "unexplained" else rows.filter(differed__gt=0)
        return rows


def _branches() -> Iterable[str]:
    rows = Pair.objects.filter(at__gt=timezone.now() - RECENT).exclude(branch="")
    return rows.order_by("branch").values_list("branch", flat=True).distinct()
