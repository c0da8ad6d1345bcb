"""What is known of a head for Flink's rule of merging, from rows alone: its jobs' runs, and what has landed since."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from agents.failures.evidence import Judged
from agents.failures.rules import Cause
from agents.migration.authority import PULLS, Decisions
from agents.models import Build, Commit, Job, PullHead, TestFailure
from flinkci_dashboard.clients.providers import BUILDS_PULLS
from flinkci_dashboard.names import branch_name
from sync.merging.stages import RED, Readiness, Run, readiness
from sync.models import PullRequest

LANDED = 10  # commits that are named
FIELDS = (
    *("build_id", "pk", "key", "name", "result", "status", "attempt", "order", "run_seconds", "cause"),
    *("build__provider", "build__external_id", "build__web_url", "build__result", "build__queued_at"),
)


@dataclass(frozen=True)
class Landed:
    """What has come into the base branch since a time, as far as the mirror saw it."""

    since: datetime
    is_base: bool  # that is when the head left the branch
    commits: list[Commit]  # the newest first
    count: int


def builds_of_head(pull: PullRequest) -> QuerySet[Build]:
    """Return all builds of a pull request's head, on whichever service."""
    ours = Q(pull_number=pull.number, branch=branch_name(pull.number, pull.head_sha))
    others = Q(version=pull.head_sha) & ~Q(provider=BUILDS_PULLS) & ~Q(reason=Build.Reason.SCHEDULE)
    return Build.objects.filter(ours | others)


def readiness_of(pull: PullRequest, judged: Iterable[Judged]) -> Readiness:
    """Judge a pull request's head by the rule; `judged` are its failures. Five queries."""
    builds = list(builds_of_head(pull).values_list("pk", flat=True))
    jobs = list(Job.objects.filter(build__in=builds).order_by("order", "key").values(*FIELDS))
    red = [job["pk"] for job in jobs if job["result"] in RED and job["cause"] in ("", Cause.TEST)]
    told = [each for each in judged if each.verdict.word == "known"]
    known = _all_known(red, {each.failure.test_id for each in told if each.failure})
    known |= {each.job.pk for each in told if not each.failure}  # by a pattern of log lines
    runs = [_run(job, job["pk"] in known) for job in jobs]
    head = head_of(pull)
    return readiness(pull.head_sha, runs, set(Decisions().providers(PULLS)), head.files if head else ())


def landed_since(pull: PullRequest, found: Readiness) -> Landed | None:
    """Return what has landed on its branch since its head left that, or else since the first linked build was queued.

    None where neither is known, or the branch is not.
    """
    head = head_of(pull)
    since = head.base_at if head else found.since
    if since is None or not Commit.objects.filter(branch=pull.base).exists():
        return None
    rows = Commit.objects.filter(branch=pull.base, at__gt=since)
    return Landed(since, head is not None, list(rows.order_by("-order")[:LANDED]), rows.count())


def head_of(pull: PullRequest) -> PullHead | None:
    """Return what is known of what the head changes."""
    return PullHead.of(pull.number, pull.head_sha)


def _all_known(jobs: Collection[int], tests: set[int]) -> set[int]:
    """Return the jobs in which tests failed, and none that is not known."""
    failed: dict[int, set[int]] = defaultdict(set)
    for job, test in TestFailure.objects.filter(job__in=jobs).values_list("job_id", "test_id") if tests else ():
        failed[job].add(test)
    return {job for job, found in failed.items() if found <= tests}


def _run(job: dict, known: bool) -> Run:
    return Run(
        provider=job["build__provider"],
        key=job["key"],
        name=job["name"],
        state=job["result"] or job["status"],
        build=job["build__external_id"],
        url=job["build__web_url"],
        build_state=job["build__result"],
        queued_at=job["build__queued_at"],
        attempt=job["attempt"],
        order=job["order"],
        seconds=job["run_seconds"],
        known=known,
        job=job["pk"],
    )
