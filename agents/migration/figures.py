"""What the pages about the migration show: pairs, and how they went over time."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.core.cache import cache
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
REMEMBERED = 300  # seconds
Kept = TypeVar("Kept")
SIDES = (Provider.AZURE, Provider.ACTIONS)
FIELDS = (
    *("group", "agreement", "azure", "azure_wait", "azure_seconds", "azure_flaked"),
    *("actions", "actions_wait", "actions_seconds", "actions_flaked"),
)
SEEN = ("pair_id", "pair__branch", "pair__pull_number", "group", "at", "azure", "actions", "agreement", "why")


@dataclass
class _Tally:
    """What one service did in many groups of jobs."""

    said: int = 0
    flaked: int = 0
    waits: list[int] = field(default_factory=list)
    seconds: list[int] = field(default_factory=list)

    def add(self, verdict: str, wait: int | None, seconds: int | None, flaked: bool) -> None:
        """Count a group that said something."""
        if verdict == "none":
            return
        self.said += 1
        self.flaked += flaked
        if wait is not None:
            self.waits.append(wait)
        if seconds is not None:
            self.seconds.append(seconds)

    def join(self, other: "_Tally") -> None:
        """Count what another one counted, too."""
        self.said += other.said
        self.flaked += other.flaked
        self.waits += other.waits
        self.seconds += other.seconds


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


def over_time(days: int, now: datetime) -> OverTime:
    """Return how pairs went in some days, made anew when pairs were: four queries then."""
    return remembered(f"over-time:{days}", lambda: _over_time(now - timedelta(days=days), now))


def remembered(name: str, make: Callable[[], Kept]) -> Kept:
    """Return what takes long to make and changes with the pairs alone; made anew after five minutes in any case."""
    newest = PairGroup.objects.order_by("-pk").values_list("pk", flat=True).first()
    key = f"migration:{name}:{newest}"
    found = cache.get(key)
    if found is None:
        found = make()
        cache.set(key, found, REMEMBERED)
    return found


def _over_time(since: datetime, now: datetime) -> OverTime:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    tallies: dict[str, tuple[_Tally, _Tally]] = defaultdict(lambda: (_Tally(), _Tally()))
    rows = PairGroup.objects.filter(at__gt=since, both=True).values_list(*FIELDS)
    for group, agreement, *told in rows.iterator(chunk_size=5000):
        counts[group][agreement] += 1
        tallies[group][0].add(*told[:4])
        tallies[group][1].add(*told[4:])
    found = rulings(_differences(since))
    groups = [_group_figures(name, counts[name], tallies[name]) for name in counts]
    return OverTime(
        chart=_chart(since, now),
        groups=sorted(groups, key=lambda each: (-each.differed, each.group)),
        whole=_whole(since, tallies.values(), found),
        rulings=found[:SHOWN],
        open=sum(each.fault is Fault.OPEN for each in found),
    )


def _differences(since: datetime) -> list[Seen]:
    """Return where both differed, and what the same jobs of the same branch or pull request said in these days."""
    rows = PairGroup.objects.filter(at__gt=since, both=True)
    differing = rows.filter(agreement=Pair.Agreement.DIFFER).values_list("group", "pair__branch", "pair__pull_number")
    found = set(differing)
    places = Q(pair__branch__in={of[1] for of in found}, pair__pull_number__in={of[2] for of in found})
    near = rows.filter(places, group__in={of[0] for of in found}).values_list(*SEEN) if found else ()
    return [
        Seen(pair, f"#{number}" if number else branch, group, at, azure, actions, agreement, tuple(why))
        for pair, branch, number, group, at, azure, actions, agreement, why in near
        if (group, branch, number) in found
    ]


def _group_figures(name: str, counts: Counter[str], sides: tuple[_Tally, _Tally]) -> GroupFigures:
    agreed, differed, undecided = (counts[each] for each in Pair.Agreement)
    return GroupFigures(name, agreed, differed, undecided, [_side(*each) for each in zip(SIDES, sides, strict=True)])


def _side(side: Provider, tally: _Tally, **more: Any) -> SideFigures:
    return SideFigures(
        title=str(side.label),
        wait_p50=percentile(tally.waits, 0.5),
        wait_p90=percentile(tally.waits, 0.9),
        seconds_p50=percentile(tally.seconds, 0.5),
        seconds_p90=percentile(tally.seconds, 0.9),
        flaked=tally.flaked / tally.said if tally.said else None,
        **more,
    )


def _whole(since: datetime, tallies: Collection[tuple[_Tally, _Tally]], found: Sequence[Ruling]) -> list[SideFigures]:
    after = list(Pair.objects.filter(at__gt=since).values_list("azure_after", "actions_after"))
    sides = []
    for place, side in enumerate(SIDES):
        total = _Tally()
        for of_group in tallies:
            total.join(of_group[place])
        known = [seconds for row in after if (seconds := row[place]) is not None]
        of_side = [each.fault for each in found if each.side == side]
        more = {"after_p50": percentile(known, 0.5), "after_p90": percentile(known, 0.9)}
        more |= {"false_red": of_side.count(Fault.FALSE_RED), "false_green": of_side.count(Fault.FALSE_GREEN)}
        sides.append(_side(side, total, **more))
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
