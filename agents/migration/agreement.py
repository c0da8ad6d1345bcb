"""What a build, and a group of its jobs, says: passed, failed or nothing; and whether two services say the same.

By last attempts alone. What is unfinished, was cancelled or skipped, never started, or failed for infrastructure alone
says nothing. PURE
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from agents.migration.reasons import INFRASTRUCTURE, SILENT, Why

FINISHED = "finished"
GOOD, BAD = frozenset({"succeeded"}), frozenset({"failed", "partial", "timed_out", "abandoned"})


class Verdict(StrEnum):
    """What one service says."""

    PASSED = "passed"
    FAILED = "failed"
    NONE = "none"


class Agreement(StrEnum):
    """Whether two services say the same."""

    AGREE = "agree"
    DIFFER = "differ"
    NONE = "no verdict"


@dataclass(frozen=True)
class JobSeen:
    """The last attempt of a job. Times are seconds."""

    name: str
    status: str
    result: str
    cause: str = ""  # a `rules.Cause`, why it failed
    ran: bool = True  # a machine had it
    key: str = ""
    wait: int | None = None
    seconds: int | None = None
    tests: tuple[str, ...] = ()  # that failed
    flaked: bool = False  # an earlier attempt failed, and this one passed

    @property
    def failed(self) -> bool:
        """Tell whether it ended badly."""
        return self.status == FINISHED and self.result in BAD

    @property
    def lost(self) -> bool:
        """Tell whether it failed before or beside what it tests: for infrastructure."""
        return self.failed and (self.cause in INFRASTRUCTURE or self.result == "abandoned" or not self.ran)

    @property
    def silence(self) -> Why | None:
        """Return why it says nothing; None where it does."""
        if self.status != FINISHED:
            return Why.UNFINISHED
        return Why.INFRASTRUCTURE if self.lost else SILENT.get(self.result)


@dataclass(frozen=True)
class BuildSeen:
    """A build with the last attempts of its jobs."""

    status: str
    result: str
    jobs: tuple[JobSeen, ...] = ()
    jobs_known: bool = True  # one without jobs then had none


def of_build(build: BuildSeen) -> Verdict:
    """Return what a build says as a whole."""
    if build.status != FINISHED or build.result not in GOOD | BAD:
        return Verdict.NONE
    if build.result in GOOD:
        return Verdict.PASSED
    failed = [job for job in build.jobs if job.failed]
    never_started = build.jobs_known and not build.jobs
    return Verdict.NONE if never_started or _all_lost(failed) else Verdict.FAILED


def of_jobs(jobs: Sequence[JobSeen]) -> Verdict:
    """Return what some jobs say together: a failure counts at once, a success when all have passed."""
    if any(job.failed and not job.lost for job in jobs):
        return Verdict.FAILED
    passed = bool(jobs) and all(job.status == FINISHED and job.result in GOOD for job in jobs)
    return Verdict.PASSED if passed else Verdict.NONE


def silence(jobs: Sequence[JobSeen]) -> tuple[Why, ...]:
    """Return why some jobs say nothing together; nothing where they say something."""
    if of_jobs(jobs) is not Verdict.NONE:
        return ()
    return tuple(sorted({job.silence for job in jobs if job.silence}))


def agreement(azure: Verdict, actions: Verdict) -> Agreement:
    """Compare two verdicts."""
    if Verdict.NONE in (azure, actions):
        return Agreement.NONE
    return Agreement.AGREE if azure == actions else Agreement.DIFFER


def by_tests(azure: Collection[str], actions: Collection[str]) -> Agreement:
    """Compare two failures by the tests that failed: they differ where both are known and have none in common."""
    apart = bool(azure) and bool(actions) and not set(azure) & set(actions)
    return Agreement.DIFFER if apart else Agreement.AGREE


def _all_lost(failed: Sequence[JobSeen]) -> bool:
    return bool(failed) and all(job.lost for job in failed)
