"""Why two services say different things of the same jobs of one commit, or one says nothing, as far as that is known.

PURE
"""

from collections.abc import Collection, Iterable
from enum import StrEnum

INFRASTRUCTURE = frozenset({"disk", "network", "docker", "agent", "cancelled"})  # `rules.Cause`: nothing was tested
OF_MACHINE = INFRASTRUCTURE | {"memory", "timeout"}  # a larger or faster machine would not have failed so


class Gap(StrEnum):
    """In what jobs of two services are known to differ, though they test the same."""

    PYTHON = "python"
    PROFILE = "profile"
    SECRETS = "secrets"


class Why(StrEnum):
    """Why two services disagree, the likeliest first; and below, why there is no verdict."""

    INFRASTRUCTURE = "infrastructure"
    FLAKY = "flaky"
    SECRETS = "secrets"
    PYTHON = "python"
    PROFILE = "profile"
    UNEXPLAINED = "unexplained"
    UNFINISHED = "unfinished"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    UNBORN = "unborn"
    DOCS = "docs"
    LEFT_OUT = "left out"


WORDS = {
    Why.INFRASTRUCTURE: "infrastructure",
    Why.FLAKY: "flaky test, known",
    Why.SECRETS: "no secrets in a fork",
    Why.PYTHON: "another Python",
    Why.PROFILE: "another JDK or Hadoop profile",
    Why.UNEXPLAINED: "not explained",
    Why.UNFINISHED: "not finished",
    Why.CANCELLED: "canceled",
    Why.SKIPPED: "skipped",
    Why.UNBORN: "never started",
    Why.DOCS: "documentation alone was changed",
    Why.LEFT_OUT: "one side passed in no time: it left its tests out",
}
SILENT = {  # results that say nothing, and why
    "canceled": Why.CANCELLED,
    "skipped": Why.SKIPPED,
    "startup_failure": Why.UNBORN,
    "action_required": Why.UNBORN,
    "stale": Why.UNBORN,
}
GAPS = {
    Gap.PYTHON: "Actions picks a Python at random, Azure has one",
    Gap.PROFILE: "another JDK, Hadoop version or Maven profile",
    Gap.SECRETS: "it needs secrets, which a fork has not",
}


def reasons(
    causes: Collection[str], tests: Collection[str], known: Collection[str], gaps: Iterable[str], fork: bool
) -> list[Why]:
    """Return why a group failed on one service alone.

    `causes` and `tests` are those of the failed side, `known` the tests that a ticket names. What is only possible (a
    gap between the two) is said where nothing is known to be the case.
    """
    if causes and set(causes) <= OF_MACHINE:
        return [Why.INFRASTRUCTURE]
    if tests and set(tests) <= set(known):
        return [Why.FLAKY]
    present = set(gaps) - (set() if fork else {Gap.SECRETS})
    possible = [Why(gap) for gap in (Gap.SECRETS, Gap.PYTHON, Gap.PROFILE) if gap in present]
    return possible or [Why.UNEXPLAINED]
