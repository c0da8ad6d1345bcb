"""Jobs: one pass at a time, each recorded, each request answered."""

import json
from datetime import timedelta
from importlib import import_module
from io import StringIO
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import OperationalError, connection
from django.utils import timezone
from django_q.models import OrmQ

from flinkci_dashboard.clients.secrets import UnreadableSecretError
from flinkci_dashboard.jobs.locks import exclusive
from flinkci_dashboard.jobs.run import ConfigurationError, Pass, enqueue_due, request, run_pass, work
from flinkci_dashboard.jobs.table import JOBS, Job
from flinkci_dashboard.models import JobRequest, JobRun, JobSchedule

pytestmark = pytest.mark.django_db
BOOTSTRAP = "flinkci_dashboard.management.commands.bootstrap"
engine = None  # the body of the test's job


def job(current: Pass) -> None:
    engine(current)


@pytest.fixture(autouse=True)
def test_job(monkeypatch, data_dir):
    monkeypatch.setitem(JOBS, "try", Job("try", "A try", f"{__name__}.job", 15))

    def set_engine(function):
        monkeypatch.setattr(f"{__name__}.engine", function)

    set_engine(lambda current: None)
    return set_engine


def test_a_pass_that_finds_all_in_order_is_ok_and_has_no_counts():
    run = run_pass("try", "schedule")
    assert (run.outcome, run.counts, run.error) == ("ok", {}, "")
    assert run.ended_at >= run.started_at


def test_one_bad_item_makes_a_pass_partial_and_keeps_what_was_done(test_job):
    def engine(current):
        current.count("pushed", 2)
        current.fail("release-1.9: protected branch")

    test_job(engine)
    run = run_pass("try", "schedule")
    assert (run.outcome, run.counts) == ("partial", {"pushed": 2})
    assert run.error == "release-1.9: protected branch"


def test_an_error_fails_the_pass_and_is_masked(test_job, monkeypatch):
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_" + "s3cr3t" * 6)

    def engine(current):
        raise OSError("cannot reach https://x:ghp_" + "s3cr3t" * 6 + "@host/")

    test_job(engine)
    run = run_pass("try", "schedule")
    assert run.outcome == "failed"
    assert "OSError: cannot reach" in run.error
    assert "s3cr3t" not in run.error


def test_only_one_pass_runs_at_a_time():
    with exclusive("try") as held:
        assert held
        assert run_pass("try", "schedule") is None
    assert run_pass("try", "schedule").outcome == "ok"


def test_a_pass_that_was_killed_is_closed_by_the_next():
    lost = JobRun.objects.create(job="try")
    run_pass("try", "schedule")
    lost.refresh_from_db()
    assert lost.outcome == "failed"
    assert "worker ended" in lost.error


def test_a_timed_out_pass_is_recorded_before_the_worker_goes(test_job):
    def engine(current):
        raise SystemExit("Task exceeded maximum timeout value")

    test_job(engine)
    with pytest.raises(SystemExit):
        run_pass("try", "schedule")
    assert JobRun.objects.get().error == "ended early: SystemExit"


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


def test_a_stored_token_that_cannot_be_read_is_a_mistake_in_the_configuration(test_job):
    def engine(current):
        raise UnreadableSecretError

    test_job(engine)
    with pytest.raises(ConfigurationError, match="CREDENTIALS_KEYS"):
        run_pass("try", "schedule")
    assert "CREDENTIALS_KEYS" in JobRun.objects.get().error


@pytest.mark.parametrize(
    ("engine", "status", "outcome"),
    [
        (lambda current: current.count("pushed"), 0, "ok"),
        (lambda current: current.fail("no"), 1, "failed"),
        (lambda current: (current.count("pushed"), current.fail("no")), 1, "partial"),
    ],
)
def test_the_command_prints_one_json_line_and_exits_by_outcome(test_job, engine, status, outcome):
    test_job(engine)
    stdout, stderr, code = _command()
    assert code == status
    assert json.loads(stdout.splitlines()[-1])["outcome"] == outcome
    assert stderr.splitlines() == ([] if status == 0 else ["no"])


def test_the_command_says_when_the_configuration_is_wrong(test_job):
    def engine(current):
        raise ConfigurationError("No mirror is set up: run manage.py bootstrap.")

    test_job(engine)
    stdout, stderr, code = _command()
    assert code == 2
    assert "run manage.py bootstrap" in stderr
    assert json.loads(stdout.splitlines()[-1]) == {"job": "try", "outcome": "failed"}


def test_bootstrap_ends_as_every_job_does(monkeypatch):
    call_command("bootstrap", stdout=(said := StringIO()))
    assert json.loads(said.getvalue().splitlines()[-1]) == {"job": "bootstrap", "outcome": "ok", "channels_refused": 0}

    def create() -> None:
        raise OperationalError("no such table")

    monkeypatch.setattr(f"{BOOTSTRAP}.create_roles", create)
    with pytest.raises(SystemExit) as end:
        call_command("bootstrap", stdout=(said := StringIO()), stderr=(told := StringIO()))
    assert end.value.code == 2 and "is it migrated?" in told.getvalue()
    assert json.loads(said.getvalue()) == {"job": "bootstrap", "outcome": "failed"}


def test_migrating_is_enough_for_the_caches_rows():
    made = import_module("flinkci_dashboard.migrations.0019_cache_table").create
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE django_cache")
    for _ in ("new", "old"):
        made(None, SimpleNamespace(connection=connection))
        assert "django_cache" in connection.introspection.table_names()


def test_bootstrap_collects_the_pages_files_where_the_web_server_has_none(monkeypatch):
    called: list[str] = []
    monkeypatch.setattr(f"{BOOTSTRAP}.call_command", lambda name, **options: called.append(name))
    for files in ({}, {"site.css": "site.1.css"}):
        monkeypatch.setattr(f"{BOOTSTRAP}.staticfiles_storage", SimpleNamespace(hashed_files=files))
        call_command("bootstrap", stdout=StringIO())
    assert called == ["collectstatic"]


def _command() -> tuple[str, str, int]:
    from flinkci_dashboard.management.job_command import JobCommand

    class Command(JobCommand):
        job = "try"

    stdout, stderr = StringIO(), StringIO()
    with pytest.raises(SystemExit) as end:
        call_command(Command(), stdout=stdout, stderr=stderr, verbosity=2, no_color=True)
    return stdout.getvalue(), stderr.getvalue(), end.value.code
