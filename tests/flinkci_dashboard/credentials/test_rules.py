"""Whom to warn when, and which value of a credential counts: tables of cases."""

from datetime import UTC, datetime, timedelta

import pytest

from flinkci_dashboard.clients.facts import TokenVerdict
from flinkci_dashboard.credentials.rules import Step, days_left, next_step, scope_problem, warning_due

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
WORKS, FAILS, SILENT = TokenVerdict(works=True), TokenVerdict(works=False), TokenVerdict(works=None)


@pytest.mark.parametrize(
    ("left", "threshold"),
    [
        (timedelta(days=31), None),
        (timedelta(days=30), 30),
        (timedelta(days=14, seconds=1), 30),
        (timedelta(days=14), 14),
        (timedelta(days=7), 7),
        (timedelta(days=2), 7),
        (timedelta(days=1), 1),
        (timedelta(seconds=1), 1),
        (timedelta(0), 0),
        (timedelta(days=-40), 0),
    ],
)
def test_the_threshold_reached_last_is_due(left, threshold):
    assert warning_due(NOW + left, NOW) == threshold


def test_what_never_ends_is_never_due():
    assert warning_due(None, NOW) is None


def test_days_left_are_whole_days():
    assert days_left(NOW + timedelta(days=3, hours=23), NOW) == 3
    assert days_left(NOW - timedelta(hours=1), NOW) == -1


@pytest.mark.parametrize(
    ("wanted", "verdict", "problem"),
    [
        ("repo", TokenVerdict(works=True, scopes=frozenset({"repo"})), ""),
        ("repo, workflow", TokenVerdict(works=True, scopes=frozenset({"repo"})), "lacks workflow"),
        ("repo", TokenVerdict(works=True, scopes=frozenset({"repo", "admin:org"})), "has admin:org beyond need"),
        ("repo", TokenVerdict(works=True, scopes=frozenset({"gist"})), "lacks repo; has gist beyond need"),
        ("public_repo", TokenVerdict(works=True, scopes=frozenset({"repo"})), "has repo beyond need"),
        ("repo", TokenVerdict(works=True, scopes=frozenset({"repo", "repo:status"})), ""),
        ("", TokenVerdict(works=True, scopes=frozenset({"repo"})), ""),
        ("repo", TokenVerdict(works=True, scopes=None), ""),
        ("vso.build", TokenVerdict(works=True, missing=frozenset({"vso.build"})), "lacks vso.build"),
    ],
)
def test_too_few_and_too_many_scopes_are_named(wanted, verdict, problem):
    assert scope_problem(wanted, verdict) == problem


@pytest.mark.parametrize(
    ("current", "candidate", "previous", "step"),
    [
        (WORKS, None, None, Step.KEEP),
        (WORKS, WORKS, None, Step.SWITCH),
        (FAILS, WORKS, None, Step.SWITCH),
        (None, WORKS, None, Step.SWITCH),
        (WORKS, FAILS, None, Step.REFUSE),
        (WORKS, SILENT, None, Step.KEEP),
        (WORKS, TokenVerdict(works=True, scopes=frozenset({"gist"})), None, Step.REFUSE),
        (WORKS, TokenVerdict(works=True, scopes=frozenset({"repo", "gist"})), None, Step.SWITCH),
        (WORKS, None, WORKS, Step.DROP),
        (WORKS, None, FAILS, Step.DROP),
        (FAILS, None, WORKS, Step.RETURN),
        (FAILS, None, FAILS, Step.KEEP),
        (SILENT, None, WORKS, Step.KEEP),
        (WORKS, WORKS, WORKS, Step.SWITCH),
    ],
)
def test_rotation_never_leaves_a_working_value_for_one_that_is_not_known_to_work(current, candidate, previous, step):
    assert next_step(current, candidate, previous, wanted="repo") == step
