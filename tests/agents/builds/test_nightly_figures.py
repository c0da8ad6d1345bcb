"""The ledger from builds' rows to pages and findings: red jobs, their commits, and what is not published."""

from datetime import timedelta

import pytest
from django.utils import timezone

from agents import alerts
from agents.builds.nightly_figures import ledgers
from agents.builds.nightly_rows import refresh_streaks
from agents.models import Commit, Streak
from flinkci_dashboard.alerts.collect import limits
from tests.machines import make_build, make_job

pytestmark = pytest.mark.django_db
DAY = 24 * 60


def night(number, days, branch="release-2.1", **jobs):
    """Make a nightly of some days ago; the jobs' results are by name."""
    result = "failed" if "failed" in jobs.values() else "succeeded"
    built = make_build(
        number, days * DAY, branch=branch, reason="schedule", result=result, message=f"[FLINK-{number}][table] x"
    )
    for name, state in jobs.items():
        make_job(built, name, result=state)
    return built


def found(rule):
    refresh_streaks(timezone.now())
    return [each for each in alerts.findings(timezone.now(), limits()) if each.rule == rule]


@pytest.fixture(autouse=True)
def _settings(bootstrapped):
    """Use the rules as they are set up."""


def test_a_nightly_is_told_when_it_has_been_red_twice():
    night(1, 3.2, core="succeeded", table="succeeded")
    night(2, 2.2, core="succeeded", table="failed")
    assert found("nightly_red") == []
    last = night(3, 1.2, core="succeeded", table="failed")
    (finding,) = found("nightly_red")
    assert finding.subject == "release-2.1"
    assert finding.text.startswith("the nightly of release-2.1 has been red for {time} (table, since ")
    assert finding.tags == ("branch:release-2.1",)
    last.delete()
    assert found("nightly_red") == []


def test_the_sentence_names_commit_and_author():
    green, red = night(1, 3.2, table="succeeded"), night(2, 2.2, table="failed")
    night(3, 1.2, table="failed")
    for order, (sha, author) in enumerate([(green.version, "Ada"), ("b" * 40, "Chidi"), (red.version, "Björn")]):
        Commit.objects.create(branch="release-2.1", order=order, sha=sha, author=author, modules=["flink-table"])
    (finding,) = found("nightly_red")
    assert f"since one of 2 commits up to {red.version[:10]} by Björn" in finding.text
    (group,) = ledgers("release-2.1")[0].groups
    assert [change.author for change in group.changes] == ["Chidi", "Björn"]
    assert group.changes[0].modules == ["flink-table"]


def test_without_the_history_builds_tell_the_commits():
    night(1, 3.2, table="succeeded")
    make_build(7, 2.7 * DAY, branch="release-2.1", message="[FLINK-7][runtime][hotfix] y")
    night(2, 2.2, table="failed")
    refresh_streaks(timezone.now())
    (group,) = [group for ledger in ledgers() for group in ledger.groups]
    assert [(change.ticket, change.modules) for change in group.changes] == [
        ("FLINK-7", ["runtime"]),
        ("FLINK-2", ["table"]),
    ]


def test_one_failure_of_a_publishing_job_is_told_and_the_nightly_is_not_told_twice():
    night(1, 3.2, core="succeeded", cron_snapshot_deployment_binary="succeeded")
    night(2, 2.2, core="succeeded", cron_snapshot_deployment_binary="failed")
    (finding,) = found("publish_red")
    assert finding.subject == "release-2.1 cron_snapshot_deployment_binary"
    assert "snapshot binaries, none were published since" in finding.text
    night(3, 1.2, core="succeeded", cron_snapshot_deployment_binary="failed")
    assert "has failed 2 times" in found("publish_red")[0].text
    assert found("nightly_red") == []


def test_pushes_are_told_when_three_in_a_row_failed_whichever_job_did_it():
    for number, job in enumerate("abc"):
        built = make_build(number + 1, 300 - number * 60, result="failed")
        for name in "abc":
            make_job(built, name, result="failed" if name == job else "succeeded")
        assert len(found("branch_red")) == (number == 2)
    for number, name in enumerate(("dependabot/x", "release-japicmp", "release-2.1-rc1") * 3, start=9):
        make_build(number, 40, result="failed", branch=name)
    assert {each.subject for each in found("branch_red")} == {"master"}


def test_a_green_push_ends_it():
    for number in range(3):
        make_job(make_build(number + 1, 300 - number * 60, result="failed"), "core", result="failed")
    assert found("branch_red")
    make_job(make_build(9, 60), "core")
    assert found("branch_red") == []


def test_a_run_without_any_job_is_told():
    make_build(1, 100, result="failed")
    (finding,) = found("run_unborn")
    assert "ended before any job existed" in finding.text


def test_no_nightly_is_told_only_when_there_was_something_to_build():
    night(1, 1.3, table="succeeded")
    assert found("nothing_ran") == []
    make_build(2, 60, branch="release-2.1")
    (finding,) = found("nothing_ran")
    assert finding.subject == "release-2.1"


def test_a_branch_that_was_given_up_misses_nothing():
    night(1, 15, table="failed")
    assert found("nothing_ran") == []


def test_a_nightly_that_stopped_long_ago_is_missed_while_the_branch_is_built():
    night(1, 20, table="failed")
    make_build(2, 60, branch="release-2.1")
    assert [each.subject for each in found("nothing_ran")] == ["release-2.1"]


def test_what_has_not_changed_is_not_made_anew(django_assert_max_num_queries):
    night(1, 2.2, table="failed")
    assert refresh_streaks(timezone.now()) == 2
    with django_assert_max_num_queries(4):
        assert refresh_streaks(timezone.now() + timedelta(seconds=30)) == 0
    assert Streak.objects.count() == 2


def test_the_pages_say_it(member):
    night(1, 3.2, table="succeeded")
    night(2, 2.2, table="failed")
    refresh_streaks(timezone.now())
    page = member.get("/branches/release-2.1/").content.decode()
    assert "1 run on 1 day" in page and "1 commit" in page
    make_build(7, 60)
    assert "What fails on other branches" in member.get("/branches/").content.decode()
