"""What speaks for and against a failure being a pull request's own: from the rows, in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q

from agents.failures.match import name_of
from agents.failures.rules import CAUSES, Cause
from agents.failures.touched import reaches, touched
from agents.failures.verdicts import MACHINERY, Evidence, Verdict, verdict
from agents.machines.figures import bad_agents
from agents.models import Build, Job, PatternHit, PullHead, TestFailure
from agents.models.builds import BAD_RESULTS, Result

WEEK = timedelta(days=7)  # before it failed: what is older tells nothing of today's code
LAG = timedelta(hours=12)  # from a commit to the last build that is of it


@dataclass(frozen=True)
class Judged:
    """What failed on a pull request's head, and whose fault that seems to be: a test, or a job without one."""

    job: Job
    failure: TestFailure | None
    evidence: Evidence
    verdict: Verdict

    @property
    def name(self) -> str:
        """Return what failed: the test's name, or the cause of the job."""
        return self.failure.test.name if self.failure else CAUSES[Cause(self.job.cause or Cause.UNKNOWN)]

    @property
    def words(self) -> str:
        """Return how it failed."""
        return self.failure.message if self.failure else self.job.cause_line

    @property
    def ticket(self) -> str:
        """Return the key of the ticket, or the name of the pattern, that knows it; "" without any."""
        return self.evidence.ticket


def judge_pull(number: int, sha: str, own: Collection[int]) -> list[Judged]:
    """Judge what failed on a pull request's head; `own` are the numbers of its author's pull requests."""
    tests, bare = _failed(number, sha)
    if not tests and not bare:
        return []
    seen = _Seen(number, sha, own, tests, bare)
    found = [seen.judge(row.job, row) for row in sorted(tests.values(), key=lambda row: row.test.name)]
    return found + [seen.judge(job) for job in sorted(bare, key=lambda job: job.key)]


def _failed(number: int, sha: str) -> tuple[dict[int, TestFailure], list[Job]]:
    """Return the tests that failed on a head, each where it did last, and the jobs that failed without one."""
    jobs = Job.objects.filter(build__pull_number=number, build__version=sha, result__in=BAD_RESULTS)
    red = list(jobs.exclude(cause="").select_related("build").order_by("-finished_at", "-pk"))  # "": not looked at yet
    rows = TestFailure.objects.filter(build__pull_number=number, build__version=sha).order_by("-at", "-pk")
    tests: dict[int, TestFailure] = {}
    explained = set()
    for row in rows.select_related("test__failure__ticket", "job__build", "build"):
        explained.add(row.job_id)
        tests.setdefault(row.test_id, row)
    bare: dict[str, Job] = {}
    for job in red:
        if job.pk not in explained:
            bare.setdefault(job.key, job)
    return tests, list(bare.values())


class _Seen:
    """What the rows tell of some failures of a head."""

    def __init__(
        self,
        number: int,
        sha: str,
        own: Collection[int],
        tests: Mapping[int, TestFailure],
        bare: Collection[Job],
    ) -> None:
        self._own = own
        self._head = PullHead.of(number, sha)
        green = Job.objects.filter(build__version=sha, result=Result.SUCCEEDED)
        self._green = set(green.values_list("key", flat=True))
        jobs = [*bare, *(row.job for row in tests.values())]
        self._since = _since(tests.values(), bare, self._head)
        self._patterns = _patterns(jobs)
        self._runs = _runs({job.key for job in jobs}, sha, self._since) if tests else {}
        self._bad = _sick(jobs)
        self._lately, self._before, self._times = _elsewhere(tests, number, self._since) if tests else ({}, set(), {})
        self._red = _red_on_branches({job.key for job in bare}, self._since) if bare else []

    def judge(self, job: Job, row: TestFailure | None = None) -> Judged:
        """Judge one failure."""
        evidence = self._of_test(row) if row else self._of_job(job)
        return Judged(job, row, evidence, verdict(evidence))

    def _of_test(self, row: TestFailure) -> Evidence:
        ticket, closed = _ticket(row)
        return Evidence(
            cause=row.job.cause if row.job.cause in MACHINERY else Cause.TEST,
            ticket=ticket or self._patterns.get(row.job_id, ""),
            ticket_closed=closed,
            passed_again=row.job.key in self._green,
            reached=reaches(row.job.key.rpartition(".")[2], self._head.files) if self._head else False,
            runs=self._runs.get(row.job.key, 0),
            bad_machine=self._machine(row.job),
            times=self._times.get(row.test_id, 1),
            touched=touched(name_of(row.test.name).key, self._head.files) if self._head else "",
            **self._of_others(row),
        )

    def _of_others(self, row: TestFailure) -> dict[str, Any]:
        others = [each for each in self._lately.get(row.test_id, []) if each.at <= row.at]
        lately = [each for each in others if row.at - WEEK <= each.at]
        red = [each for each in others if self._is_red(each, row)]
        return {
            "builds": len({each.build_id for each in lately}),
            "branches": _branches(lately),
            "on_branches": _branches(red),
            "red_builds": len({each.build_id for each in red}),
            "on_others": len({each.build.pull_number for each in lately} - {None, *self._own}),
            "seen_before": row.test_id in self._before or bool(others),
        }

    def _is_red(self, other: TestFailure, row: TestFailure) -> bool:
        on_branch = other.build.scope == Build.Scope.BRANCH and other.job.key == row.job.key
        return on_branch and self._is_before(other.build, row.at)

    def _of_job(self, job: Job) -> Evidence:
        red = [each for each in self._red if (each.key, each.cause) == (job.key, job.cause)]
        return Evidence(
            cause=job.cause or Cause.UNKNOWN,
            is_test=False,
            ticket=self._patterns.get(job.pk, ""),
            on_branches=_branches(each for each in red if self._is_before(each.build, _ended(job))),
            passed_again=job.key in self._green,
            bad_machine=self._machine(job),
        )

    def _machine(self, job: Job) -> str:
        return job.worker_name if job.agent_id in self._bad else ""

    def _is_before(self, build: Build, failed_at: datetime) -> bool:
        """Tell whether a branch's build is of a commit that the pull request has, or may have, and not an old one.

        Where it is not known when the pull request left its branch, the time at which it failed has to do.
        """
        at = build.queued_at or build.changed_at
        until = min(self._head.base_at + LAG, failed_at) if self._head else failed_at
        base_at = self._head.base_at if self._head else failed_at
        return base_at - WEEK <= at <= until


