"""Criteria turn green by themselves."""

from datetime import UTC, datetime, timedelta

import pytest

from agents.migration.criteria import Kind, Known, judge, turned

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
KNOWN = Known(NOW - timedelta(days=15), 120, 1188, 12, 79.6, 18, frozenset({"cron_snapshot_deployment_maven"}))
NOTHING = Known(None, 0, 0, 0, 0.0, 0)


@pytest.mark.parametrize(
    ("kind", "threshold", "known", "met", "figure"),
    [
        (Kind.DAYS, 14, KNOWN, True, "15 days"),
        (Kind.DAYS, 16, KNOWN, False, "15 days"),
        (Kind.DAYS, 14, NOTHING, False, "0 days"),
        (Kind.PAIRS, 100, KNOWN, True, "120 pairs"),
        (Kind.PAIRS, 121, KNOWN, False, "120 pairs"),
        (Kind.AGREEMENT, 99, KNOWN, True, "99 %"),
        (Kind.AGREEMENT, 99.1, KNOWN, False, "99 %"),
        (Kind.AGREEMENT, 0, NOTHING, False, "no pair yet"),
        (Kind.BUDGET, 80, KNOWN, True, "80 %"),
        (Kind.BUDGET, 79, KNOWN, False, "80 %"),
        (Kind.PEAK, 20, KNOWN, True, "18 jobs"),
        (Kind.PEAK, 15, KNOWN, False, "18 jobs"),
        (Kind.COUNTERPART, 0, KNOWN, False, "cron_snapshot_deployment_maven"),
        (Kind.COUNTERPART, 0, NOTHING, False, "none"),
    ],
)
def test_criteria(kind, threshold, known, met, figure):
    outcome = judge(kind, threshold, known, NOW)
    assert (outcome.met, outcome.figure) == (met, figure)


def test_jobs_may_be_excepted():
    assert judge(Kind.COUNTERPART, 0, KNOWN, NOW, ["cron_snapshot_*"]).met


@pytest.mark.parametrize(
    ("met", "since", "after"),
    [
        (True, None, NOW),
        (True, NOW - timedelta(days=3), NOW - timedelta(days=3)),
        (False, NOW - timedelta(days=3), None),
        (False, None, None),
    ],
)
def test_the_day_on_which_one_turned_green_stays_while_it_is(met, since, after):
    assert turned(met, since, NOW) == after
