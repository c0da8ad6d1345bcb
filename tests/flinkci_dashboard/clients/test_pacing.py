"""How we keep out of a service's way: whose turn it is, for how long, and by whose clock."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import time_machine

from flinkci_dashboard.clients.errors import RefusedError, ThrottledError, UnavailableError
from flinkci_dashboard.clients.pacing import Pace

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def pace(slept, request) -> Pace:
    return Pace("Jira", request.node.name, sleep=slept.append)


def failing(*errors):
    """Return a call that fails so (errors, or what makes them at that moment), then answers."""
    left = list(errors)

    def send() -> str:
        if left:
            error = left.pop(0)
            raise error if isinstance(error, Exception) else error()
        return "answer"

    return send


def test_a_read_is_tried_three_times_and_a_write_once(pace, slept):
    down = UnavailableError("down")
    assert pace.ask(failing(down, down), again=True) == "answer"
    assert slept == [1.0, 4.0]
    with pytest.raises(UnavailableError):
        pace.ask(failing(down, down, down), again=True)
    with pytest.raises(UnavailableError):
        pace.ask(failing(down), again=False)


def test_a_refusal_is_final(pace, slept):
    with pytest.raises(RefusedError):
        pace.ask(failing(RefusedError("no")), again=True)
    assert slept == []


def test_a_write_that_was_not_looked_at_is_sent_again_after_the_wait(pace, slept):
    assert pace.ask(failing(lambda: pace.refused(7)), again=False) == "answer"
    assert slept == [7.0]


def test_all_waiting_of_a_pass_has_an_end(pace, slept):
    with pytest.raises(ThrottledError) as refused:
        pace.ask(failing(*3 * [lambda: pace.refused(25)]), again=True)
    assert slept == [25.0, 25.0]
    assert refused.value.seconds == 25


def test_a_pause_holds_for_the_next_process_that_asks_as_the_same_account_and_for_no_other(pace, request):
    pace.refused(900)
    with pytest.raises(ThrottledError, match="left alone for (900|899) s"):
        Pace("Jira", request.node.name).wait_for_turn()
    Pace("Jira", "another").wait_for_turn()


def test_no_wish_and_no_clock_that_was_wrong_stops_us_for_more_than_two_hours(pace, request):
    assert pace.refused(10**9).seconds == 7200
    with time_machine.travel(datetime.now(UTC) + timedelta(days=5), tick=False):
        Pace("Jira", "set right").refused(900)
    Pace("Jira", "set right").wait_for_turn()


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None), ("", None), ("soon", None), ("7", 7.0), ("0.5", 0.5), ("-3", 0.0), ("nan", None), ("inf", None),
        (format_datetime(NOW + timedelta(seconds=90)), 90.0), (format_datetime(NOW - timedelta(days=1)), 0.0),
        ("Wed, 25 Nov 2026 12:00:30 GMT", 30.0), ("Wed, 99 Nov 2026 12:00:30 GMT", None),
    ],
)  # fmt: skip
def test_retry_after_is_a_number_or_a_date(pace, value, seconds):
    with time_machine.travel(NOW, tick=False):
        assert pace.wanted({} if value is None else {"Retry-After": value}) == seconds


@pytest.mark.parametrize("days", [-2, 2])
def test_a_date_is_one_of_the_services_clock(pace, days):
    there = NOW + timedelta(days=days)
    with time_machine.travel(NOW, tick=False):
        headers = {"Date": format_datetime(there), "Retry-After": format_datetime(there + timedelta(minutes=1))}
        pace.hear(headers)
        assert pace.now() == there
        assert pace.wanted(headers) == 60
        assert pace.until(str(there.timestamp() + 5)) == 5


@pytest.mark.parametrize("date", ["", "yesterday", "Wed, 25 Nov 2026 11:59:59 GMT"])
def test_a_date_that_tells_nothing_new_leaves_our_clock(pace, date):
    with time_machine.travel(NOW, tick=False):
        pace.hear({"Date": date})
        assert pace.now() == NOW


def test_calls_of_several_processes_keep_apart_from_each_other(slept, request):
    one, two, other = (Pace("GitHub", account, sleep=slept.append) for account in ("bot", "bot", "somebody else"))
    for pace in (one, two, other, two):
        pace.keep_apart(0.75)
    assert slept == pytest.approx([0.75, 1.5], abs=0.1)


@time_machine.travel(NOW, tick=False)
def test_a_turn_that_a_clock_noted_which_was_ahead_holds_nobody_up(slept):
    with time_machine.travel(NOW + timedelta(days=3), tick=False):
        Pace("GitHub", "early", sleep=slept.append).keep_apart(0.75)
    Pace("GitHub", "early", sleep=slept.append).keep_apart(0.75)
    assert slept == []
