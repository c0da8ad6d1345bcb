"""Is a failure of a pull request its own? Verdicts with their reasons; where nothing speaks for one, it says so. PURE

Nothing here says that a pull request can be merged: that is for a person to decide.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Evidence:
    """What is known of a test that failed on a pull request's head."""

    ticket: str = ""  # that knows it by class and method
    on_branches: tuple[str, ...] = ()  # where the same job failed by it in the week before
    passed_again: bool = False  # the same job of the same commit succeeded, too
    on_others: int = 0  # pull requests of other authors that failed by it in that week
    seen_before: bool = False  # anywhere, at any time, but on this pull request


@dataclass(frozen=True)
class Verdict:
    """A verdict in one word, and its reason."""

    word: str
    reason: str
    tone: str  # a state whose colour it has


def verdict(found: Evidence) -> Verdict:
    """Return what is likeliest; what is known comes before what was seen."""
    if found.ticket:
        return Verdict("known", f"{found.ticket} names it", "partial")
    if found.on_branches:
        return Verdict("red on branches too", f"the same job, on {', '.join(found.on_branches)}", "partial")
    if found.passed_again:
        return Verdict("passed again", "the same job of the same commit succeeded, too", "partial")
    if found.on_others:
        many = "pull request" if found.on_others == 1 else "pull requests"
        return Verdict("seen elsewhere", f"on {found.on_others} {many} of other authors, in a week", "partial")
    if found.seen_before:
        return Verdict("unsure", "it failed elsewhere before, but not in the last week", "unknown")
    return Verdict("first seen here", "nowhere else has it failed, as far as builds were read", "failed")
