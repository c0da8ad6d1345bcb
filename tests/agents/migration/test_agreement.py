"""What builds and jobs say, and whether two services say the same."""

import pytest

from agents.migration.agreement import (
    Agreement,
    BuildSeen,
    JobSeen,
    Verdict,
    agreement,
    by_tests,
    of_build,
    of_jobs,
    silence,
)
from agents.migration.reasons import Why

DONE = "finished"
GREEN = JobSeen("compile", DONE, "succeeded")
RED = JobSeen("test", DONE, "failed", cause="test")
LOST = JobSeen("e2e", DONE, "failed", cause="network")
UNBORN = JobSeen("e2e", DONE, "failed", ran=False)
RUNNING = JobSeen("test", "running", "")
SKIPPED = JobSeen("docs", DONE, "skipped")


@pytest.mark.parametrize(
    ("status", "result", "jobs", "verdict"),
    [
        (DONE, "succeeded", (GREEN,), Verdict.PASSED),
        (DONE, "succeeded", (), Verdict.PASSED),
        (DONE, "failed", (GREEN, RED), Verdict.FAILED),
        (DONE, "partial", (GREEN,), Verdict.FAILED),
        (DONE, "timed_out", (RED,), Verdict.FAILED),
        (DONE, "failed", (RED, LOST), Verdict.FAILED),
        (DONE, "failed", (GREEN, LOST), Verdict.NONE),
        (DONE, "failed", (UNBORN,), Verdict.NONE),
        (DONE, "failed", (), Verdict.NONE),
        (DONE, "canceled", (RED,), Verdict.NONE),
        (DONE, "skipped", (), Verdict.NONE),
        (DONE, "startup_failure", (), Verdict.NONE),
        (DONE, "action_required", (), Verdict.NONE),
        (DONE, "stale", (), Verdict.NONE),
        (DONE, "", (), Verdict.NONE),
        ("running", "", (RED,), Verdict.NONE),
    ],
)
def test_verdicts_of_builds(status, result, jobs, verdict):
    assert of_build(BuildSeen(status, result, jobs)) is verdict


def test_a_failed_build_whose_jobs_are_not_read_yet_has_failed():
    assert of_build(BuildSeen(DONE, "failed", (), jobs_known=False)) is Verdict.FAILED


@pytest.mark.parametrize(
    ("jobs", "verdict"),
    [
        ((), Verdict.NONE),
        ((GREEN,), Verdict.PASSED),
        ((GREEN, RED), Verdict.FAILED),
        ((RED, RUNNING), Verdict.FAILED),
        ((GREEN, RUNNING), Verdict.NONE),
        ((GREEN, SKIPPED), Verdict.NONE),
        ((LOST,), Verdict.NONE),
        ((JobSeen("a", DONE, "abandoned"),), Verdict.NONE),
        ((JobSeen("a", DONE, "timed_out", cause="timeout"),), Verdict.FAILED),
    ],
)
def test_verdicts_of_groups(jobs, verdict):
    assert of_jobs(jobs) is verdict


@pytest.mark.parametrize(
    ("jobs", "why"),
    [
        ((), ()),
        ((GREEN,), ()),
        ((RED, RUNNING), ()),
        ((GREEN, RUNNING), (Why.UNFINISHED,)),
        ((LOST, SKIPPED), (Why.INFRASTRUCTURE, Why.SKIPPED)),
        ((JobSeen("a", DONE, "canceled"), GREEN), (Why.CANCELLED,)),
        ((JobSeen("a", DONE, "startup_failure"),), (Why.UNBORN,)),
    ],
)
def test_silence_has_its_reason(jobs, why):
    assert silence(jobs) == why


@pytest.mark.parametrize(
    ("azure", "actions", "agreed"),
    [
        (Verdict.PASSED, Verdict.PASSED, Agreement.AGREE),
        (Verdict.FAILED, Verdict.FAILED, Agreement.AGREE),
        (Verdict.PASSED, Verdict.FAILED, Agreement.DIFFER),
        (Verdict.FAILED, Verdict.PASSED, Agreement.DIFFER),
        (Verdict.NONE, Verdict.PASSED, Agreement.NONE),
        (Verdict.FAILED, Verdict.NONE, Agreement.NONE),
    ],
)
def test_agreement(azure, actions, agreed):
    assert agreement(azure, actions) is agreed


@pytest.mark.parametrize(
    ("azure", "actions", "agreed"),
    [
        (["a"], ["a"], Agreement.AGREE),
        (["a", "b"], ["b"], Agreement.AGREE),
        (["a"], ["b"], Agreement.DIFFER),
        (["a"], [], Agreement.AGREE),
        ([], [], Agreement.AGREE),
    ],
)
def test_two_failures_are_compared_by_their_tests(azure, actions, agreed):
    assert by_tests(azure, actions) is agreed
