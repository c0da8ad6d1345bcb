"""How often each service was asked: counted where requests leave, taken by the pass that they belong to."""

from collections import Counter
from collections.abc import Sequence

CHARGED = "github, charged"  # what GitHub's hourly limit pays for: an answer that says "not changed" is free
NETWORK = frozenset({"ls-remote", "fetch", "push", "clone"})  # git's commands that ask somebody
UNCHANGED = 304

_asked: Counter[str] = Counter()  # of this process, which does one pass at a time


def answered(service: str, status: int) -> None:
    """Count one HTTP request that was answered."""
    _asked[service] += 1
    if service == "github" and status != UNCHANGED:
        _asked[CHARGED] += 1


def ran(arguments: Sequence[str]) -> None:
    """Count one git command, if it asks somebody."""
    if NETWORK.intersection(arguments):
        _asked["git"] += 1


def take() -> dict[str, int]:
    """Return what was counted since this was last called, in the order of the names."""
    found = dict(sorted(_asked.items()))
    _asked.clear()
    return found
