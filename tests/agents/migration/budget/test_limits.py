"""Minutes of hosted runners, by the foundation's rules."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from agents.migration.budget.limits import (
    Work,
    once,
    peak,
    runners,
    seconds_within,
    shares,
    week_of,
    worst_window,
)

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
NOW = MONDAY + timedelta(days=2, hours=12)


def work(start, end, run=1, job="a"):
    return Work(run, job, MONDAY + timedelta(hours=start), None if end is None else MONDAY + timedelta(hours=end))


@pytest.mark.parametrize(
    ("moment", "monday"),
    [
        (NOW, MONDAY),
        (MONDAY, MONDAY),
        (MONDAY - timedelta(seconds=1), MONDAY - timedelta(days=7)),
        # Sunday evening in New York, Monday in UTC; Monday morning in Tokyo, Sunday in UTC.
        (datetime(2026, 11, 22, 20, tzinfo=timezone(timedelta(hours=-5))), MONDAY),
        (datetime(2026, 11, 23, 8, tzinfo=timezone(timedelta(hours=9))), MONDAY - timedelta(days=7)),
        # A week that begins in one year and ends in the next.
        (datetime(2027, 1, 1, tzinfo=UTC), datetime(2026, 12, 28, tzinfo=UTC)),
        (datetime(2027, 1, 3, 23, 59, 59, tzinfo=UTC), datetime(2026, 12, 28, tzinfo=UTC)),
        (datetime(2027, 1, 4, tzinfo=UTC), datetime(2027, 1, 4, tzinfo=UTC)),
        # Berlin: before and after its clocks go back on a Sunday; and once forward, on a Monday, Sunday in UTC.
        (datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=0), datetime(2026, 10, 19, tzinfo=UTC)),
        (datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=1), datetime(2026, 10, 19, tzinfo=UTC)),
        (datetime(2026, 3, 30, 1, 59, tzinfo=BERLIN), datetime(2026, 3, 23, tzinfo=UTC)),
        (datetime(2026, 3, 30, 2, 0, tzinfo=BERLIN), datetime(2026, 3, 30, tzinfo=UTC)),
    ],
)
def test_a_week_begins_on_monday_utc_wherever_one_is(moment, monday):
    assert week_of(moment) == monday


@pytest.mark.parametrize(
    ("piece", "hours"),
    [
        (work(1, 3), 2),
        (work(-2, 1), 1),  # begun last week
        (work(23, 26), 1),  # ends tomorrow
        (work(23, None), 1),
        (work(-30, -20), 0),
        (work(3, 1), 0),  # clocks that disagree
    ],
)
def test_work_counts_where_it_was_done(piece, hours):
    assert seconds_within(piece, MONDAY, MONDAY + timedelta(days=1), NOW) == hours * 3600


@pytest.mark.parametrize(
    ("piece", "hours"),
    [
        (Work(1, "a", datetime(2026, 12, 31, 23, tzinfo=UTC), datetime(2027, 1, 1, 2, tzinfo=UTC)), (1, 2)),
        # Three hours of a clock that shows four, for it goes forward meanwhile.
        (Work(1, "a", datetime(2026, 3, 29, 0, tzinfo=BERLIN), datetime(2026, 3, 29, 4, tzinfo=BERLIN)), (1, 2)),
        # Five hours of a clock that shows four, for it goes back meanwhile.
        (Work(1, "a", datetime(2026, 10, 25, 0, tzinfo=BERLIN), datetime(2026, 10, 25, 4, tzinfo=BERLIN)), (2, 3)),
    ],
    ids=["over new year", "clocks go forward", "clocks go back"],
)
def test_a_night_is_cut_at_midnight_utc_and_lasts_as_long_as_it_does(piece, hours):
    midnight = datetime.combine(piece.finished_at.astimezone(UTC).date(), datetime.min.time(), UTC)
    now, day = midnight + timedelta(days=9), timedelta(days=1)
    found = (
        seconds_within(piece, midnight - day, midnight, now),
        seconds_within(piece, midnight, midnight + day, now),
    )
    assert found == tuple(3600 * each for each in hours)


def test_what_runs_counts_up_to_now():
    assert seconds_within(work(59, None), MONDAY, MONDAY + timedelta(days=7), NOW) == 3600


def test_attempts_count_once_each():
    inherited = [work(0, 1), work(0, 1), work(2, 3)]
    assert len(once([*inherited, work(0, 1, run=2), work(0, 1, job="b")])) == 4


@pytest.mark.parametrize(
    ("pieces", "most"),
    [
        ([], 0),
        ([work(0, 2), work(1, 3), work(2, 4)], 2),
        ([work(0, 1), work(1, 2)], 1),
        ([work(0, None), work(50, None), work(59, 60)], 3),
        ([work(0, 5)] * 3, 3),
    ],
)
def test_the_most_jobs_at_once(pieces, most):
    assert peak(pieces, NOW) == most


def test_the_worst_five_days_may_lie_across_weeks():
    day = date(2026, 11, 20)
    seconds = {day + timedelta(days=n): amount for n, amount in enumerate([10, 0, 20, 0, 30, 40, 1])}
    assert worst_window(seconds) == (day + timedelta(days=2), 91)
    assert worst_window({day: 5.0}) == (day, 5)
    assert worst_window({}) == (None, 0)


@pytest.mark.parametrize(
    ("seconds", "most"),
    [
        ({date(2026, 11, 28): 5, date(2026, 12, 2): 6, date(2026, 12, 3): 1}, 11),
        ({date(2026, 12, 29): 5, date(2027, 1, 2): 6, date(2027, 1, 3): 1}, 11),
        ({date(2028, 2, 27): 1, date(2028, 3, 2): 6, date(2028, 3, 3): 1}, 7),  # a leap year's
        ({date(2026, 11, 1): 3, date(2026, 11, 20): 2}, 3),  # days apart
    ],
)
def test_the_worst_five_days_may_lie_across_months_and_years(seconds, most):
    assert worst_window(seconds)[1] == most


def test_six_equal_days_make_five():
    assert worst_window({date(2026, 11, n): 60.0 for n in range(10, 16)})[1] == 300


def test_figures_that_people_know():
    assert round(runners(250_000), 1) == 24.8
    assert shares([("a", 1), ("b", 5), ("a", 2)]) == [("b", 5), ("a", 3)]
