"""Whose heads run without anybody's word, who may give it, for which commit, and which files it takes."""

from datetime import UTC, datetime, timedelta

import pytest

from sync.models import TrustGate
from sync.pulls.trust.rules import Account, HeadFacts, held_files, hold_reason, may_approve, meant_head

STRANGER = Account(7, "mallory", "NONE")
A = "a" * 40
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("association", "runs", "approves"),
    [
        ("OWNER", True, True),
        ("MEMBER", True, True),
        ("COLLABORATOR", True, True),
        ("CONTRIBUTOR", True, False),
        ("FIRST_TIME_CONTRIBUTOR", False, False),
        ("FIRST_TIMER", False, False),
        ("MANNEQUIN", False, False),
        ("NONE", False, False),
        ("", False, False),
        ("SOMETHING_NEW", False, False),
    ],
)
def test_githubs_association_says_whose_heads_run_and_who_may_approve(association, runs, approves):
    account = Account(7, "ada", association)
    assert (not hold_reason(HeadFacts(account)), may_approve(account, listed=False)) == (runs, approves)


def test_a_bot_approves_only_when_an_admin_lists_it():
    bot = Account(7, "merge[bot]", "MEMBER", is_bot=True)
    assert not may_approve(bot, listed=False) and may_approve(bot, listed=True)


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({}, "mallory is no member"),
        ({"merged": True}, ""),
        ({"trusted": True}, ""),
        ({"approved": True}, ""),
        ({"author": Account(0, "", "NONE")}, "whose account is gone"),
        ({"author": Account(7, "ada", "")}, "has not said yet"),
        ({"trusted": True, "held_files": ("pom.xml",)}, "(pom.xml)"),
        ({"trusted": True, "held_files": None}, "not been read"),
        ({"approved": True, "held_files": ("pom.xml",)}, ""),
        ({"author": Account(7, "ada", "MEMBER"), "held_files": tuple("abcde")}, "(a, b, c and 2 more)"),
    ],
)
def test_a_head_waits_for_a_reason_that_can_be_told(facts, says):
    reason = hold_reason(HeadFacts(**({"author": STRANGER} | facts)))
    assert says in reason if says else not reason


@pytest.mark.parametrize(
    ("record", "account", "same"),
    [
        ((7, "mallory"), STRANGER, True),
        ((7, "former-name"), STRANGER, True),  # it was renamed
        ((8, "mallory"), STRANGER, False),  # the login is somebody else's now
        ((None, "mallory"), STRANGER, False),
        ((None, "Mallory"), Account(0, "mallory", "NONE"), True),  # GitHub told no number
        ((7, "mallory"), Account(0, "mallory", "NONE"), False),
        ((None, ""), Account(0, "", "NONE"), False),  # deleted accounts are nobody's
    ],
)
def test_an_account_is_known_by_its_number(record, account, same):
    assert account.same_as(*record) is same


@pytest.mark.parametrize(
    ("told_before", "edited", "sure"),
    [
        (60, False, True),
        (1, False, True),
        (0, False, False),  # the answer that first had the head may hold the comment, too
        (-1, False, False),  # the head came after the comment
        (None, False, False),
        (60, True, False),
    ],
)
def test_an_approval_is_for_the_head_that_was_there_when_it_was_written(told_before, edited, sure):
    told_at = None if told_before is None else NOW - timedelta(seconds=told_before)
    assert meant_head(A, told_at, NOW, edited) == (A if sure else "")


@pytest.mark.parametrize(
    ("name", "held"),
    [
        (".github/workflows/ci.yml", True),
        ("azure-pipelines.yml", True),
        ("tools/azure-pipelines/jobs.yml", True),
        ("tools/ci/test_controller.sh", True),
        ("tools/ci", True),  # a link in the place of the folder
        (".mvn", True),
        ("flink-runtime/pom.xml", True),
        ("flink-runtime/.mvn/jvm.config", True),
        ("mvnw", True),
        ("flink-end-to-end-tests/run-nightly-tests.sh", True),
        ("flink-python/dev/lint-python.sh", True),
        ("flink-python/dev/requirements.txt", True),
        ("flink-runtime-web/web-dashboard/package.json", True),
        ("docs/tools/ci/a.md", False),
        ("flink-runtime/azure-pipelines.yml", False),
        ("flink-runtime/src/pom.xml.bak", False),
        ("tools/cinema.txt", False),
        ("Mvnw", False),
        ("README.md", False),
    ],
)
def test_build_files_are_told_from_others(name, held):
    patterns = TrustGate().files.splitlines()
    assert bool(held_files([name], patterns)) is held


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [("*.sh", "a/b/run.sh", True), ("/*.sh", "a/run.sh", False), ("a/*/c", "a/b/c", True), ("a/*/c", "a/b/d/c", False)],
)
def test_a_star_stays_within_a_name(pattern, name, fits):
    assert bool(held_files([name], [pattern])) is fits
