"""Timelines become rows of jobs: since when each attempt waited."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from agents.builds.timelines import known_rows, save_timelines
from agents.machines.places import Places
from agents.models import Build, Job
from flinkci_dashboard.clients.facts import Issue, JobFacts, Result, Status, Timeline
from tests.machines import make_build

pytestmark = pytest.mark.django_db
FIRST = JobFacts(
    key="ci.test_ci.core",
    record_id="one",
    name="test_ci core",
    stage_key="ci",
    attempt=1,
    order=1,
    status=Status.FINISHED,
    result=Result.FAILED,
    ready_at=None,
    started_at=None,
    finished_at=None,
    worker_name="",
    queue_id=None,
    log_id=None,
    failed_log_ids=(),
    errors=0,
    warnings=0,
    issues=(),
)


@pytest.fixture
def start():
    """When the build was ready for its first attempt: six hours ago."""
    return timezone.now() - timedelta(hours=6)


def save(build: Build, *jobs: JobFacts) -> None:
    timeline = Timeline((), jobs, ())
    save_timelines(build, [timeline], known_rows([build])[build.pk], Places(timezone.now()), timezone.now())


def attempts(start, ready_again: timedelta | None):
    """Return a first attempt that ended after an hour, and a second that began three hours later."""
    first = replace(FIRST, ready_at=start, started_at=start, finished_at=start + timedelta(hours=1))
    again = start + timedelta(hours=4, minutes=2)
    ready_at = None if ready_again is None else start + ready_again
    second = replace(FIRST, attempt=2, status=Status.RUNNING, result=Result.NONE, ready_at=ready_at, started_at=again)
    return first, second


@pytest.mark.parametrize(
    "ready_again, retried, wait",
    [
        (timedelta(), timedelta(hours=4), 120),  # the phase began with the first attempt
        (timedelta(hours=4, minutes=1), timedelta(hours=4), 60),  # the phase began anew
        (None, timedelta(hours=4), 120),
        (timedelta(), timedelta(hours=4, minutes=3), 0),  # we saw it late
        (timedelta(), None, None),  # nobody saw it
    ],
)
def test_a_job_that_runs_again_waits_from_the_retry(start, ready_again, retried, wait):
    build = make_build(status="running", result="", finished_at=None, retried_at=retried and start + retried)
    save(build, *attempts(start, ready_again))
    assert Job.objects.get(attempt=2).wait_seconds == wait
    assert Job.objects.get(attempt=1).wait_seconds == 0


def test_a_wait_that_is_known_is_not_lost_by_a_third_attempt(start):
    build = make_build(status="running", result="", finished_at=None, retried_at=start + timedelta(hours=4))
    first, second = attempts(start, timedelta())
    save(build, first, second)
    build.retried_at = timezone.now()
    save(build, first, replace(second, status=Status.FINISHED, result=Result.FAILED, finished_at=timezone.now()))
    assert Job.objects.get(attempt=2).wait_seconds == 120


def test_the_second_attempt_counts_from_the_retry_although_the_first_is_told_after_it(start):
    build = make_build(status="running", result="", finished_at=None, retried_at=start + timedelta(hours=4))
    save(build, *reversed(attempts(start, timedelta())))
    assert Job.objects.get(attempt=2).wait_seconds == 120


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        ("The build was canceled by Foo.", "cancelled"),
        ("", "cancelled"),
        ("ran longer than the maximum time of 9 minutes", "timeout"),
    ],
)
def test_a_cancelled_job_says_why_as_its_service_does(message, cause):
    build = make_build(result="canceled")
    issues = (Issue(True, message),) if message else ()
    save(build, replace(FIRST, result=Result.CANCELED, issues=issues))
    job = Job.objects.get()
    assert (job.cause, job.cause_line, job.tests_pending) == (cause, message, False)


def test_what_was_found_of_a_failed_job_stays_when_its_timeline_is_read_again():
    build = make_build(result="failed")
    save(build, FIRST)
    Job.objects.update(cause="disk", cause_line="No space left on device")
    save(build, replace(FIRST, order=2))
    job = Job.objects.get()
    assert (job.cause, job.cause_line, job.order) == ("disk", "No space left on device", 2)


def test_what_a_request_told_while_the_timeline_was_read_is_kept(start):
    build = make_build(status="running", result="", finished_at=None)
    waits = replace(FIRST, status=Status.QUEUED, result=Result.NONE, ready_at=start)
    save(build, waits)
    known = known_rows([build])[build.pk]
    asked_for = start + timedelta(minutes=5)
    Job.objects.update(queued_at=asked_for, queued_exactly=True, wait_seconds=None)
    runs = replace(waits, status=Status.RUNNING, started_at=start + timedelta(minutes=6))
    save_timelines(build, [Timeline((), (runs,), ())], known, Places(timezone.now()), timezone.now())
    job = Job.objects.get()
    assert (job.status, job.queued_at, job.wait_seconds) == ("running", asked_for, 60)
