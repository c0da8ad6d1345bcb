"""Jobs that have got slower, and those that sit idle at their end: few cries, and true ones."""

from datetime import timedelta
from time import process_time

import pytest
from django.utils import timezone

from agents import alerts
from agents.charts.pace import idle_end, slower
from agents.charts.pace_rows import refresh_slow_jobs, slow_jobs
from agents.models import SlowJob
from flinkci_dashboard.alerts.findings import Limits
from tests.machines import make_build, make_job, minutes
from tests.reading import read

HOUR = 3600.0
LENGTHS = {
    "a half more, three times": ([HOUR] * 24 + [5400.0] * 3, (HOUR, 5400.0)),
    "as before": ([HOUR] * 27, None),
    "only two of three": ([HOUR] * 25 + [5400.0] * 2, None),
    "one of the last three is fast": ([HOUR] * 24 + [7200.0, HOUR, 7200.0], None),
    "less than a quarter": ([HOUR] * 24 + [4400.0] * 3, None),
    "a quarter, and less than six minutes": ([1000.0] * 24 + [1300.0] * 3, None),
    "just a quarter": ([HOUR] * 24 + [4500.0] * 3, (HOUR, 4500.0)),
    "just six minutes": ([600.0] * 24 + [960.0] * 3, (600.0, 960.0)),
    "too few runs before": ([HOUR] * 23 + [5400.0] * 3, None),
    "slow runs long ago do not count": ([9000.0] * 50 + [HOUR] * 24 + [5400.0] * 3, (HOUR, 5400.0)),
    "outliers before change little": ([HOUR] * 20 + [9000.0] * 4 + [5400.0] * 3, (HOUR, 5400.0)),
    "a job that always varied": ([HOUR, 7200.0] * 12 + [6000.0] * 3, None),
    "faster": ([HOUR] * 24 + [1800.0] * 3, None),
    "nothing": ([], None),
}


@pytest.mark.parametrize(("seconds", "expected"), LENGTHS.values(), ids=LENGTHS)
def test_a_job_is_slower_by_the_rule(seconds, expected):
    found = slower(seconds)
    assert (found and (found.usual, found.lately)) == expected


MAVEN = "12:00:00.000 [INFO] Tests run: 7, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 1.2 s"
LOGS = {
    "a hang after the last test": ([MAVEN, "12:15:30 Process produced no output for 900 seconds."], 930),
    "with a date before": (["Aug 21 12:00:00 " + MAVEN, "Aug 21 12:50:00 === WARNING: Killing task ==="], 3000),
    "over midnight": (["23:50:00 [PASS] 'A test' passed after 3 minutes", "00:20:00 Killed"], 1800),
    "the last result counts": ([MAVEN, "12:10:00 [FAIL] 'B' failed after 1 minutes", "12:11:00 end"], 60),
    "lines without a clock say nothing": ([MAVEN, "##[error]Bash exited with code '1'."], 0),
    "no result": (["12:00:00 compiling", "12:30:00 compiled"], None),
    "no clock": (["Tests run: 7, Failures: 0", "end"], None),
    "nonsense for a clock": (["99:99:99 Tests run: 7, "], None),
    "pytest": (["12:00:00 ===== 3 passed in 4 s =====", "12:20:00 x"], 1200),
    "nothing": ([], None),
}


@pytest.mark.parametrize(("lines", "seconds"), LOGS.values(), ids=LOGS)
def test_a_log_tells_how_long_a_job_sat_idle(lines, seconds):
    assert idle_end(lines) == seconds


@pytest.mark.parametrize("line", ["12:00:00 " + "=" * 5000, "12:00:00 " + "= " * 5000, "12:00:00 " * 1000])
def test_hostile_lines_take_little_time(line):
    began = process_time()
    idle_end([line] * 1500)
    assert process_time() - began < 1


@pytest.fixture
def slow(db):
    """A job of master whose last three runs took 90 minutes, after 24 of 60; failures between do not count."""
    for number in range(40):
        row = make_build(number + 1, (40 - number) * 60)
        length = 5400 if number >= 37 else 3600
        failed = number % 8 == 0
        facts = {"run_seconds": 60 if failed else length, "finished_at": row.queued_at + timedelta(minutes=30)}
        make_job(row, "test_ci core", "failed" if failed else "succeeded", **facts)
        make_job(row, "test_ci table", run_seconds=3600, finished_at=facts["finished_at"])


@pytest.mark.usefixtures("bootstrapped")
def test_a_slower_job_is_shown_and_worries_nobody(slow, member):
    assert refresh_slow_jobs(timezone.now()) == 1
    (row,) = slow_jobs()
    assert (row.name, row.branch, row.seconds, row.usual_seconds) == ("test_ci core", "master", 5400, 3600)
    text = read(member, "failures")
    assert "Got slower" in text and "1 h 30 min" in text
    limits = Limits({rule.name: rule for rule in alerts.RULES})
    (found,) = [each for each in alerts.findings(timezone.now(), limits) if each.rule == "job_slower"]
    assert found.severity == "info" and "has taken 1 h 30 min" in found.text and "1 h earlier" in found.text


def test_it_is_looked_at_once_an_hour_and_forgotten_when_it_is_fast_again(slow):
    now = timezone.now()
    refresh_slow_jobs(now)
    row = make_build(99, 1)
    make_job(row, "test_ci core", run_seconds=3600, finished_at=now)
    assert refresh_slow_jobs(now + timedelta(minutes=5)) == 0
    assert refresh_slow_jobs(now + timedelta(hours=2)) == 1 and not SlowJob.objects.exists()


@pytest.mark.usefixtures("bootstrapped")
def test_idle_jobs_are_shown_the_longest_of_each_name(db, member):
    for number, seconds in ((1, 900), (2, 3000), (3, 30)):
        make_job(make_build(number, result="failed"), "e2e_1_ci", "failed", idle_seconds=seconds)
    make_job(make_build(4, 60 * 24 * 40), "old", "failed", idle_seconds=9000, finished_at=minutes(60 * 24 * 40))
    text = read(member, "failures")
    assert text.count("e2e_1_ci") == 1 and "50 min" in text and ">old<" not in text
