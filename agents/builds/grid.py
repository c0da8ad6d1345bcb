"""Commit × job: new failures, failures that go on, and how long a branch has been green. PURE"""

from collections.abc import Sequence
from enum import StrEnum

BAD = frozenset({"failed", "abandoned", "timed_out", "startup_failure"})
GOOD = frozenset({"succeeded", "partial"})
SILENT = frozenset({"canceled", "skipped", "action_required", "stale", "", "queued", "running", "cancelling"})


class Mark(StrEnum):
    """What a cell says."""

    GOOD = "good"
    NEW = "new"  # failed, and the build before did not
    STILL = "still"  # failed, as in the build before
    OTHER = "other"  # canceled or skipped: says nothing
    OPEN = "open"  # waits or runs
    NONE = "none"  # the build had no such job


def marks(history: Sequence[str | None]) -> list[Mark]:
    """Judge the states of one job in the builds of a branch, oldest first (None: no such job in that build).

    A failure is new when the last run that said something was good, or when there is none in sight.
    """
    found = []
    failing = False
    for state in history:
        if state is None:
            found.append(Mark.NONE)
        elif state in BAD:
            found.append(Mark.STILL if failing else Mark.NEW)
            failing = True
        elif state in GOOD:
            found.append(Mark.GOOD)
            failing = False
        else:
            found.append(Mark.OPEN if state in ("queued", "running", "cancelling") else Mark.OTHER)
    return found


def green_streak(results: Sequence[str]) -> int:
    """Count the builds, from the newest back, that succeeded; others that say nothing don't count."""
    count = 0
    for result in results:
        if result in SILENT:
            continue
        if result != "succeeded":
            break
        count += 1
    return count
