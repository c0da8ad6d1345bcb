"""Commits that both services built, as they are compared: their builds, and the last attempts of their jobs."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from agents.failures.match import name_of
from agents.failures.touched import docs_only
from agents.migration.agreement import BuildSeen, JobSeen
from agents.models import Build, Failure, Job, PullHead, TestFailure
from agents.models.builds import BAD_RESULTS, Provider, Result

Subject = tuple[str, str, int]  # sha, branch, number of the pull request
OF_BUILDS = (
    *("provider", "definition", "definition_id", "workflow", "repository", "branch", "version", "reason", "scope"),
    *("pull_number", "status", "result", "queued_at", "finished_at", "jobs_pending"),
)


@dataclass(frozen=True)
class Commit:
    """The builds of a commit of a branch, or of a pull request's head."""

    subject: Subject
    azure: list[Build]
    actions: list[Build]

    @property
    def builds(self) -> list[Build]:
        """Return those of both services."""
        return [*self.azure, *self.actions]


class _Attempt(NamedTuple):
    """One attempt of a job, as it is read: there are many, and models take long to make."""

    build: int
    pk: int
    key: str
    name: str
    status: str
    result: str
    cause: str
    worker: str
    started_at: datetime | None
    log: int | None
    wait: int | None
    seconds: int | None


FACTS = (
    *("build_id", "pk", "key", "name", "status", "result", "cause", "worker_name", "started_at", "log_id"),
    *("wait_seconds", "run_seconds"),
)


def commits(shas: Iterable[str]) -> list[Commit]:
    """Return the commits that both services built: one query."""
    found: dict[Subject, Commit] = {}
    builds = Build.objects.filter(version__in=list(shas)).exclude(scope=Build.Scope.OTHER)
    for build in builds.only(*OF_BUILDS):
        is_pull = build.scope == Build.Scope.PULL
        if is_pull and not build.pull_number:
            continue
        subject = (build.version, "" if is_pull else build.branch, build.pull_number or 0)
        commit = found.setdefault(subject, Commit(subject, [], []))
        (commit.azure if build.provider == Provider.AZURE else commit.actions).append(build)
    return [commit for commit in found.values() if commit.azure and commit.actions]


def seen(builds: Sequence[Build]) -> dict[int, BuildSeen]:
    """Return the builds with the last attempts of their jobs, and the tests that failed in those: two queries."""
    tests: dict[int, list[str]] = defaultdict(list)
    for job, name in TestFailure.objects.filter(build__in=builds).values_list("job_id", "test__name"):
        tests[job].append(name_of(name).key)
    attempts: dict[int, dict[str, list[_Attempt]]] = defaultdict(lambda: defaultdict(list))
    jobs = Job.objects.filter(build__in=builds).order_by("stage_key", "order", "key", "attempt")
    for row in map(_Attempt._make, jobs.values_list(*FACTS)):
        attempts[row.build][row.key].append(row)
    return {
        build.pk: BuildSeen(
            build.status,
            _result(build, build.result),
            tuple(_job(build, each, tests[each[-1].pk]) for each in attempts[build.pk].values()),
            jobs_known=not build.jobs_pending,
        )
        for build in builds
    }


def known_tests(builds: Iterable[BuildSeen]) -> set[str]:
    """Return those of the failed tests that a ticket names."""
    tests = {test for build in builds for job in build.jobs for test in job.tests}
    if not tests:
        return set()
    return set(Failure.objects.filter(key__in=tests, ticket__isnull=False).values_list("key", flat=True))


def of_documents(found: Iterable[Commit]) -> set[Subject]:
    """Return the heads of pull requests that change documentation alone, as far as it is known what they change."""
    pulls = {(sha, number): (sha, branch, number) for sha, branch, number in (each.subject for each in found) if number}
    heads = PullHead.objects.filter(sha__in=[sha for sha, _ in pulls]) if pulls else ()
    return {
        pulls[head.sha, head.number] for head in heads if (head.sha, head.number) in pulls and docs_only(head.files)
    }


def _result(build: Build, result: str) -> str:
    """Return a result as it is compared: what Actions calls neutral neither passed nor failed."""
    neutral = build.provider == Provider.ACTIONS and result == Result.PARTIAL
    return Result.SKIPPED.value if neutral else result


def _job(build: Build, attempts: Sequence[_Attempt], tests: Sequence[str]) -> JobSeen:
    job = attempts[-1]
    failed_before = any(each.result in BAD_RESULTS for each in attempts[:-1])
    return JobSeen(
        name=job.name,
        status=job.status,
        result=_result(build, job.result),
        cause=job.cause,
        ran=bool(job.worker or job.started_at or job.log),
        key=job.key,
        wait=job.wait,
        seconds=job.seconds,
        tests=tuple(tests),
        flaked=failed_before and job.result == Result.SUCCEEDED,
    )
