"""Rows as the state that decides what happens to a pull request."""

import pytest
from django.utils import timezone

from agents.models.builds import Result
from flinkci_dashboard.clients.providers import build_page
from sync.models import CIBranch, PullRequest
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


def test_a_build_whose_address_was_not_told_is_found_at_its_own_service(pull):
    row = make_build(branch=f"ci_1_{SHA}", scope="pull", status="finished", result="failed", web_url="")
    [built] = PullStates([pull], "").state(pull).builds
    assert built.url == build_page(row.provider, row.external_id)
    assert str(row.external_id) in built.url


@pytest.mark.parametrize(("name", "number"), [("azure:7", 7), ("other:7", 0), ("", 0)])
def test_only_the_builds_of_the_service_that_builds_pull_requests_are_compared_with_its_own(pull, name, number):
    facts = {"number": 1, "sha": SHA, "tip": SHA, "seen_at": timezone.now(), "after_build": name}
    CIBranch.objects.create(name=f"ci_1_{SHA}", **facts)
    [branch] = PullStates([pull], "").state(pull).branches
    assert branch.after_build == number
