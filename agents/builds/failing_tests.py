"""Which tests failed in failed jobs: from the results that the build published, else from the end of the job's log."""

from collections import defaultdict

from django.db import transaction
from django.db.models import Count

from agents.builds.log_tail import MAX_MESSAGE, MAX_NAME, TAIL_LINES, failing_tests
from agents.models import Build, Job, Test, TestFailure
from flinkci_dashboard.clients.errors import NotAuthorizedError, NotFoundError, ServiceError, ThrottledError
from flinkci_dashboard.clients.facts import TestFailureFacts
from flinkci_dashboard.clients.providers import CIService
from flinkci_dashboard.jobs.run import Pass

BUILDS = 20  # builds whose failures are looked up in one pass
Found = list[tuple[str, str]]  # test, message
Source = TestFailure.Source


def find_failing_tests(current: Pass, service: CIService) -> None:
    """Look up the failures of jobs that failed since; once for each job, while the service has results and logs."""
    for build, jobs in _waiting(service.provider).items():
        try:
            found = _look(service, build, jobs)
        except NotFoundError:
            found = {}
        except ServiceError as error:
            current.fail(f"Test failures of build {build}: {error}")
            if isinstance(error, NotAuthorizedError | ThrottledError):
                return
            continue
        if saved := _save(build, jobs, found):
            current.count("test_failures", saved)


def _waiting(provider: str) -> dict[Build, list[Job]]:
    pending = Job.objects.filter(tests_pending=True, build__provider=provider)
    ids = pending.order_by("-build_id").values_list("build_id", flat=True).distinct()
    by_build: dict[Build, list[Job]] = defaultdict(list)
    for job in pending.filter(build__in=list(ids[:BUILDS])).select_related("build"):
        by_build[job.build].append(job)
    return by_build


def _look(service: CIService, build: Build, jobs: list[Job]) -> dict[Job, tuple[Source, Found]]:
    published = service.test_failures(build.external_id)
    found = {job: (Source.RESULTS, _published_for(job, jobs, published)) for job in jobs}
    silent = [job for job in jobs if not found[job][1]]
    sizes = {log.log_id: log.lines for log in service.logs(build.external_id)} if silent else {}
    for job in silent:
        log_id = job.failed_log_id or job.log_id
        if log_id is not None and (size := sizes.get(log_id)):
            tail = service.log_lines(build.external_id, log_id, max(size - TAIL_LINES, 0) + 1, size)
            found[job] = (Source.LOG, [(failure.test, failure.message) for failure in failing_tests(tail)])
    return found


def _published_for(job: Job, jobs: list[Job], published: list[TestFailureFacts]) -> Found:
    """Return the failures of one attempt of a job; what names no job belongs to the only failed one."""
    return [
        (failure.test, failure.message)
        for failure in published
        if (_same_job(job, failure) if failure.job_key else len(jobs) == 1) and failure.attempt in (None, job.attempt)
    ]


def _same_job(job: Job, failure: TestFailureFacts) -> bool:
    """Compare with the job's key in both of its forms: whole, or below its stage."""
    named = failure.job_key.removesuffix(".__default")
    key = job.key.removesuffix(".__default")
    return named in (key, key.removeprefix(f"{job.stage_key}."), key.rpartition(".")[2]) and failure.stage_key in (
        "",
        job.stage_key,
    )


@transaction.atomic
def _save(build: Build, jobs: list[Job], found: dict[Job, tuple[Source, Found]]) -> int:
    names = {test[:MAX_NAME] for _, failures in found.values() for test, _ in failures}
    Test.objects.bulk_create([Test(name=name) for name in names], ignore_conflicts=True)
    tests = {test.name: test for test in Test.objects.filter(name__in=names)}
    rows = {
        (job.pk, test): TestFailure(
            test=tests[test[:MAX_NAME]],
            job=job,
            build=build,
            at=job.finished_at or build.changed_at,
            message=message[:MAX_MESSAGE],
            source=source,
        )
        for job, (source, failures) in found.items()
        for test, message in failures
    }
    TestFailure.objects.bulk_create(rows.values(), ignore_conflicts=True)
    Job.objects.filter(pk__in=[job.pk for job in jobs]).update(tests_pending=False)
    latest = TestFailure.objects.filter(build=build, job__latest=True)
    failed = latest.aggregate(tests=Count("test", distinct=True))["tests"]
    Build.objects.filter(pk=build.pk).update(failed_tests=min(failed, 32767))
    return len(rows)
