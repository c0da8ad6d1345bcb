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


def scales(pairs: Iterable[tuple[str, float, float]]) -> dict[str, Scale]:
    """Return the scale of each group, and of all ("") for groups with few pairs, from (group, from, to) in seconds."""
    before: dict[str, float] = defaultdict(float)
    after: dict[str, float] = defaultdict(float)
    count: dict[str, int] = defaultdict(int)
    for group, azure, actions in pairs:
        for name in (group, ""):
            before[name] += azure
            after[name] += actions
            count[name] += 1
    return {
        name: Scale(after[name] / before[name], number)
        for name, number in count.items()
        if before[name] > 0 and (number >= LEAST or name == "")
    }


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
