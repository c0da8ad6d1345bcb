"""When is the other service ready? Criteria over what is known, each with the figure that decides it. PURE"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from agents.migration.names import matches


class Kind(StrEnum):
    """What a criterion is about."""

    DAYS = "days"  # pairs are known for so many days
    PAIRS = "pairs"  # so many of them have a verdict
    AGREEMENT = "agreement"  # per cent of the groups with a verdict agree
    BUDGET = "budget"  # per cent of either limit is not exceeded
    PEAK = "peak"  # jobs of one run at once, at the most
    COUNTERPART = "counterpart"  # no job is without its counterpart, but some


@dataclass(frozen=True)
class Known:
    """What decides: of the time that a criterion looks back on."""

    first_at: datetime | None  # of the oldest pair
    pairs: int  # with a verdict
    agreed: int  # groups
    differed: int
    budget: float  # the larger share of the limits, per cent
    peak: int
    unmatched: frozenset[str] = frozenset()  # Azure's jobs without a counterpart


@dataclass(frozen=True)
class Outcome:
    """Whether a criterion is met, and the figure that decides."""

    met: bool
    figure: str


def judge(kind: Kind, threshold: float, known: Known, now: datetime, but: Collection[str] = ()) -> Outcome:
    """Judge one criterion."""
    match kind:
        case Kind.DAYS:
            days = (now - known.first_at) / timedelta(days=1) if known.first_at else 0.0
            return Outcome(days >= threshold, _counted(int(days), "day"))
        case Kind.PAIRS:
            return Outcome(known.pairs >= threshold, _counted(known.pairs, "pair"))
        case Kind.AGREEMENT:
            return _agreement(threshold, known)
        case Kind.BUDGET:
            return Outcome(known.budget <= threshold, f"{known.budget:.0f} %")
        case Kind.PEAK:
            return Outcome(known.peak <= threshold, _counted(known.peak, "job"))
        case Kind.COUNTERPART:
            return _counterparts(known, but)


def turned(met: bool, since: datetime | None, now: datetime) -> datetime | None:
    """Return since when a criterion is met: the day on which it turned green stays while it is."""
    return (since or now) if met else None


def _counted(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _counterparts(known: Known, but: Collection[str]) -> Outcome:
    left = sorted(name for name in known.unmatched if not any(matches(each.strip(), name) for each in but))
    return Outcome(not left and known.pairs > 0, ", ".join(left) or "none")


def _agreement(threshold: float, known: Known) -> Outcome:
    decided = known.agreed + known.differed
    if not decided:
        return Outcome(False, "no pair yet")
    share = 100 * known.agreed / decided
    return Outcome(share >= threshold, f"{int(share * 10) / 10:g} %")
