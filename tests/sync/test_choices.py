"""What rows may hold is what the pure modules speak of, word for word."""

import pytest

from sync.mirrors.plan import MEANINGS
from sync.mirrors.values import BranchState
from sync.models import CommandComment, MirrorBranch, PullRequest
from sync.pulls.filters import WAITING
from sync.pulls.values import BuildStatus, CommandState, Reaction, Waiting


@pytest.mark.parametrize(
    ("choices", "enum"), [(CommandComment.State, CommandState), (MirrorBranch.State, BranchState)], ids=str
)
def test_a_choice_is_its_enum(choices, enum):
    assert set(choices.values) == {str(each) for each in enum}


def test_every_state_of_a_build_is_one_of_a_pull_requests_ci():
    assert {status.lower() for status in BuildStatus} <= set(PullRequest.CIState.values)


def test_every_state_of_a_mirrored_branch_has_a_meaning():
    assert set(MEANINGS) == set(BranchState)


@pytest.mark.parametrize(("field", "enum"), [("waiting", Waiting)])
def test_a_field_holds_every_word(field, enum):
    assert max(map(len, enum)) <= PullRequest._meta.get_field(field).max_length
    assert max(map(len, Reaction)) <= CommandComment._meta.get_field("reaction").max_length


def test_every_filter_is_a_word():
    assert set(WAITING) <= set(Waiting)
