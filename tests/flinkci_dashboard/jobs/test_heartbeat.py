"""The worker's sign of life, and a machine whose clock is set while it works."""

import socket
from datetime import timedelta

import pytest
from django.utils import timezone

from flinkci_dashboard.alerts.findings import Limits
from flinkci_dashboard.jobs.alerts import RULES, findings
from flinkci_dashboard.jobs.health import overdue, worker_problem
from flinkci_dashboard.jobs.heartbeat import Heartbeat
from flinkci_dashboard.models import JobRun, JobSchedule, Worker

pytestmark = pytest.mark.django_db
DAYS = timedelta(days=3)


def test_beats_in_time_tell_of_no_step():
    heart, now = Heartbeat(), timezone.now()
    for seconds in (0, 10, 21, 29):
        heart.beat(now + timedelta(seconds=seconds), 500 + seconds)
    worker = Worker.objects.get()
    assert (worker.clock_moved_at, worker.seen_at) == (None, now + timedelta(seconds=29))


def test_each_hosts_disk_is_judged_wherever_alerts_are_sent_from():
    now = timezone.now()
    Heartbeat().beat(now, 500)
    facts = {"pid": 1, "started_at": now, "disk_free": 2.0}
    Worker.objects.create(host="elsewhere", seen_at=now, **facts)
    Worker.objects.create(host="switched-off", seen_at=now - DAYS, **facts)
    found = [each for each in findings(now, Limits({rule.name: rule for rule in RULES})) if each.rule == "disk"]
    assert [each.subject for each in found if each.subject != socket.gethostname()] == ["elsewhere"]


def test_a_long_silence_of_the_process_is_no_step():
    heart, now = Heartbeat(), timezone.now()
    heart.beat(now, 500)
    heart.beat(now + timedelta(hours=2), 500 + 7200)
    assert Worker.objects.get().clock_moved_at is None


@pytest.mark.parametrize("step", [DAYS, -DAYS])
def test_a_clock_that_is_set_is_noted_and_the_workers_start_goes_along(step, member):
    heart, now = Heartbeat(), timezone.now()
    started = heart.started
    heart.beat(now - step, 500)
    heart.beat(now + timedelta(seconds=10), 510)
    worker = Worker.objects.get()
    assert (worker.clock_moved_at, worker.clock_moved_by) == (now + timedelta(seconds=10), step.total_seconds())
    assert worker.started_at == started + step
    page = member.get("/jobs/").content.decode()
    assert ("was set back by 3 d" if step < timedelta(0) else "was set forward by 3 d") in page


def test_a_clock_that_was_set_back_between_two_processes_is_noted():
    now = timezone.now()
    Heartbeat().beat(now + DAYS, 500)
    Heartbeat().beat(now, 20)
    assert Worker.objects.get().clock_moved_by == -DAYS.total_seconds()


def test_what_a_clock_that_was_ahead_has_written_hides_no_silence():
    now = timezone.now()
    Worker.objects.create(host="a", pid=1, started_at=now + DAYS, seen_at=now + DAYS)
    assert "no worker has reported" in worker_problem(now)
    Worker.objects.create(host="b", pid=1, started_at=now - DAYS, seen_at=now)
    JobSchedule.objects.create(job="prune", interval=60)
    JobRun.objects.create(job="prune", started_at=now - DAYS, ended_at=now - DAYS, outcome="ok")
    JobRun.objects.create(job="prune", started_at=now + DAYS, ended_at=now + DAYS, outcome="ok")
    assert overdue(now) == ["prune"]
    assert "overdue" in worker_problem(now)
