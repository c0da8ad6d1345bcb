"""Builds of one commit on two services, group by group."""

from datetime import UTC, datetime, timedelta

import pytest

from agents.migration.agreement import Agreement, BuildSeen, JobSeen, Verdict
from agents.migration.defaults import RULES
from agents.migration.names import JobMap
from agents.migration.pairs import Named, pair_groups, primary
from agents.migration.reasons import Gap, Why, reasons

JOBS = JobMap(RULES)
DONE, NOW = "finished", datetime(2026, 11, 25, tzinfo=UTC)


def job(name, result="succeeded", **facts):
    return JobSeen(name, DONE, result, **facts)


def build(*jobs):
    return BuildSeen(DONE, "succeeded", jobs)


def paired(azure, actions, known=(), fork=False):
    return {each.group: each for each in pair_groups(azure, actions, JOBS, known, fork)}


def test_groups_are_compared_one_by_one():
    found = paired(
        [build(job("compile_ci"), job("test_ci core", "failed", tests=("a.B#c",)), job("cron_snapshot_deployment_x"))],
        [build(job("Default (Java 17) / Compile"), job("Default (Java 17) / Test (module: core)"))],
    )
    assert found["compile"].agreement is Agreement.AGREE
    assert found["test core"].agreement is Agreement.DIFFER
    assert found["test core"].why == (Why.PROFILE,)
    assert found["cron_snapshot_deployment_x"].agreement is Agreement.NONE
    assert not found["cron_snapshot_deployment_x"].has_both


def test_one_job_may_be_two_on_the_other_service():
    azure = [build(job("license_check_ci"))]
    style = job("Pre-compile Checks / Basic QA", "failed", cause="style")
    found = paired(azure, [build(job("Default (Java 17) / Test packaging/licensing"), style)])
    assert found["licences"].actions.verdict is Verdict.FAILED
    assert len(found["licences"].actions.names) == 2


def test_an_unfilled_matrix_means_that_its_jobs_were_skipped():
    azure = [build(job("test_ci core"), job("test_ci table"), job("e2e_1_ci"))]
    found = paired(azure, [build(job("Default (Java 17) / Test (module: ${{ matrix.module }})", "skipped"))])
    assert set(found) == {"test core", "test table", "e2e 1"}
    assert found["test core"].agreement is Agreement.NONE and found["test core"].has_both
    assert found["test core"].why == (Why.SKIPPED,)
    assert not found["e2e 1"].has_both


@pytest.mark.parametrize(
    ("azure", "actions", "docs", "agreement", "why"),
    [
        (20, 2400, False, Agreement.NONE, Why.LEFT_OUT),  # by Azure
        (2400, 20, False, Agreement.NONE, Why.LEFT_OUT),
        (20, 60, False, Agreement.DIFFER, Why.UNEXPLAINED),  # quick on both
        (1200, 2400, False, Agreement.DIFFER, Why.UNEXPLAINED),
        (1200, 2400, True, Agreement.NONE, Why.DOCS),
        (20, 2400, True, Agreement.NONE, Why.DOCS),
    ],
)
def test_what_tested_nothing_says_nothing(azure, actions, docs, agreement, why):
    results = ("succeeded", "failed") if azure <= actions else ("failed", "succeeded")
    ours = job("e2e_1_ci", results[0], seconds=azure)
    theirs = job("Default (Java 17) / E2E (group 1)", results[1], seconds=actions)
    (found,) = pair_groups([build(ours)], [build(theirs)], JOBS, (), False, docs)
    assert (found.agreement, found.why) == (agreement, (why,))


def test_of_documentation_its_own_check_speaks():
    ours, theirs = build(job("docs_404_check")), build(job("Docs 404 check"))
    assert [each.agreement for each in pair_groups([ours], [theirs], JOBS, (), False, True)] == [Agreement.AGREE]


def test_both_failed_by_other_tests_is_no_agreement():
    found = paired(
        [build(job("test_ci core", "failed", tests=("a.B#c",)))],
        [build(job("Default (Java 17) / Test (module: core)", "failed", tests=("a.B#d",)))],
    )
    assert found["test core"].agreement is Agreement.DIFFER


def test_times_of_a_group_are_the_longest_wait_and_all_work():
    found = paired([build(job("license_check", wait=5, seconds=10))], [])
    assert (found["licences"].azure.wait, found["licences"].azure.seconds) == (5, 10)
    both = [build(job("Pre-compile Checks / Basic QA", wait=9, seconds=1), job("Pre-compile Checks / X", seconds=2))]
    assert (paired([], both)["licences"].actions.wait, paired([], both)["licences"].actions.seconds) == (9, 3)


@pytest.mark.parametrize(
    ("causes", "tests", "known", "gaps", "fork", "why"),
    [
        (["memory"], [], [], [], False, [Why.INFRASTRUCTURE]),
        (["test", "memory"], ["a"], [], [], False, [Why.UNEXPLAINED]),
        (["test"], ["a"], ["a"], [Gap.PYTHON], False, [Why.FLAKY]),
        (["test"], ["a", "b"], ["a"], [], False, [Why.UNEXPLAINED]),
        (["test"], ["a"], [], [Gap.PYTHON, Gap.PROFILE], False, [Why.PYTHON, Why.PROFILE]),
        ([], [], [], [Gap.SECRETS], True, [Why.SECRETS]),
        ([], [], [], [Gap.SECRETS], False, [Why.UNEXPLAINED]),
        ([], [], [], [], True, [Why.UNEXPLAINED]),
    ],
)
def test_why_they_differ(causes, tests, known, gaps, fork, why):
    assert reasons(causes, tests, known, gaps, fork) == why


def named(number, name, hours=0, scheduled=False):
    return Named(number, name, scheduled, NOW + timedelta(hours=hours))


@pytest.mark.parametrize(
    ("azure", "actions", "chosen"),
    [
        ([named(1, "CI")], [named(2, "Flink CI (beta)"), named(3, "Nightly (beta)", 1)], (1, 2)),
        ([named(1, "CI"), named(4, "CI", 9)], [named(2, "Flink CI (beta)")], (4, 2)),
        ([named(1, "CI"), named(5, "CI", 2, scheduled=True)], [named(3, "Nightly (beta)", 1)], (5, 3)),
        ([named(1, "CI")], [named(3, "Nightly (beta)")], (1, 3)),
        ([named(1, "CI")], [named(6, "Docs 404 check (beta)", 3), named(2, "Flink CI (beta)")], (1, 2)),
    ],
)
def test_the_builds_that_stand_for_a_commit(azure, actions, chosen):
    assert primary(azure, actions) == chosen
