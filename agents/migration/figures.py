"""What the pages about the migration show: pairs, and how they went over time."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import TruncDate

from agents.charts.arithmetic import DAY, midnight, percentile
from agents.charts.drawing import Chart, Series, line_chart, percent
from agents.failures.match import name_of
from agents.migration.evidence import Fault, Ruling, Seen, rulings
from agents.migration.reasons import WORDS, Why
from agents.models import Failure, Pair, PairGroup
from agents.models.builds import Provider

SHOWN = 30  # differences that are judged, on the page
SIDES = (Provider.AZURE, Provider.ACTIONS)
GROUP_FIELDS = (
    *("pair_id", "group", "at", "agreement", "why", "pair__branch", "pair__pull_number"),
    *("azure", "azure_wait", "azure_seconds", "azure_flaked"),
    *("actions", "actions_wait", "actions_seconds", "actions_flaked"),
)


@dataclass(frozen=True)
class GroupLine:
    """A group of jobs of a pair, on the page."""

    group: PairGroup
    words: str  # why they differ
    tests: list[tuple[str, str, str]]  # the service, a test that failed there, and the ticket that knows it


@dataclass(frozen=True)
class PairLine:
    """A pair on the page, with the groups that differ."""

    pair: Pair
    differing: list[GroupLine]

    @property
    def decided(self) -> int:
        """Return of how many groups both said something."""
        return self.pair.agreed + self.pair.differed


@dataclass(frozen=True)
class SideFigures:
    """How one service did. Times are seconds."""

    title: str
    wait_p50: float | None
    wait_p90: float | None
    seconds_p50: float | None
    seconds_p90: float | None
    flaked: float | None  # share of the builds in which an attempt failed and a later one passed
    false_red: int = 0
    false_green: int = 0
    after_p50: float | None = None  # to the first verdict
    after_p90: float | None = None


@dataclass(frozen=True)
class GroupFigures:
    """How a group of jobs did on both."""

    group: str
    agreed: int
    differed: int
    undecided: int
    sides: list[SideFigures]

    @property
    def share(self) -> float | None:
        """Return the share of agreement."""
        return _share(self.agreed, self.differed)


@dataclass(frozen=True)
class OverTime:
    """How pairs went in some days."""

    chart: Chart
    groups: list[GroupFigures]
    whole: list[SideFigures]
    rulings: list[Ruling]
    open: int  # differences that nothing has settled


def filtered(asked: dict[str, Any]) -> QuerySet[Pair]:
    """Return the pairs that somebody asks for, the newest first."""
    rows = Pair.objects.select_related("azure", "actions").order_by("-at", "-id")
    if branch := asked.get("branch"):
        rows = rows.filter(branch=branch)
    if of := asked.get("of"):
        rows = rows.filter(pull_number=0) if of == "branch" else rows.filter(pull_number__gt=0)
    if agreement := asked.get("agreement"):
        rows = rows.filter(agreement=agreement)
    if why := asked.get("groups"):
        rows = rows.filter(unexplained__gt=0) if why == "unexplained" else rows.filter(differed__gt=0)
    return rows


def pair_lines(pairs: Sequence[Pair]) -> list[PairLine]:
    """Return lines of pairs: two queries."""
    groups: dict[int, list[PairGroup]] = defaultdict(list)
    differing = PairGroup.objects.filter(pair__in=pairs, agreement=Pair.Agreement.DIFFER).order_by("order")
    rows = list(differing)
    tickets = _tickets(rows)
    for row in rows:
        groups[row.pair_id].append(row)
    return [PairLine(pair, [_line(row, tickets) for row in groups[pair.pk]]) for pair in pairs]


def group_lines(pair: Pair) -> list[GroupLine]:
    """Return all groups of a pair: two queries."""
    rows = list(pair.groups.order_by("order"))
    tickets = _tickets(rows)
    return [_line(row, tickets) for row in rows]


def summary(since: datetime) -> dict[str, Any]:
    """Count pairs, and the groups of jobs that agree: one query."""
    decided = Count("pk", filter=~Q(agreement=Pair.Agreement.NONE))
    sums = {"agreed": Sum("agreed", default=0), "differed": Sum("differed", default=0)}
    found = Pair.objects.filter(at__gt=since).aggregate(pairs=Count("pk"), decided=decided, **sums)
    return found | {"share": _share(found["agreed"], found["differed"])}


def over_time(since: datetime, now: datetime) -> OverTime:
    """Return how pairs went since a day: three queries."""
    rows = [dict(zip(GROUP_FIELDS, row, strict=True)) for row in _groups_since(since)]
    found = rulings(_seen(row) for row in rows)
    by_group: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        by_group[row["group"]].append(row)
    groups = [_group_figures(name, of_group) for name, of_group in by_group.items()]
    return OverTime(
        chart=_chart(since, now),
        groups=sorted(groups, key=lambda each: (-each.differed, each.group)),
        whole=_whole(since, rows, found),
        rulings=found[:SHOWN],
        open=sum(each.fault is Fault.OPEN for each in found),
    )


def _groups_since(since: datetime) -> QuerySet:
    return PairGroup.objects.filter(at__gt=since, both=True).values_list(*GROUP_FIELDS)


def _seen(row: dict[str, Any]) -> Seen:
    of = f"#{row['pair__pull_number']}" if row["pair__pull_number"] else row["pair__branch"]
    facts = (row["at"], row["azure"], row["actions"], row["agreement"], tuple(row["why"]))
    return Seen(row["pair_id"], of, row["group"], *facts)


def _group_figures(name: str, rows: Sequence[dict[str, Any]]) -> GroupFigures:
    agreed, differed, undecided = (sum(row["agreement"] == each for row in rows) for each in Pair.Agreement)
    return GroupFigures(name, agreed, differed, undecided, [_side(side, rows) for side in SIDES])


def _side(side: Provider, rows: Iterable[dict[str, Any]], **more: Any) -> SideFigures:
    said = [row for row in rows if row[side] != "none"]
    waits = [row[f"{side}_wait"] for row in said if row[f"{side}_wait"] is not None]
    worked = [row[f"{side}_seconds"] for row in said if row[f"{side}_seconds"] is not None]
    flaked = sum(row[f"{side}_flaked"] for row in said)
    times = (percentile(waits, 0.5), percentile(waits, 0.9), percentile(worked, 0.5), percentile(worked, 0.9))
    return SideFigures(side.label, *times, flaked=flaked / len(said) if said else None, **more)


def _whole(since: datetime, rows: Sequence[dict[str, Any]], found: Sequence[Ruling]) -> list[SideFigures]:
    after = list(Pair.objects.filter(at__gt=since).values_list("azure_after", "actions_after"))
    sides = []
    for place, side in enumerate(SIDES):
        known = [seconds for row in after if (seconds := row[place]) is not None]
        of_side = [each.fault for each in found if each.side == side]
        more = {"after_p50": percentile(known, 0.5), "after_p90": percentile(known, 0.9)}
        more |= {"false_red": of_side.count(Fault.FALSE_RED), "false_green": of_side.count(Fault.FALSE_GREEN)}
        sides.append(_side(side, rows, **more))
    return sides


def _chart(since: datetime, now: datetime) -> Chart:
    days = [midnight(since.date()) + n * DAY for n in range((now - since) // timedelta(days=1) + 2)]
    daily = Pair.objects.filter(at__gte=days[0]).annotate(day=TruncDate("at")).order_by().values("day")
    sums = daily.annotate(agreed_sum=Sum("agreed"), differed_sum=Sum("differed"))
    shares = {row["day"]: _share(row["agreed_sum"], row["differed_sum"]) for row in sums}
    points = tuple((day, shares.get(day.date())) for day in days if day <= now)
    note = "Groups of jobs that said the same on both services, of those with a verdict on both."
    return line_chart("agreement", "Agreement", note, [Series("agreement", "one", points)], percent, lambda _: 1.0)


def _share(agreed: int, differed: int) -> float | None:
    return agreed / (agreed + differed) if agreed + differed else None


def _line(row: PairGroup, tickets: dict[str, str]) -> GroupLine:
    tests = [(side, test, tickets.get(test, "")) for side, names in row.tests.items() for test in names]
    words = ", ".join(WORDS[Why(each)] for each in row.why)
    return GroupLine(row, words, [(str(Provider(side).label), test, ticket) for side, test, ticket in tests])


def _tickets(rows: Iterable[PairGroup]) -> dict[str, str]:
    tests = {name_of(test).key for row in rows for names in row.tests.values() for test in names}
    known = Failure.objects.filter(key__in=tests, ticket__isnull=False) if tests else Failure.objects.none()
    return dict(known.values_list("key", "ticket__key"))
