"""For how long a job has been red, since which commit, and what was published last."""

from datetime import UTC, datetime, timedelta

import pytest

from agents.builds.nightly import WHOLE, JobRun, Run, died_unborn, groups, missing, publishes, streaks

NOW = datetime(2026, 11, 25, 8, tzinfo=UTC)
GREEN, RED, SKIPPED, CANCELED, RUNNING = "succeeded", "failed", "skipped", "canceled", "running"


def night(ago: int, jobs: dict[str, str], state: str = "", sha: str = "") -> Run:
    """Return the nightly of some nights ago; `jobs` are states by name, the name being the key."""
    worst = RED if RED in jobs.values() else GREEN
    made = {name: JobRun(name, result, "cron") for name, result in jobs.items()}
    return Run(100 - ago, NOW - timedelta(days=ago), sha or f"{100 - ago:040x}", state or worst, made)


def of(runs: list[Run]) -> dict:
    return {each.key: each for each in streaks(runs)}


def test_seven_red_nights_with_a_skipped_one_between():
    states = [GREEN, *[RED] * 3, SKIPPED, *[RED] * 4]
    runs = [night(len(states) - place, {"deploy": state}) for place, state in enumerate(states)]
    found = of(runs)["deploy"]
    assert (found.red_runs, found.red_nights) == (7, 7)
    assert (found.last_green, found.first_red) == (runs[0], runs[1])
    assert not found.may_be_older
    assert found.publishes == "Maven snapshots"


def test_a_skipped_run_before_the_first_red_may_hide_an_older_failure():
    runs = [night(3, {"core": GREEN}), night(2, {"core": SKIPPED}), night(1, {"core": RED})]
    found = of(runs)["core"]
    assert found.first_red == runs[2] and found.last_green == runs[0] and found.may_be_older


def test_without_a_green_run_it_may_be_older():
    found = of([night(2, {"core": RED}), night(1, {"core": RED})])["core"]
    assert found.may_be_older and found.last_green is None and found.red_runs == 2


def test_a_run_that_goes_on_changes_nothing():
    runs = [night(2, {"core": GREEN}), night(1, {"core": RED}), night(0, {"core": RUNNING}, RUNNING)]
    found = of(runs)["core"]
    assert (found.red_runs, found.latest) == (1, runs[1])


def test_green_again_is_green():
    found = of([night(2, {"core": RED}), night(1, {"core": GREEN})])["core"]
    assert found.red_runs == 0 and found.first_red is None


def test_two_jobs_with_one_cause_stand_together():
    runs = [
        night(3, {"core": GREEN, "table": GREEN, "docs": RED}),
        night(2, {"core": RED, "table": RED, "docs": RED}),
        night(1, {"core": RED, "table": RED, "docs": RED}),
    ]
    assert [[each.key for each in group] for group in groups(streaks(runs))] == [["docs"], ["core", "table"]]


def test_a_renamed_job_goes_on():
    runs = [
        night(4, {"Hadoop 3.1.3": GREEN, "core": GREEN}),
        night(3, {"Hadoop 3.1.3": RED, "core": GREEN}),
        night(2, {"Hadoop 3.2.3": RED, "core": GREEN}),
        night(1, {"Hadoop 3.2.3": RED, "core": GREEN}),
    ]
    found = of(runs)
    assert found.keys() == {WHOLE, "Hadoop 3.1.3", "core"}
    assert (found["Hadoop 3.1.3"].name, found["Hadoop 3.1.3"].red_runs) == ("Hadoop 3.2.3", 3)
    assert found["Hadoop 3.1.3"].last_green == runs[0]


def test_a_job_that_was_replaced_by_another_is_gone():
    runs = [night(2, {"Java 8": RED, "core": GREEN}), night(1, {"E2E group 4": GREEN, "core": GREEN})]
    assert of(runs).keys() == {WHOLE, "core", "E2E group 4"}


def test_a_canceled_run_without_its_jobs_makes_none_vanish():
    runs = [night(2, {"core": RED}), night(1, {}, CANCELED)]
    assert of(runs)["core"].red_runs == 1


def test_a_branch_that_is_new_this_week():
    found = of([night(1, {"core": RED})])
    assert found["core"].red_runs == 1 and found["core"].may_be_older
    assert of([])[WHOLE].red_runs == 0


def test_the_whole_is_red_when_different_jobs_fail():
    runs = [night(3, {"a": RED, "b": GREEN}), night(2, {"a": GREEN, "b": RED}), night(1, {"a": RED, "b": GREEN})]
    found = of(runs)
    assert found[WHOLE].red_runs == 3 and found["a"].red_runs == 1


def test_a_run_that_ended_before_any_job_existed():
    assert all(died_unborn(night(0, {}, state)) for state in (RED, "startup_failure", "stale", "action_required"))
    assert not any(died_unborn(night(0, {}, state)) for state in ("canceled", "skipped", GREEN))
    assert not died_unborn(night(0, {"core": RED}))
    assert not died_unborn(Run(1, NOW, "", RED, {}, jobs_known=False))
    assert not died_unborn(None)


@pytest.mark.parametrize(
    ("ago", "state", "moved", "expected"),
    [
        (25, GREEN, True, False),  # it was there
        (27, GREEN, True, True),
        (27, GREEN, False, False),  # nothing new to build
        (27, RED, False, True),  # red is built again
    ],
)
def test_a_missing_nightly(ago, state, moved, expected):
    latest = Run(1, NOW - timedelta(hours=ago), "aa", state)
    assert missing(latest, "bb" if moved else "aa", NOW, 26) is expected


def test_a_branch_without_nightlies_misses_none():
    assert not missing(None, "aa", NOW, 26)


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("cron_snapshot_deployment_binary", "snapshot binaries"),
        ("cron_snapshot_deployment_maven", "Maven snapshots"),
        ("Build Python Wheels on linux", "Python wheels"),
        ("test_ci table", ""),
    ],
)
def test_what_a_job_publishes(name, what):
    assert publishes(name) == what
