"""Why a pull request is where it is, in a sentence: a table."""

import pytest

from flinkci_dashboard.web.durations import Lasting
from sync.pulls.actions.values import Actions, Run
from sync.pulls.values import Refusal, Waiting
from sync.pulls.waiting import waiting_reason
from tests.pull_states import CANCELED, FAILURE, NOW, REFUSED, SUCCESS, A, ago, branch, build, pull

WHYS = {
    "without a branch": (pull(branches=()), Waiting.PUSH, "its head has no branch yet"),
    "blocked": (pull(branches=(), refusal=REFUSED, token="t1"), Waiting.BLOCKED, "blocked for 1 h: it changes"),
    "refused": (
        pull(branches=(), refusal=Refusal(A, "no way", False, "t", ago(1)), token="t"),
        Waiting.REFUSED,
        "GitHub said “no way” 1 min ago",
    ),
    "no build": (pull(branches=(branch(A, 3),)), Waiting.BUILD, "pushed 3 min ago, no build seen yet"),
    "queued for it": (pull(branches=(branch(A, 20),), queued=frozenset({A})), Waiting.BUILD, "so one was queued"),
    "waiting": (
        pull(builds=(build(1, queued_at=ago(12), ahead=3),)),
        Waiting.AGENT,
        "waiting for an agent for 12 min, 3 builds ahead",
    ),
    "running": (pull(builds=(build(1, started_at=ago(95)),)), Waiting.RUNNING, "build running for 1 h 35 min"),
    "cancelling": (pull(builds=(build(1, cancelling=True),)), Waiting.CANCELLING, "being canceled"),
    "failed": (
        pull(builds=(build(1, A, FAILURE, finished_at=ago(120), failed_jobs=("core", "table")),)),
        Waiting.FAILED,
        "build failed 2 h ago: core, table",
    ),
    "passed": (pull(builds=(build(1, A, SUCCESS, finished_at=ago(5)),)), Waiting.PASSED, "build succeeded 5 min ago"),
    "canceled": (pull(builds=(build(1, A, CANCELED, finished_at=ago(5)),)), Waiting.CANCELED, "build canceled 5 min"),
    "not approved": (
        pull(
            branches=(),
            actions=Actions(
                (Run(1, "ada/flink", "Flink CI", "CANCELED", "", queued_at=ago(9), unapproved=True),), True, True
            ),
        ),
        Waiting.APPROVAL,
        "GitHub Actions: waits for 9 min for somebody to approve its run on GitHub",
    ),
    "gone": (pull(builds=(build(1, gone=True),)), Waiting.CANCELED, "its build is gone"),
    "closed": (pull(open=False, branches=()), Waiting.CLOSED, "closed"),
    "unread": (pull(conversation_known=False), Waiting.READING, "conversation"),
}


@pytest.mark.parametrize(("state", "waiting", "text"), WHYS.values(), ids=WHYS)
def test_why_it_is_where_it_is(state, waiting, text):
    why = waiting_reason(state, NOW)
    assert why.waiting is waiting
    assert text in Lasting(why.text, why.since).at(NOW)
