"""Percentiles, clocks that disagree, fair judgement of machines, jobs that wait in vain."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from agents.charts.arithmetic import percentile, seconds_between
from agents.machines.judge import RULE, PoolState, Score, judge, why_stuck

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "values, share, expected",
    [([], 0.5, None), ([7], 0.9, 7), ([3, 1, 2], 0.5, 2), (list(range(1, 11)), 0.9, 9), ([1, 1, 1, 9], 0.5, 1)],
)
def test_percentile(values, share, expected):
    assert percentile(values, share) == expected


@pytest.mark.parametrize(
    "start, end, expected",
    [(0, 90.7, 90), (0, -5, 0), (None, 1, None), (1, None, None)],
    ids=["forward", "the agent's clock is behind", "no start", "no end"],
)
def test_seconds_between(start, end, expected):
    def moment(seconds):
        return None if seconds is None else NOW + timedelta(seconds=seconds)

    assert seconds_between(moment(start), moment(end)) == expected


@pytest.mark.parametrize(
    "machine, host, bad",
    [
        (Score(100, 40), Score(1000, 130), True),
        (Score(100, 11), Score(1000, 101), False),  # like the others
        (Score(5, 5), Score(1000, 100), False),  # too few jobs
        (Score(20, 7), Score(600, 65), False),  # unlucky, perhaps
        (Score(40, 3), Score(1000, 3), False),  # too few failures, though the only ones
        (Score(40, 12), Score(1000, 12), True),  # the others never fail
        (Score(100, 100), Score(200, 200), False),  # everything is broken: not this machine's fault
        (Score(100, 60), Score(110, 60), False),  # nobody to compare with
        (Score(0, 0), Score(0, 0), False),
        (Score(5000, 900), Score(50000, 5000), True),
    ],
)
def test_a_machine_is_bad_only_when_chance_does_not_explain_it(machine, host, bad):
    verdict = judge(machine, host)
    assert verdict.bad is bad
    assert verdict.reason.endswith(".")


@pytest.mark.parametrize("times, jobs, bad", [(2.9, 100, True), (4.1, 100, False), (2.9, 101, False)])
def test_an_admin_sets_how_much_worse_and_by_how_many_jobs(times, jobs, bad):
    assert judge(Score(100, 40), Score(1000, 130), replace(RULE, limit=times, second=jobs)).bad is bad


@pytest.mark.parametrize(
    "minutes, pool, named",
    [
        (6, PoolState("Default", 0, 0, 3), True),
        (4, PoolState("Default", 0, 0, 3), False),
        (60, PoolState("Default", 5, 0, 0), False),
        (16, PoolState("Default", 5, 1, 0), True),
        (14, PoolState("Default", 5, 1, 0), False),
    ],
    ids=["nobody online", "agents may be restarting", "all busy", "idle ones do not take it", "just now"],
)
def test_a_job_that_waits_in_vain_is_named(minutes, pool, named):
    assert bool(why_stuck(NOW - timedelta(minutes=minutes), pool, NOW)) is named
