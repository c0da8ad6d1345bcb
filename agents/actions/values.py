"""What is followed on GitHub Actions, and when it is asked for again. PURE"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

FIRST, LONGEST = timedelta(minutes=2), timedelta(hours=6)  # between two questions for a head that has no run
SILENT, SILENT_LONGEST = timedelta(hours=6), timedelta(days=7)  # the same, for a fork that GitHub does not show
LOOKS = 2  # that have to agree before a fork counts as one of those
DISCOVERY = timedelta(days=1)  # between two looks at which repositories there are


@dataclass(frozen=True)
class Source:
    """A repository whose runs are all read; `aside`: none of them tests Flink itself, they only cost machines."""

    repository: str
    aside: bool = False


@dataclass(frozen=True)
class Head:
    """The head of an open pull request, which is built in the author's fork, if anywhere."""

    pull: int
    repository: str  # owner/name of the fork
    sha: str

    @property
    def query(self) -> str:
        """Return what finds its runs."""
        return f"head_sha={self.sha}"


def pause(tries: int) -> timedelta:
    """Return for how long a head is left alone of which `tries` questions in a row found no run."""
    return min(FIRST * 2 ** min(max(tries - 1, 0), 12), LONGEST)


def silence(looks: int) -> timedelta:
    """Return for how long a fork is left alone that GitHub did not show in so many `looks` in a row."""
    return min(SILENT * 2 ** min(looks - LOOKS, 8), SILENT_LONGEST) if looks >= LOOKS else timedelta(0)


def in_turn(heads: Iterable[Head], next_at: dict[tuple[str, str], datetime | None], now: datetime) -> list[Head]:
    """Return the heads that are due, those that were never asked for first, then those that waited the longest.

    `next_at` holds, by repository and query, when those are due that were asked for before; None: at once.
    """
    due = []
    for head in heads:
        at = next_at.get((head.repository, head.query))
        if at is None or at <= now or at > now + LONGEST:  # what waits for longer waits for a clock that was wrong
            due.append((at is not None, at or now, -head.pull, head))
    return [head for *_, head in sorted(due, key=lambda each: each[:3])]


def some(sources: Sequence[Source], place: int, most: int) -> list[Source]:
    """Return the sources that one pass asks for: all that test Flink itself, and of the others `most`, from a place."""
    aside = [each for each in sources if each.aside]
    start = place % max(len(aside), 1)
    return [*(each for each in sources if not each.aside), *(aside[start:] + aside[:start])[:most]]
