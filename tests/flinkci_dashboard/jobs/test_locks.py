"""A lock that is lost stops its holder before the next act, on either kind of database."""

import threading

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from flinkci_dashboard.jobs import locks
from flinkci_dashboard.jobs.ledger import Intent, Ledger
from flinkci_dashboard.jobs.locks import LockLostError, exclusive
from flinkci_dashboard.jobs.run import Pass, request, run_pass
from flinkci_dashboard.jobs.table import JOBS, Job
from flinkci_dashboard.models import Action, JobRun

pytestmark = pytest.mark.django_db(transaction=True)
engine = None  # the body of the test's job


def job(current: Pass) -> None:
    engine(current)


@pytest.fixture
def test_job(monkeypatch, data_dir):
    monkeypatch.setitem(JOBS, "try", Job("try", "A try", f"{__name__}.job", 15))
    return lambda function: monkeypatch.setattr(f"{__name__}.engine", function)


def lose(name: str) -> None:
    """Take a lock from its holder: end the session that has it, or remove its file."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory'"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
    else:
        (settings.DATA_DIR / "locks" / f"{name}.lock").unlink()


def act(current: Pass, key: str) -> None:
    ledger = Ledger("try", current.now)
    if action := ledger.begin(Intent(key=key, kind="push", subject=key)):
        ledger.done(action)


def test_a_pass_that_loses_its_lock_ends_before_its_next_act(test_job):
    asked = request("try", None)

    def engine(current):
        act(current, "first")
        lose("try")
        act(current, "second")

    test_job(engine)
    run = run_pass("try", "schedule")
    assert (run.outcome, "lost its lock" in run.error) == ("failed", True)
    assert list(Action.objects.values_list("key", flat=True)) == ["first"]
    asked.refresh_from_db()
    assert asked.settled_at is None, "the pass that has the lock answers"


def test_the_pass_that_took_over_goes_on_beside_the_one_that_lost(test_job):
    outcomes = []

    def take_over(current):
        act(current, "theirs")

    def engine(current):
        lose("try")
        test_job(take_over)
        thread = threading.Thread(target=lambda: (outcomes.append(run_pass("try", "schedule")), connection.close()))
        thread.start()
        thread.join(20)
        act(current, "ours")

    test_job(engine)
    lost = run_pass("try", "schedule")
    assert outcomes[0].outcome == JobRun.Outcome.OK
    assert lost.outcome == JobRun.Outcome.FAILED
    assert list(Action.objects.values_list("key", flat=True)) == ["theirs"]


def test_a_lock_that_is_held_is_sure_and_without_one_nothing_is_asked(data_dir):
    locks.make_sure()
    with exclusive("try") as held:
        assert held
        locks.make_sure()
        with exclusive("other"):
            locks.make_sure()
        lose("try")
        with pytest.raises(LockLostError):
            locks.make_sure()
    locks.make_sure()
    with exclusive("try") as again:
        assert again


def test_acts_outside_of_a_pass_need_no_lock(data_dir):
    ledger = Ledger("try", timezone.now())
    assert ledger.begin(Intent(key="x", kind="mail", subject="x"))
