"""Rows as the state that decides what happens to a pull request."""

import pytest
from django.utils import timezone

from agents.models.builds import Result
from sync.models import PullRequest
from sync.pulls.state import PullStates
from sync.pulls.values import FINAL, BuildStatus
from tests.machines import make_build

pytestmark = pytest.mark.django_db
SHA = "a" * 40


@pytest.fixture
def pull():
    """An open pull request."""
    now = timezone.now()
    return PullRequest.objects.create(number=1, title="Fix", head_sha=SHA, created_at=now, updated_at=now)


def status_of(pull, **build) -> BuildStatus:
    make_build(branch=f"ci_1_{SHA}", scope="pull", **build)
    [built] = PullStates([pull], "").state(pull).builds
    return built.status


@pytest.mark.parametrize("result", Result.values)
def test_a_build_that_has_ended_is_never_pending_for_ever(pull, result):
    assert status_of(pull, status="finished", result=result) in FINAL


def test_a_skipped_build_says_as_little_as_a_canceled_one(pull):
    assert status_of(pull, status="finished", result="skipped") is BuildStatus.CANCELED


def test_a_build_that_was_deleted_before_its_end_has_no_outcome(pull):
    assert status_of(pull, status="finished", result="", gone_at=timezone.now()) is BuildStatus.PENDING
    assert not PullStates([pull], "").state(pull).builds[0].pending


@pytest.mark.parametrize("status", ["queued", "running", "cancelling"])
def test_a_build_under_way_is_pending_whatever_its_last_attempt_came_to(pull, status):
    assert status_of(pull, status=status, result="failed") is BuildStatus.PENDING
