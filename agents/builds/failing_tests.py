"""Which tests failed in failed jobs, by published results or the log's end; and why the jobs failed, by the log."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Q

from agents.builds.causes import NO_TAIL, cause_of, save_cause
from agents.builds.log_tail import (
    MAX_MESSAGE,
    MAX_NAME,
    TAIL_LINES,
    Failure,
    case_of,
    failing_tests,
    plain,
    with_case,
    without_case,
)
from agents.builds.observe import note, watermark
from agents.failures.causes import Found
from agents.failures.far import cause_far_back
from agents.failures.most_tests import most_failed, most_failed_in_log, title
from agents.failures.packages import with_packages
from agents.failures.rules import Cause
from agents.histories.paces import note_paces
from agents.models import Build, Job, StaleCommit, Test, TestFailure
from agents.patterns.kept import save_extracts
from flinkci_dashboard.clients.errors import NotAuthorizedError, NotFoundError, ServiceError, ThrottledError
from flinkci_dashboard.clients.facts import Tail, TestFailureFacts
from flinkci_dashboard.clients.providers import CIService
from flinkci_dashboard.jobs.run import Pass

BUILDS = 20  # builds whose failures are looked up in one pass
PLAIN = ".__default"  # how the key of a job ends that is no part of a matrix
TRY_AGAIN = timedelta(minutes=10)  # after a look that failed, or that found less than the jobs promise
Source = TestFailure.Source


@dataclass
class Look:
    """What was found of one build."""

    found: dict[Job, tuple[Source, list[Failure]]]  # each test once
    tails: dict[Job, Tail] = field(default_factory=dict)
    causes: dict[Job, Found] = field(default_factory=dict)
    complete: bool = True  # no log is missing that the build's jobs name
    seconds: dict[str, float] = field(default_factory=dict)  # that published tests ran: the longest case counts


def find_failing_tests(
    current: Pass, provider: str, service_of: Callable[[Build], CIService], most: int = BUILDS
) -> None:
    """Look up the failures of jobs that failed since; once for each job, while the service has results and logs.

    `service_of` returns whom to ask about a build; `most` is how many builds are looked at.
    """
    for build, jobs in _waiting(provider, current.now, most).items():
        try:
            look = _look(service_of(build), build, jobs)
        except NotFoundError:
            look = Look({}, complete=False)
        except ServiceError as error:
            Build.objects.filter(pk=build.pk).update(tests_tried_at=current.now)
            current.fail(f"Test failures of build {build}: {error}")
            if isinstance(error, NotAuthorizedError | ThrottledError):
                return
            continue
        if saved := _save(build, jobs, look, current.now):
            current.count("test_failures", saved)


def _waiting(provider: str, now: datetime, most: int) -> dict[Build, list[Job]]:
    due = Q(build__tests_tried_at=None) | Q(build__tests_tried_at__lt=now - TRY_AGAIN)
    pending = Job.objects.filter(due, tests_pending=True, build__provider=provider)
    ids = pending.order_by("-build_id").values_list("build_id", flat=True).distinct()
    by_build: dict[Build, list[Job]] = defaultdict(list)
    for job in pending.filter(build__in=list(ids[:most])).select_related("build"):
        by_build[job.build].append(job)
    return by_build


def _look(service: CIService, build: Build, jobs: list[Job]) -> Look:
    published = _published(service, build)
    look = Look({job: (Source.RESULTS, _published_of(job, jobs, published)) for job in jobs})
    look.seconds = _lengths(published)
    logs = {job: log_id for job in jobs if (log_id := job.failed_log_id or job.log_id) is not None}
    steps = {log_id: job.failed_step_at for job, log_id in logs.items()}
    tails = service.tails(build.external_id, list(logs.values()), TAIL_LINES, steps)
    for job, log_id in logs.items():
        is_silent = not look.found[job][1]
        look.complete = look.complete and (log_id in tails or not is_silent)
        look.tails[job] = tail = tails.get(log_id, NO_TAIL)
        if is_silent:
            look.found[job] = (Source.LOG, _in_log(job, tail))
    look.causes = {job: _cause(service, build, job, look) for job in jobs}
    return look


def _cause(service: CIService, build: Build, job: Job, look: Look) -> Found:
    """Return why a job failed. What the end of its log does not tell is looked for in the rest of it."""
    _, failed = look.found[job]
    tail = look.tails.get(job, NO_TAIL)
    found = cause_of(job, [each.test for each in failed], tail)
    log_id = job.failed_log_id or job.log_id
    if not found.is_weak or found.cause is Cause.AGENT or tail.first <= 1 or log_id is None:
        return found
    return cause_far_back(service.earlier(build.external_id, log_id, tail.first), found)


def _lengths(published: list[TestFailureFacts]) -> dict[str, float]:
    lengths: dict[str, float] = {}
    for failure in published:
        if failure.seconds is not None:
            name = without_case(failure.test)[:MAX_NAME]
            lengths[name] = max(failure.seconds, lengths.get(name, 0.0))
    return lengths


def _published(service: CIService, build: Build) -> list[TestFailureFacts]:
    """Return the published failures. A token that may not read them is noted, and the logs serve instead."""
    mark = watermark("tests", service.provider)
    try:
        published = service.test_failures(build.external_id)
    except NotAuthorizedError as error:
        note(mark, f"{error} Failing tests are read from logs instead.")
        return []
    note(mark, "")
    return published


def _published_of(job: Job, jobs: list[Job], published: list[TestFailureFacts]) -> list[Failure]:
    """Return the failures of one attempt of a job; what names no job belongs to the only failed one."""
    told = [
        failure
        for failure in published
        if (_same_job(job, failure) if failure.job_key else len(jobs) == 1) and failure.attempt in (None, job.attempt)
    ]
    if told and all(most_failed(failure.run_tests, failure.run_failed) for failure in told):
        return [_one_failure(job, told[0].message)]
    return _each_once(Failure(failure.test, failure.message, case_of(failure.test)) for failure in told)


def _in_log(job: Job, tail: Tail) -> list[Failure]:
    found = failing_tests(tail.lines)
    if found and most_failed_in_log(plain(line) for line in tail.lines):
        return [_one_failure(job, found[0].message)]
    return _each_once(found)


def _one_failure(job: Job, message: str) -> Failure:
    return Failure(title(job.name)[:MAX_NAME], message)


def _each_once(failures: Iterable[Failure]) -> list[Failure]:
    """Make one failure of all cases of a test; the first case tells why."""
    found: dict[str, Failure] = {}
    for failure in failures:
        name = without_case(failure.test)[:MAX_NAME]
        known = found.get(name, Failure(name, failure.message))
        found[name] = Failure(name, known.message, with_case(known.case, failure.case))
    return list(found.values())


def _same_job(job: Job, failure: TestFailureFacts) -> bool:
    """Compare with the job's key in its forms: whole, below its stage, or its last part alone."""
    if failure.stage_key not in ("", job.stage_key):
        return False
    named, key = failure.job_key.removesuffix(PLAIN), job.key.removesuffix(PLAIN)
    return named in (key, key.removeprefix(f"{job.stage_key}."), key.rpartition(".")[2])


