"""Tasks and requests: what is queued when, which pass serves whom, and what is answered."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from django_q.models import OrmQ

from flinkci_dashboard.jobs.locks import exclusive
from flinkci_dashboard.jobs.run import enqueue_due, request, run_pass, work
from flinkci_dashboard.models import JobRequest, JobRun, JobSchedule

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("test_job")]


def test_due_jobs_are_queued_once_and_not_again_before_their_time():
    now = timezone.now()
    JobSchedule.objects.create(job="try", interval=15, next_run_at=now)
    assert enqueue_due(now) == ["try"]
    assert enqueue_due(now + timedelta(seconds=14)) == []
    assert enqueue_due(now + timedelta(seconds=15)) == ["try"]
    assert OrmQ.objects.count() == 2


def test_two_hosts_never_queue_the_same_run():
    now = timezone.now()
    JobSchedule.objects.create(job="try", interval=15, next_run_at=now)
    mine, theirs = JobSchedule.objects.get(), JobSchedule.objects.get()
    assert mine.claim(now)
    assert not theirs.claim(now)


def test_a_disabled_job_is_not_queued():
    JobSchedule.objects.create(job="try", interval=15, enabled=False)
    assert enqueue_due(timezone.now()) == []


def test_a_task_redelivered_long_after_is_dropped():
    queued = timezone.now() - timedelta(hours=3)
    assert work("try", "schedule", queued.isoformat()) == "overtaken"
    assert not JobRun.objects.exists()


def test_a_request_is_answered_by_the_pass_that_serves_it(test_job):
    asked = request("try", User.objects.create_user("pmc"), "reset-branch", "release-1.9")

    def engine(current):
        assert current.forced
        current.answer(current.requests[0], "Reset.")

    test_job(engine)
    run_pass("try", "button")
    asked.refresh_from_db()
    assert asked.answer == "Reset."
    assert asked.settled_at


def test_a_request_made_during_a_pass_is_served_by_the_next_one():
    schedule = JobSchedule.objects.create(job="try", interval=3600, next_run_at=timezone.now() + timedelta(hours=1))
    with exclusive("try"):
        request("try", None)
        assert work("try", "button", timezone.now().isoformat()) == "already running"
    schedule.refresh_from_db()
    assert schedule.next_run_at < timezone.now() + timedelta(seconds=5)
    assert JobRequest.objects.get().settled_at is None


@pytest.mark.parametrize("queued", [timedelta(seconds=-20), timedelta(seconds=-1)])
def test_a_task_that_waited_while_another_pass_began_and_ended_finds_its_work_done(queued):
    begun = timezone.now()
    run_pass("try", "schedule")
    assert work("try", "schedule", (begun + queued).isoformat()) == "served"
    assert JobRun.objects.count() == 1


def test_ten_tasks_behind_a_busy_worker_are_one_pass():
    for _ in range(10):
        request("try", None)
    queued = timezone.now().isoformat()
    assert [work("try", "button", queued) for _ in range(10)] == ["ok", *["served"] * 9]
    assert not JobRequest.objects.filter(settled_at=None).exists()


def test_a_pass_that_began_before_a_task_was_queued_does_not_serve_it():
    run_pass("try", "schedule")
    assert work("try", "schedule", timezone.now().isoformat()) == "ok"


def test_a_pass_under_way_or_of_another_job_serves_nobody():
    queued = timezone.now()
    JobRun.objects.create(job="try")
    JobRun.objects.create(job="prune", ended_at=timezone.now())
    assert work("try", "schedule", queued.isoformat()) == "ok"


def test_a_pass_that_a_wrong_clock_dates_into_the_future_serves_nobody():
    ahead = timezone.now() + timedelta(days=3)
    JobRun.objects.create(job="try", started_at=ahead, ended_at=ahead)
    assert work("try", "schedule", timezone.now().isoformat()) == "ok"


def test_an_open_request_gets_its_pass_however_its_task_was_served(test_job):
    queued = timezone.now()
    run_pass("try", "schedule")
    asked = JobRequest.objects.create(job="try", requested_at=timezone.now())
    assert work("try", "button", queued.isoformat()) == "ok"
    asked.refresh_from_db()
    assert asked.answer == "Done."


def test_a_task_of_a_job_that_is_gone_is_dropped():
    assert work("gone", "schedule", timezone.now().isoformat()) == "overtaken"


@pytest.mark.parametrize(
    ("engine", "answer"),
    [
        (lambda current: None, "Done."),
        (lambda current: current.fail("#7: somebody else's"), "The pass failed: the job's page tells why."),
        (
            lambda current: (current.count("x"), current.fail("#7: somebody else's")),
            "The pass ended, and parts of it failed: the job's page tells which.",
        ),
    ],
)
def test_a_button_is_not_answered_with_the_errors_of_others(test_job, engine, answer):
    test_job(engine)
    asked = request("try", None)
    run_pass("try", "button")
    asked.refresh_from_db()
    assert asked.answer == answer


def test_a_request_for_a_disabled_job_whose_task_got_lost_still_makes_it_run():
    now = timezone.now()
    JobSchedule.objects.create(job="try", interval=15, enabled=False, next_run_at=now - timedelta(days=9))
    asked = JobRequest.objects.create(job="try", requested_at=now)
    assert enqueue_due(now) == [], "its own task is on the way"
    later = now + timedelta(minutes=2)
    assert enqueue_due(later) == ["try"]
    assert enqueue_due(later + timedelta(seconds=1)) == [], "not each second"
    assert work("try", "schedule", timezone.now().isoformat()) == "ok"
    asked.refresh_from_db()
    assert asked.settled_at
    assert enqueue_due(later + timedelta(hours=1)) == []


def test_what_is_asked_of_a_job_that_is_switched_off_is_answered_at_once():
    schedule = JobSchedule.objects.create(job="try", interval=15, enabled=False)
    asked = request("try", None, "retry", "7")
    assert "switched off" in asked.answer and asked.settled_at
    assert request("try", None).settled_at is None, "its own button makes it run"
    schedule.enabled = True
    schedule.save()
    assert request("try", None, "retry", "7").settled_at is None


def test_what_nobody_did_before_a_job_was_switched_off_is_answered_and_does_not_make_it_run():
    now = timezone.now()
    JobSchedule.objects.create(job="try", interval=15, enabled=False, next_run_at=now)
    JobRequest.objects.create(job="try", act="retry", subject="7", requested_at=now - timedelta(minutes=2))
    assert enqueue_due(now) == []
    assert "switched off" in JobRequest.objects.get().answer
    assert JobRequest.objects.get().settled_at


@pytest.mark.parametrize("days", [-1, 1])
def test_a_request_for_a_job_that_is_not_here_is_answered_soon_whatever_the_clock_did(days):
    now = timezone.now()
    JobRequest.objects.create(job="gone", requested_at=now + timedelta(days=days))
    enqueue_due(now)
    assert "no such job" in JobRequest.objects.get().answer
    assert JobRequest.objects.get().settled_at


@pytest.mark.parametrize(("ahead", "due"), [(0, True), (10, False), (15, False), (60, True), (3 * 86_400, True)])
def test_a_next_run_that_a_wrong_clock_put_off_is_due_now(ahead, due):
    now = timezone.now()
    JobSchedule.objects.create(job="try", interval=15, next_run_at=now + timedelta(seconds=ahead))
    assert enqueue_due(now) == (["try"] if due else [])
    assert JobSchedule.objects.get().next_run_at <= now + timedelta(seconds=15)
