"""What is decided for one pull request: a table."""

from dataclasses import replace

import pytest

from sync.pulls.acts import (
    CancelBuild,
    DeleteBranch,
    PushBranch,
    QueueBuild,
    RetryBuild,
    SettleCommands,
)
from sync.pulls.plan import plan
from sync.pulls.values import CommandState, PullState, Refusal
from tests.pull_states import (
    CANCELED,
    FAILURE,
    NOW,
    REFUSED,
    SUCCESS,
    A,
    B,
    C,
    ago,
    branch,
    build,
    command,
    pull,
    url,
)


def acts(state: PullState) -> list:
    return [replace(act, reason="") for act in plan(state, NOW).acts]


CASES = {
    "a new pull request is pushed": (pull(branches=()), [PushBranch(5, A, "")]),
    "a head that has its branch is left alone": (pull(builds=(build(1),)), []),
    "an older head's pending build is cancelled": (
        pull(head=B, branches=(branch(B), branch(A)), builds=(build(1), build(2, B))),
        [CancelBuild(5, 1, False, "")],
    ),
    "a build that is being cancelled is left alone": (
        pull(head=B, branches=(branch(B), branch(A)), builds=(build(1, cancelling=True), build(2, B))),
        [],
    ),
    "a cancel that was just asked for is waited for": (
        pull(head=B, branches=(branch(B), branch(A)), builds=(build(1, cancel_asked_at=ago(4)), build(2, B))),
        [],
    ),
    "a build that goes on is asked again": (
        pull(head=B, branches=(branch(B), branch(A)), builds=(build(1, cancel_asked_at=ago(6)), build(2, B))),
        [CancelBuild(5, 1, True, "")],
    ),
    "the head's and the newest finished build's branch stay": (
        pull(
            head=C,
            branches=(branch(A), branch(B), branch(C)),
            builds=(build(1, A, SUCCESS), build(2, B, FAILURE), build(3, C)),
        ),
        [DeleteBranch(5, A, "")],
    ),
    "when the head is built, older branches go": (
        pull(head=B, branches=(branch(A), branch(B)), builds=(build(1, A, SUCCESS), build(2, B, FAILURE))),
        [DeleteBranch(5, A, "")],
    ),
    "a branch whose build still runs stays until it has ended": (
        pull(head=B, branches=(branch(A), branch(B)), builds=(build(1, A, cancelling=True), build(2, B, SUCCESS))),
        [],
    ),
    "a closed one is cleared away": (
        pull(open=False, branches=(branch(A), branch(B)), builds=(build(1), build(2, B, SUCCESS))),
        [CancelBuild(5, 1, False, ""), DeleteBranch(5, A, ""), DeleteBranch(5, B, "")],
    ),
    "a closed one without anything is left alone": (pull(open=False, branches=()), []),
    "a reopened one is pushed again": (
        pull(branches=(), builds=(build(1, A, CANCELED),)),
        [PushBranch(5, A, "")],
    ),
    "a blocked one is not tried again": (pull(branches=(), refusal=REFUSED, token="t1"), []),
    "a blocked one is tried with another token": (
        pull(branches=(), refusal=REFUSED, token="t2"),
        [PushBranch(5, A, "")],
    ),
    "a blocked one is tried with another head": (
        pull(head=B, branches=(), refusal=REFUSED, token="t1"),
        [PushBranch(5, B, "")],
    ),
    "another refusal is waited out": (
        pull(branches=(), refusal=Refusal(A, "no", False, "t1", ago(1)), token="t1"),
        [],
    ),
    "another refusal is tried again": (
        pull(branches=(), refusal=Refusal(A, "no", False, "t1", ago(3)), token="t1"),
        [PushBranch(5, A, "")],
    ),
    "later refusals are waited out for longer": (
        pull(branches=(), refusal=Refusal(A, "no", False, "t1", ago(30), tries=9), token="t1"),
        [],
    ),
    "without a build for 15 minutes, one is queued": (
        pull(branches=(branch(A, 15),)),
        [QueueBuild(5, A, (), "")],
    ),
    "without a build for 14 minutes, nothing is": (pull(branches=(branch(A, 14),)), []),
    "one is queued only once": (pull(branches=(branch(A, 60),), queued=frozenset({A})), []),
    "a failed build is retried": (
        pull(builds=(build(1, A, FAILURE),), commands=(command(),)),
        [RetryBuild(5, 1, A, (7,), "")],
    ),
    "a canceled build is retried": (
        pull(builds=(build(1, A, CANCELED),), commands=(command(),)),
        [RetryBuild(5, 1, A, (7,), "")],
    ),
    "the latest build counts": (
        pull(builds=(build(1, A, FAILURE), build(2, A, SUCCESS)), commands=(command(),)),
        [QueueBuild(5, A, (7,), "")],
    ),
    "after a success, a new build is queued": (
        pull(builds=(build(1, A, SUCCESS),), commands=(command(),)),
        [QueueBuild(5, A, (7,), "")],
    ),
    "for a build that is gone, a new one is queued": (
        pull(builds=(build(1, A, FAILURE, gone=True),), commands=(command(),)),
        [QueueBuild(5, A, (7,), "")],
    ),
    "with its branch deleted, it is pushed first": (
        pull(branches=(), builds=(build(1, A, FAILURE),), commands=(command(),)),
        [PushBranch(5, A, "")],
    ),
    "then a new build is queued": (
        pull(branches=(branch(A, 1, after_build=1),), builds=(build(1, A, FAILURE),), commands=(command(),)),
        [QueueBuild(5, A, (7,), "")],
    ),
    "unless the push has started one": (
        pull(
            branches=(branch(A, 1, after_build=1),),
            builds=(build(1, A, FAILURE), build(2, A)),
            commands=(command(),),
        ),
        [SettleCommands(5, (7,), CommandState.RUNNING, url(2), "")],
    ),
    "without a build, the command is remembered": (pull(branches=(branch(A, 1),), commands=(command(),)), []),
    "a running build is not touched": (
        pull(builds=(build(1),), commands=(command(),)),
        [SettleCommands(5, (7,), CommandState.RUNNING, url(1), "")],
    ),
    "a command waits for the end of a build that is being cancelled": (
        pull(builds=(build(1, cancelling=True, cancel_asked_at=ago(1)),), commands=(command(),)),
        [],
    ),
    "and of one that was asked just now to stop": (
        pull(builds=(build(1, cancel_asked_at=ago(1)),), commands=(command(),)),
        [],
    ),
    "a build that was asked to stop long ago and runs on serves it": (
        pull(builds=(build(1, cancel_asked_at=ago(9)),), commands=(command(),)),
        [SettleCommands(5, (7,), CommandState.RUNNING, url(1), "")],
    ),
    "a cancel that a command waits for is tried again, with the stages": (
        pull(builds=(build(1, cancelling=True, cancel_asked_at=ago(6)),), commands=(command(),)),
        [CancelBuild(5, 1, True, "")],
    ),
    "so is somebody else's": (
        pull(builds=(build(1, cancelling=True),), commands=(replace(command(), at=ago(6)),)),
        [CancelBuild(5, 1, True, "")],
    ),
    "but not at once": (pull(builds=(build(1, cancelling=True),), commands=(command(),)), []),
    "nor when nobody waits for it": (pull(builds=(build(1, cancelling=True),)), []),
    "an older head's cancel that is stuck is tried again": (
        pull(
            head=B,
            branches=(branch(B), branch(A)),
            builds=(build(1, cancelling=True, cancel_asked_at=ago(6)), build(2, B)),
        ),
        [CancelBuild(5, 1, True, "")],
    ),
    "a commit that is the head again has its build back": (
        pull(builds=(build(1, A, CANCELED, superseded=True, cancels=1),)),
        [RetryBuild(5, 1, A, (), "")],
    ),
    "once its cancel has landed": (pull(builds=(build(1, cancelling=True, cancel_asked_at=ago(1), cancels=1),)), []),
    "and its other commits are cleared away": (
        pull(
            branches=(branch(A), branch(B)),
            builds=(build(1, A, CANCELED, superseded=True), build(2, B, cancelling=True, cancel_asked_at=ago(1))),
        ),
        [RetryBuild(5, 1, A, (), "")],
    ),
    "one retry serves that and a command": (
        pull(builds=(build(1, A, CANCELED, superseded=True),), commands=(command(),)),
        [RetryBuild(5, 1, A, (7,), "")],
    ),
    "a cancel of a person stays": (pull(builds=(build(1, A, CANCELED, cancels=1),)), []),
    "a build that a later one has followed stays canceled": (
        pull(builds=(build(1, A, CANCELED, superseded=True), build(2, A))),
        [],
    ),
    "so does one whose branch was pushed anew": (
        pull(branches=(branch(A, 1, after_build=1),), builds=(build(1, A, CANCELED, superseded=True),)),
        [],
    ),
    "and one of a closed pull request": (
        pull(open=False, branches=(), builds=(build(1, A, CANCELED, superseded=True),)),
        [],
    ),
    "a canceled older head gives way to one that says something": (
        pull(
            head=C,
            branches=(branch(A), branch(B), branch(C)),
            builds=(build(1, A, FAILURE), build(2, B, CANCELED, finished_at=ago(0)), build(3, C)),
        ),
        [DeleteBranch(5, B, "")],
    ),
    "the head's finished build lets all others go, however late they ended": (
        pull(
            head=B,
            branches=(branch(A), branch(B)),
            builds=(build(1, A, CANCELED, finished_at=ago(0)), build(2, B, FAILURE, finished_at=ago(30))),
        ),
        [DeleteBranch(5, A, "")],
    ),
    "of older heads the one queued last stays, whichever ended last": (
        pull(
            head=C,
            branches=(branch(A), branch(B), branch(C)),
            builds=(build(1, A, FAILURE, finished_at=ago(0)), build(2, B, SUCCESS), build(3, C)),
        ),
        [DeleteBranch(5, A, "")],
    ),
    "a canceled one stays where there is no other": (
        pull(head=B, branches=(branch(A), branch(B)), builds=(build(1, A, CANCELED), build(2, B))),
        [],
    ),
    "no build is queued for a commit that the service refuses": (
        pull(branches=(branch(A, 60),), build_problem="/x.yml (Line: 1, Col: 2): no"),
        [],
    ),
    "a command for it is told so": (
        pull(build_problem="no", commands=(command(),)),
        [SettleCommands(5, (7,), CommandState.REFUSED, "", "")],
    ),
    "after a success, too": (
        pull(builds=(build(1, A, SUCCESS),), build_problem="no", commands=(command(),)),
        [SettleCommands(5, (7,), CommandState.REFUSED, "", "")],
    ),
    "one that was refused is settled": (
        pull(build_problem="no", commands=(command(state=CommandState.REFUSED),)),
        [],
    ),
    "one retry serves several commands": (
        pull(builds=(build(1, A, FAILURE),), commands=(command(7), command(8))),
        [RetryBuild(5, 1, A, (7, 8), "")],
    ),
    "a newer push settles a command": (
        pull(head=B, branches=(branch(B, 1),), commands=(command(head=A),)),
        [SettleCommands(5, (7,), CommandState.SUPERSEDED, "", "")],
    ),
    "a command on a closed pull request is settled": (
        pull(open=False, branches=(), commands=(command(),)),
        [SettleCommands(5, (7,), CommandState.SUPERSEDED, "", "")],
    ),
    "an unknown command is settled": (
        pull(builds=(build(1, A, FAILURE),), commands=(command(known=False),)),
        [SettleCommands(5, (7,), CommandState.UNKNOWN, "", "")],
    ),
    "a settled command is settled": (
        pull(builds=(build(1, A, FAILURE),), commands=(command(state=CommandState.RERUN),)),
        [],
    ),
    "nothing is decided on comments that nobody has read": (
        pull(builds=(build(1, A, FAILURE),), commands=(command(),), conversation_known=False),
        [],
    ),
}


@pytest.mark.parametrize(("state", "expected"), CASES.values(), ids=CASES)
def test_acts(state, expected):
    assert acts(state) == expected
