"""What if builds of one service ran on hosted runners: their work, scaled by what pairs tell. PURE"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from agents.migration.budget.limits import Work, peak

LEAST = 3  # pairs of a group that its own scale needs


@dataclass(frozen=True)
class Load:
    """What a service worked on a day: the jobs of one group on one branch; `nightly` ones apart."""

    day: date
    branch: str
    group: str
    seconds: float
    jobs: int
    nightly: bool = False


@dataclass(frozen=True)
class Wide:
    """A build with many jobs at once: their groups, since when each could run (POSIX time), for how many seconds."""

    branch: str
    jobs: tuple[tuple[str, float, float], ...]


@dataclass(frozen=True)
class Scale:
    """How much longer (above 1) or shorter the other service takes for the same jobs, and how many pairs say so."""

    factor: float
    pairs: int


@dataclass(frozen=True)
class Projection:
    """What moved load would cost on hosted runners, in minutes."""

    by_day: dict[date, float]
    by_nightly: dict[str, float]  # by branch, of all nights together
    jobs: float
    unscaled: float  # of these jobs no pair of their group tells the scale

    def minutes(self, first: date) -> float:
        """Return the minutes of all days from one on."""
        return sum(amount for day, amount in self.by_day.items() if day >= first)


def scales(pairs: Iterable[tuple[str, float, float, int]]) -> dict[str, Scale]:
    """Return the scale of each group, and of all ("") for groups with few pairs.

    `pairs` holds for each group the seconds that its jobs took here and there, and how many pairs that were.
    """
    found = list(pairs)
    here, there = sum(each[1] for each in found), sum(each[2] for each in found)
    known = {name: Scale(to / of, number) for name, of, to, number in found if of > 0 and number >= LEAST}
    return known | ({"": Scale(there / here, sum(each[3] for each in found))} if here > 0 else {})


def project(
    loads: Iterable[Load], by: Mapping[str, Scale], groups: Mapping[str, float], branches: Mapping[str, float]
) -> Projection:
    """Move shares (0 to 1) of the load of groups, and of branches; what no pair scales counts as it is.

    Nightly builds are told of all branches, moved or not.
    """
    by_day: dict[date, float] = defaultdict(float)
    by_nightly: dict[str, float] = defaultdict(float)
    jobs = unscaled = 0.0
    for load in loads:
        minutes = groups.get(load.group, 0.0) * load.seconds * _factor(load.group, by) / 60
        if load.nightly:
            by_nightly[load.branch] += minutes
        of_branch = branches.get(load.branch, 0.0)
        by_day[load.day] += of_branch * minutes
        moved = of_branch * groups.get(load.group, 0.0) * load.jobs
        jobs += moved
        unscaled += 0 if load.group in by else moved
    return Projection(dict(by_day), dict(by_nightly), jobs, unscaled)


def jobs_at_once(
    builds: Iterable[Wide], by: Mapping[str, Scale], groups: Collection[str], branches: Collection[str]
) -> int:
    """Return how many of these jobs of one build would run at once, were each taken when it can run."""
    return max((_at_once(build, by, groups) for build in builds if build.branch in branches), default=0)


def _at_once(build: Wide, by: Mapping[str, Scale], groups: Collection[str]) -> int:
    work = [
        Work(0, group, start, start + timedelta(seconds=seconds * _factor(group, by)))
        for group, at, seconds in build.jobs
        if group in groups
        for start in (datetime.fromtimestamp(at, UTC),)
    ]
    return peak(work, datetime.max.replace(tzinfo=UTC))


def _factor(group: str, by: Mapping[str, Scale]) -> float:
    return by.get(group, by.get("", Scale(1.0, 0))).factor
