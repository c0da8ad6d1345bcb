"""How pairs went in some days: agreement, which side erred, how long both took. Made by the jobs, read by the pages."""

import time
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncDate

from agents.charts.arithmetic import DAY, midnight, percentile
from agents.charts.drawing import Chart, Series, line_chart, percent
from agents.migration.evidence import Fault, Ruling, Seen, rulings
from agents.migration.rows import NEWEST
from agents.models import Pair, PairFigures, PairGroup, Watermark
from agents.models.builds import Provider

LENGTHS = (7, 14, 30, 90)  # days
SHOWN = 30  # differences that are judged, on the page
RESTS = 60  # times as long as it took to make figures, they stay as they are
LONGEST = timedelta(hours=1)  # after which they are made anew in any case: the days go on
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
        return share(self.agreed, self.differed)


@dataclass(frozen=True)
class OverTime:
    """How pairs went in some days."""

    chart: Chart
    groups: list[GroupFigures]
    whole: list[SideFigures]
    rulings: list[Ruling]
    open: int  # differences that nothing has settled
    made_at: datetime


def refresh_over_time(now: datetime) -> None:
    """Make the figures anew that pairs have changed since; what takes long to make is made more rarely."""
    changed = Watermark.objects.filter(name=NEWEST).values_list("at", flat=True).first()
    if changed is None and not Pair.objects.exists():
        return
    newest = int(changed.timestamp() * 1_000_000) if changed else 0
    rows = {row.days: row for row in PairFigures.objects.defer("told")}
    for days in LENGTHS:
        row = rows.get(days) or PairFigures(days=days)
        if _is_due(row, newest, now):
            began = time.monotonic()
            row.told = _told(now - timedelta(days=days))
            row.newest, row.made_at, row.took = newest, now, time.monotonic() - began
            row.save()


def over_time(days: int, now: datetime) -> OverTime | None:
    """Return how pairs went in some days; None where nothing was made yet. One query."""
    row = PairFigures.objects.filter(days=days).first()
    if row is None:
        return None
    told = row.told
    found = told["rulings"]
    return OverTime(
        chart=_chart(row.made_at - timedelta(days=days), now, told["daily"]),
        groups=[_of_group(*each) for each in told["groups"]],
        whole=[SideFigures(**each) for each in told["whole"]],
        rulings=[_ruling(*each) for each in found],
        open=told["open"],
        made_at=row.made_at,
    )


def pace(days: int) -> list[tuple[str, float, float, int]]:
    """Return by group the seconds that its jobs took on one service and on the other, and in how many pairs."""
    row = PairFigures.objects.filter(days=days).first()
    return [(group, here, there, pairs) for group, here, there, pairs in (row.told["pace"] if row else ())]


def _is_due(row: PairFigures, newest: int, now: datetime) -> bool:
    if row.pk is None:
        return True
    age = now - row.made_at
    changed = row.newest != newest and age >= timedelta(seconds=RESTS * row.took)
    return changed or not timedelta(0) <= age < LONGEST


def _told(since: datetime) -> dict[str, Any]:
    """Make the figures, as they are kept: four queries."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    tallies: dict[str, tuple[_Tally, _Tally]] = defaultdict(lambda: (_Tally(), _Tally()))
    rows = PairGroup.objects.filter(at__gt=since, both=True).values_list(*FIELDS)
    for group, agreement, *told in rows.iterator(chunk_size=5000):
        counts[group][agreement] += 1
        tallies[group][0].add(*told[:4])
        tallies[group][1].add(*told[4:])
    found = rulings(_differences(since))
    groups = [[name, *_counted(counts[name]), _sides(tallies[name])] for name in counts]
    return {
        "groups": sorted(groups, key=lambda each: (-each[2], each[0])),
        "whole": [asdict(side) for side in _whole(since, tallies.values(), found)],
        "rulings": [_plain(each) for each in found[:SHOWN]],
        "open": sum(each.fault is Fault.OPEN for each in found),
        "daily": _daily(since),
        "pace": _pace(since),
    }


def _counted(counts: Counter[str]) -> list[int]:
    return [counts[each] for each in Pair.Agreement]


def _sides(tallies: tuple[_Tally, _Tally]) -> list[dict[str, Any]]:
    return [asdict(_side(*each)) for each in zip(SIDES, tallies, strict=True)]


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


def _daily(since: datetime) -> dict[str, list[int]]:
    daily = Pair.objects.filter(at__gte=midnight(since.date())).annotate(day=TruncDate("at")).order_by().values("day")
    sums = daily.annotate(agreed_sum=Sum("agreed"), differed_sum=Sum("differed"))
    return {row["day"].isoformat(): [row["agreed_sum"], row["differed_sum"]] for row in sums}


def _pace(since: datetime) -> list[list[Any]]:
    rows = PairGroup.objects.filter(at__gt=since, both=True, azure_seconds__gt=0, actions_seconds__isnull=False)
    said = rows.exclude(azure="none").exclude(actions="none").order_by().values_list("group")
    return [list(row) for row in said.annotate(Sum("azure_seconds"), Sum("actions_seconds"), Count("pk"))]


def _of_group(name: str, agreed: int, differed: int, undecided: int, sides: list[dict[str, Any]]) -> GroupFigures:
    return GroupFigures(name, agreed, differed, undecided, [SideFigures(**each) for each in sides])


def _plain(ruling: Ruling) -> list[Any]:
    seen = asdict(ruling.seen) | {"at": ruling.seen.at.isoformat()}
    return [seen, ruling.fault.value, ruling.side, ruling.evidence]


def _ruling(seen: dict[str, Any], fault: str, side: str, evidence: str) -> Ruling:
    return Ruling(Seen(**seen | {"at": datetime.fromisoformat(seen["at"])}), Fault(fault), side, evidence)


def _chart(since: datetime, now: datetime, daily: dict[str, list[int]]) -> Chart:
    days = [midnight(since.date()) + n * DAY for n in range((now - since) // DAY + 2)]
    shares = {date.fromisoformat(day): share(*counts) for day, counts in daily.items()}
    points = tuple((day, shares.get(day.date())) for day in days if day <= now)
    note = "Groups of jobs that said the same on both services, of those with a verdict on both."
    return line_chart("agreement", "Agreement", note, [Series("agreement", "one", points)], percent, lambda _: 1.0)


def share(agreed: int, differed: int) -> float | None:
    """Return the share of those that agree, of those that said something; None where none did."""
    return agreed / (agreed + differed) if agreed + differed else None
