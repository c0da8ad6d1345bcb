"""What if: the load that Azure carries → what it would cost on hosted runners, against the foundation's limits."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from agents.migration.budget.limits import JOBS_AT_ONCE, MINUTES_5_DAYS, MINUTES_WEEK, runners, worst_window
from agents.migration.budget.usage import LOOKS_BACK, Use
from agents.migration.budget.whatif import Load, Projection, Wide, jobs_at_once, project, scales
from agents.migration.names import JobMap
from agents.migration.over_time import pace
from agents.models import JobRule, LoadDay

PULLS = "pull requests"
WEEK = timedelta(days=7)
EVERYTHING: Mapping[str, int] = {}
LEARNS_FROM = 30  # days whose pairs tell how long jobs take on the other service


@dataclass(frozen=True)
class Line:
    """A limit: what is used of it now, and what would be."""

    title: str
    now: float
    then: float
    limit: int

    @property
    def share(self) -> float:
        """Return how much of the limit that would be."""
        return self.then / self.limit


@dataclass(frozen=True)
class Night:
    """What a nightly build of a branch costs, in minutes: Azure's, were it moved, and that of Actions, as it is."""

    branch: str
    moved: float | None
    actual: float | None


@dataclass(frozen=True)
class WhatIf:
    """Loads that could move, how much of each does, in per cent, and what that would cost."""

    groups: dict[str, int]
    branches: dict[str, int]
    projection: Projection
    added: float  # minutes of the last seven days
    lines: list[Line]
    nights: list[Night]

    @property
    def runners(self) -> float:
        """Return how many runners it would keep busy all week long."""
        return runners(self.added)


def what_if(
    used: Use,
    today: date,
    groups: Mapping[str, int] = EVERYTHING,
    branches: Mapping[str, int] = EVERYTHING,
) -> WhatIf:
    """Project the load of Azure's last days onto hosted runners: all of it, but for the per cent of what is named.

    Three queries.
    """
    rows = list(LoadDay.objects.filter(day__gt=today - LOOKS_BACK, day__lte=today))
    loads, wide = _read(rows)
    by = scales(pace(LEARNS_FROM))
    all_groups = sorted({load.group for load in loads})
    all_branches = sorted({load.branch for load in loads}, key=lambda name: (name != PULLS, name != "master", name))
    of_groups = {name: groups.get(name, 100) for name in all_groups}
    of_branches = {name: branches.get(name, 100) for name in all_branches}
    shares = [{name: percent / 100 for name, percent in each.items()} for each in (of_groups, of_branches)]
    found = project(loads, by, *shares)
    moving = [{name for name, share in each.items() if share} for each in shares]
    return WhatIf(
        *(of_groups, of_branches, found),
        added=found.minutes(today - WEEK + timedelta(days=1)),
        lines=_lines(used, found, jobs_at_once(wide, by, *moving), today),
        nights=_nights(rows, found, used),
    )


def _read(rows: Collection[LoadDay]) -> tuple[list[Load], list[Wide]]:
    """Return the loads by group, and the widest builds, with the job map as it is."""
    jobs = JobMap(rule.value() for rule in JobRule.objects.all())
    names = {name for row in rows for name in row.jobs}
    group = {name: jobs.of_azure(name).group for name in names}
    loads = [
        Load(row.day, row.branch or PULLS, group[name], seconds, number, row.nightly)
        for row in rows
        for name, (seconds, number) in row.jobs.items()
    ]
    wide = [Wide(row.branch or PULLS, tuple((group[name], at, s) for name, at, s in row.widest)) for row in rows]
    return loads, wide


def _lines(used: Use, found: Projection, at_once: int, today: date) -> list[Line]:
    monday, seven = used.week_from.date(), today - WEEK + timedelta(days=1)
    lately = sum(seconds for day, seconds in used.by_day.items() if day >= seven) / 60
    week = used.minutes_week + found.minutes(monday)
    days = {*used.by_day, *found.by_day}
    both = {day: used.by_day.get(day, 0.0) / 60 + found.by_day.get(day, 0.0) for day in days}
    five, most = worst_window(both)[1], max(used.peak_jobs, at_once)
    return [
        Line("Minutes of the last seven days", lately, lately + found.minutes(seven), MINUTES_WEEK),
        Line(f"Minutes of this week so far, from {monday:%Y-%m-%d}", used.minutes_week, week, MINUTES_WEEK),
        Line("Minutes of the worst five days of the last 30", used.minutes_worst, five, MINUTES_5_DAYS),
        Line("Jobs of one run at once", used.peak_jobs, most, JOBS_AT_ONCE),
    ]


def _nights(rows: Collection[LoadDay], found: Projection, used: Use) -> list[Night]:
    """Return what a night costs on average, by branch."""
    builds: Counter[str] = Counter()
    for row in rows:
        builds[row.branch] += row.builds if row.nightly else 0
    moved = {branch: minutes / builds[branch] for branch, minutes in found.by_nightly.items() if builds[branch]}
    names = sorted({*moved, *used.nights}, key=lambda name: (name != "master", name))
    return [Night(name, moved.get(name), used.nights.get(name)) for name in names]
