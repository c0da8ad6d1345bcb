"""Where two services differed: which of them was wrong, by what came later. PURE"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from agents.migration.agreement import Agreement, Verdict
from agents.migration.reasons import WORDS, Why

CERTAIN = (Why.INFRASTRUCTURE, Why.FLAKY)
AZURE, ACTIONS = "azure", "actions"


class Fault(StrEnum):
    """What a difference turned out to be."""

    FALSE_RED = "false red"
    FALSE_GREEN = "false green"
    OPEN = "not settled"


@dataclass(frozen=True)
class Seen:
    """What both services said of a group of jobs of one commit. `of` is the branch or pull request."""

    pair: int
    of: str
    group: str
    at: datetime
    azure: str
    actions: str
    agreement: str
    why: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ruling:
    """A difference: which side erred, how, and what tells so."""

    seen: Seen
    fault: Fault
    side: str  # azure or actions; "" while it is not settled
    evidence: str


def rulings(seen: Iterable[Seen]) -> list[Ruling]:
    """Judge every difference, the newest first: by its known reason, else by what the next commit's build said."""
    by_place: dict[tuple[str, str], list[Seen]] = defaultdict(list)
    for each in sorted(seen, key=lambda each: each.at):
        by_place[each.of, each.group].append(each)
    found = [
        _rule(each, row[place + 1 :])
        for row in by_place.values()
        for place, each in enumerate(row)
        if each.agreement == Agreement.DIFFER
    ]
    return sorted(found, key=lambda ruling: ruling.seen.at, reverse=True)


def _rule(seen: Seen, later: Sequence[Seen]) -> Ruling:
    red, green = (AZURE, ACTIONS) if seen.azure == Verdict.FAILED else (ACTIONS, AZURE)
    if certain := [Why(each) for each in seen.why if each in CERTAIN]:
        return Ruling(seen, Fault.FALSE_RED, red, WORDS[certain[0]])
    if seen.azure == seen.actions:
        return Ruling(seen, Fault.OPEN, "", "both failed, by different tests")
    spoken = [getattr(each, red) for each in later if getattr(each, red) != Verdict.NONE]
    if not spoken:
        return Ruling(seen, Fault.OPEN, "", "no later build says more")
    if spoken[0] == Verdict.PASSED:
        return Ruling(seen, Fault.FALSE_RED, red, "it passed on the next commit")
    return Ruling(seen, Fault.FALSE_GREEN, green, "it failed on the next commit again")
