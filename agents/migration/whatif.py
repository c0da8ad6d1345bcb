"""What if this week's builds of one service ran on hosted runners: their work, scaled by what pairs tell. PURE"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

LEAST = 3  # pairs of a group that its own scale needs


@dataclass(frozen=True)
class Load:
    """What a service worked in a week: the jobs of one group on one branch."""

    branch: str
    group: str
    seconds: float
    jobs: int


@dataclass(frozen=True)
class Scale:
    """How much longer (above 1) or shorter the other service takes for the same jobs, and how many pairs say so."""

    factor: float
    pairs: int


@dataclass(frozen=True)
class Projection:
    """What moved load would cost on hosted runners, in minutes of a week."""

    minutes: float
    jobs: int
    unscaled: int  # of these jobs no pair of their group tells the scale
    by_group: dict[str, float]


def scales(pairs: Iterable[tuple[str, float, float, int]]) -> dict[str, Scale]:
    """Return the scale of each group, and of all ("") for groups with few pairs.

    `pairs` holds for each group the seconds that its jobs took here and there, and how many pairs that were.
    """
    found = list(pairs)
    here, there = sum(each[1] for each in found), sum(each[2] for each in found)
    known = {name: Scale(to / of, number) for name, of, to, number in found if of > 0 and number >= LEAST}
    return known | ({"": Scale(there / here, sum(each[3] for each in found))} if here > 0 else {})


def project(
    loads: Iterable[Load], by: Mapping[str, Scale], groups: Collection[str], branches: Collection[str]
) -> Projection:
    """Move the load of these groups on these branches; what no pair scales counts as it is."""
    moved: dict[str, float] = defaultdict(float)
    jobs = unscaled = 0
    whole = by.get("", Scale(1.0, 0))
    for load in loads:
        if load.group not in groups or load.branch not in branches:
            continue
        moved[load.group] += load.seconds * by.get(load.group, whole).factor / 60
        jobs += load.jobs
        unscaled += 0 if load.group in by else load.jobs
    return Projection(sum(moved.values()), jobs, unscaled, dict(moved))