@transaction.atomic
def _save(build: Build, jobs: list[Job], look: Look, now: datetime) -> int:
    whole = with_packages({each.test for _, tests in look.found.values() for each in tests})
    failures = {
        (job, whole[each.test]): (source, each) for job, (source, tests) in look.found.items() for each in tests
    }
    names = {name for _, name in failures}
    Test.objects.bulk_create([Test(name=name) for name in names], ignore_conflicts=True)
    tests = Test.objects.in_bulk(names, field_name="name")
    rows = [
        TestFailure(
            test=tests[name],
            job=job,
            build=build,
            at=job.finished_at or build.changed_at,
            message=failure.message[:MAX_MESSAGE],
            case=failure.case,
            source=source,
            seconds=look.seconds.get(name),
        )
        for (job, name), (source, failure) in failures.items()
    ]
    TestFailure.objects.bulk_create(rows, ignore_conflicts=True)
    for job in jobs:
        tail = look.tails.get(job, NO_TAIL)
        save_cause(job, look.causes.get(job) or cause_of(job, (), tail), tail)
    logs = [(job, tail.lines) for job, tail in look.tails.items()]
    save_extracts(logs)
    note_paces(build, logs)
    _settle(build, jobs, look.complete, now)
    return len(rows)


def _settle(build: Build, jobs: list[Job], complete: bool, now: datetime) -> None:
    """Take the jobs for looked at. What should be there and is not is looked for once more, some time later."""
    missing_at = build.tests_missing_at
    StaleCommit.mark([build.version])
    settled = complete or (missing_at is not None and now - missing_at >= TRY_AGAIN)
    if settled:
        Job.objects.filter(pk__in=[job.pk for job in jobs]).update(tests_pending=False)
    latest = TestFailure.objects.filter(build=build, job__latest=True)
    failed = latest.aggregate(tests=Count("test", distinct=True))["tests"]
    Build.objects.filter(pk=build.pk).update(
        failed_tests=min(failed, 32767),
        tests_tried_at=None if settled else now,
        tests_missing_at=None if settled else missing_at or now,
    )