def _since(tests: Iterable[TestFailure], bare: Iterable[Job], head: PullHead | None) -> datetime:
    """Return from when on it counts what failed elsewhere."""
    known = [head.base_at] if head else []
    return min([*(row.at for row in tests), *map(_ended, bare), *known]) - WEEK


def _patterns(jobs: Iterable[Job]) -> dict[int, str]:
    hits = PatternHit.objects.filter(job__in=[job.pk for job in jobs]).select_related("failure__pattern")
    return {hit.job_id: str(hit.failure.pattern) for hit in hits.order_by("-pk")}


def _sick(jobs: Collection[Job]) -> set[int]:
    return bad_agents({job.agent_id for job in jobs if job.agent_id}, max(map(_ended, jobs)))


def _elsewhere(
    tests: Mapping[int, TestFailure], number: int, since: datetime
) -> tuple[dict[int, list[TestFailure]], set[int], dict[int, int]]:
    """Return the failures of these tests elsewhere since then, the tests that failed before, and how often here."""
    rows = TestFailure.objects.filter(test__in=tests)
    others = rows.exclude(build__pull_number=number)
    lately: dict[int, list[TestFailure]] = defaultdict(list)
    of_build = ("scope", "branch", "pull_number", "queued_at", "changed_at")
    needed = ("test", "at", "job__key", *(f"build__{name}" for name in of_build))
    for row in others.filter(at__gte=since).select_related("job", "build").only(*needed):
        lately[row.test_id].append(row)
    times: dict[int, int] = defaultdict(int)
    for test in rows.filter(build__pull_number=number).values_list("test_id", flat=True):
        times[test] += 1
    return lately, set(others.filter(at__lt=since).values_list("test_id", flat=True).distinct()), times


def _runs(keys: Collection[str], sha: str, since: datetime) -> dict[str, int]:
    """Return how often jobs passed elsewhere in the week that began then."""
    rows = Job.objects.filter(key__in=keys, result=Result.SUCCEEDED, finished_at__range=(since, since + WEEK))
    return dict(rows.exclude(build__version=sha).order_by().values_list("key").annotate(Count("pk")))


def _red_on_branches(keys: Collection[str], since: datetime) -> list[Job]:
    of_branch = Q(build__scope=Build.Scope.BRANCH, build__queued_at__gte=since, build__result__in=BAD_RESULTS)
    rows = Job.objects.filter(of_branch, key__in=keys, result__in=BAD_RESULTS).select_related("build")
    return list(rows.only("key", "cause", "build__scope", "build__branch", "build__queued_at", "build__changed_at"))


def _branches(failed: Iterable[TestFailure | Job]) -> tuple[str, ...]:
    return tuple(sorted({each.build.branch for each in failed if each.build.scope == Build.Scope.BRANCH}))


def _ended(job: Job) -> datetime:
    return job.finished_at or job.build.changed_at


def _ticket(row: TestFailure) -> tuple[str, bool]:
    failure = getattr(row.test, "failure", None)
    ticket = failure.ticket if failure else None
    return (str(ticket), ticket.closed) if ticket else ("", False)
