"""Acts tried one after another: what one failure means for it, and what several mean for the rest."""

import pytest
from django.utils import timezone

from flinkci_dashboard.clients.errors import (
    NotAuthorizedError,
    NotFoundError,
    RefusedError,
    ThrottledError,
    UnavailableError,
)
from flinkci_dashboard.jobs.attempts import Attempts
from flinkci_dashboard.jobs.ledger import Intent, Ledger
from flinkci_dashboard.jobs.run import Pass
from flinkci_dashboard.models import Action, JobRun

pytestmark = pytest.mark.django_db
BUSY = UnavailableError("It does not answer.")


@pytest.fixture
def current() -> Pass:
    return Pass(JobRun.objects.create(job="try"), timezone.now(), [])


def attempt(attempts: Attempts, number: int, error: Exception | None = None) -> str:
    """Try an act that fails in some way; returns its state, or "" when it was left alone."""

    def do(action: Action) -> None:
        assert Action.objects.get(pk=action.pk).state == "pending"
        if error:
            raise error

    action = attempts.attempt(Intent(f"act:{number}", "act", f"#{number}"), do)
    return Action.objects.get(pk=action.pk).state if action else ""


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (None, "done"),
        (RefusedError("No."), "failed"),
        (NotFoundError("Gone."), "failed"),
        (NotAuthorizedError("Who?"), "failed"),
        (ThrottledError("Later.", 600), "failed"),
        (BUSY, "pending"),  # nobody knows what was done
    ],
)
def test_each_answer_settles_an_act_and_none_leaves_it_open(current, error, state):
    assert attempt(Attempts(current, Ledger("try", current.now)), 1, error) == state
    assert current.errors == ([f"#1: {error}"] if error else [])


def test_three_failures_in_a_row_leave_the_rest_to_the_next_pass(current):
    attempts = Attempts(current, Ledger("try", current.now))
    states = [attempt(attempts, number, BUSY) for number in range(5)]
    assert states == ["pending"] * 3 + [""] * 2
    assert attempts.stopped


def test_a_success_in_between_begins_the_count_anew(current):
    attempts = Attempts(current, Ledger("try", current.now))
    for number, error in enumerate((BUSY, BUSY, None, BUSY, BUSY)):
        attempt(attempts, number, error)
    assert not attempts.stopped


def test_what_is_refused_one_by_one_never_stops_the_others(current):
    attempts = Attempts(current, Ledger("try", current.now))
    assert [attempt(attempts, number, RefusedError("Blocked.")) for number in range(9)] == ["failed"] * 9
    assert not attempts.stopped


def test_a_service_that_wants_to_be_left_alone_is(current):
    attempts = Attempts(current, Ledger("try", current.now))
    attempt(attempts, 1, ThrottledError("Later.", 600))
    assert attempt(attempts, 2) == ""
