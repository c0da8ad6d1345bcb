"""Is a failure of a pull request its own? Verdicts with their reasons; where nothing speaks for one, it says so. PURE

Nothing here says that a pull request can be merged: that is for a person to decide.
"""

from dataclasses import dataclass
from enum import StrEnum

from agents.failures.rules import CAUSES, Cause

NEVER_FLAKY = (Cause.COMPILE, Cause.STYLE)
MACHINERY = (Cause.AGENT, Cause.DISK, Cause.NETWORK, Cause.DOCKER)  # it fails for no reason of any commit
SURELY = 2  # builds of branches: once, it may have failed there for another reason than on the pull request
ENOUGH = 30  # runs of a job that passed in a week: what fails more rarely than that is hardly chance
MANY = 3  # branches that are named


class Side(StrEnum):
    """Whose a failure is taken for."""

    OWN = "own"  # the pull request's
    OTHERS = "others"
    UNSURE = "unsure"


@dataclass(frozen=True)
class Evidence:
    """What is known of a failure on a pull request's head. "Lately" is a week before it."""

    cause: str = Cause.TEST  # of its job
    is_test: bool = True  # or a job without a test that failed
    ticket: str = ""  # or pattern, that knows it
    ticket_closed: bool = False
    builds: int = 0  # elsewhere that failed by it lately
    branches: tuple[str, ...] = ()  # of those
    on_branches: tuple[str, ...] = ()  # where the same job failed by it in the week before the merge base
    red_builds: int = 0  # of those
    passed_again: bool = False  # the same job of the same commit succeeded, too
    on_others: int = 0  # pull requests of other authors that failed by it lately
    seen_before: bool = False  # anywhere, at any time, but on this pull request
    times: int = 1  # that the job failed by it on this pull request
    reached: bool = True  # the job tests code that what the pull request changes can break
    runs: int = 0  # of the job elsewhere that passed lately
    bad_machine: str = ""  # its name, where it ran on one that fails oftener than the others
    touched: str = ""  # the code that the pull request changes, and the test is of


@dataclass(frozen=True)
class Verdict:
    """A verdict in one word, and its reason."""

    word: str
    reason: str
    tone: str  # a state whose colour it has
    side: Side = Side.OTHERS


def verdict(found: Evidence) -> Verdict:
    """Return what is likeliest; what is known comes before what was seen."""
    if found.cause in NEVER_FLAKY and not found.on_branches:
        return Verdict("its own", f"{CAUSES[Cause(found.cause)]}: that is never flaky", "failed", Side.OWN)
    lenient = _lenient(found)
    if lenient and found.touched and found.red_builds < SURELY:
        return _unsure(f"{lenient.reason}; but the pull request changes {found.touched}")
    return lenient or _of_the_rest(found)


def _lenient(found: Evidence) -> Verdict | None:
    """Return what speaks for a failure that is none of the pull request's."""
    if found.ticket:
        named = f"{found.ticket}, which is closed, names it" if found.ticket_closed else f"{found.ticket} names it"
        return Verdict("known", f"{named}{_lately(found)}", "partial")
    if found.on_branches:
        return Verdict("red on branches too", f"the same job, on {', '.join(found.on_branches[:MANY])}", "partial")
    if found.cause in MACHINERY:
        return Verdict("infrastructure", CAUSES[Cause(found.cause)], "partial")
    if found.passed_again:
        return Verdict("passed again", "the same job of the same commit succeeded, too", "partial")
    if found.on_others:
        many = "pull request" if found.on_others == 1 else "pull requests"
        return Verdict("seen elsewhere", f"on {found.on_others} {many} of other authors, in a week", "partial")
    if found.bad_machine:
        return Verdict("infrastructure", f"{found.bad_machine} fails oftener than the other machines", "partial")
    return None


def _of_the_rest(found: Evidence) -> Verdict:
    if not found.is_test:
        return _unsure(f"{CAUSES[Cause(found.cause or Cause.UNKNOWN)]}, and nothing tells whose doing that is")
    if found.builds:
        return _unsure(f"it failed in other builds{_lately(found)}, not in this job before the pull request began")
    if found.seen_before:
        return _unsure("it failed elsewhere before, but not in the last week")
    if found.touched:
        reason = f"nowhere else has it failed, and the pull request changes {found.touched}"
        return Verdict("in code it changes", reason, "failed", Side.OWN)
    if found.times > 1:
        return Verdict("first seen here", f"{found.times} times, and nowhere else", "failed", Side.OWN)
    side = Side.OWN if found.runs >= ENOUGH and found.reached else Side.UNSURE
    many = f", in {found.runs} runs of the job in a week" if found.runs else ", as far as builds were read"
    return Verdict("first seen here", f"nowhere else has it failed{many}", "failed", side)


def _lately(found: Evidence) -> str:
    if not found.builds:
        return ""
    many = "build" if found.builds == 1 else "builds"
    on = f", on {', '.join(found.branches[:MANY])}" if found.branches else ""
    return f"; {found.builds} other {many} in a week{on}"


def _unsure(reason: str) -> Verdict:
    return Verdict("unsure", reason, "unknown", Side.UNSURE)
