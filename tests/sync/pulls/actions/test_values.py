"""What GitHub Actions means for one pull request: plans, words and sections."""

from datetime import UTC, datetime, timedelta

import pytest

from sync.pulls.actions.values import Actions, Run, answer, section
from sync.pulls.acts import AnswerCommands, PushBranch, RerunRun, SettleCommands
from sync.pulls.plan import plan
from sync.pulls.report import Report, Section, parse, render
from sync.pulls.values import Branch, Build, BuildStatus, Command, CommandState, PullState, Waiting, deciding_build
from sync.pulls.waiting import waiting_reason

NOW = datetime(2026, 11, 25, tzinfo=UTC)
A, B = "a" * 40, "b" * 40
FAILURE, SUCCESS, PENDING = BuildStatus.FAILURE, BuildStatus.SUCCESS, BuildStatus.PENDING
CHECKS = "https://github.com/apache/flink/pull/5/checks"


def run(number=1, status=FAILURE, repository="ada/flink", **facts):
    return Run(number, repository, f"Flink CI {number}", status, f"https://g/{number}", **facts)


def pull(*runs, head=A, commands=(), builds=(), **facts):
    told = {name: facts.pop(name) for name in ("speaks", "alone", "pushing") if name in facts}
    actions = Actions(runs, checks=CHECKS, **told)
    branches = (Branch(head, NOW - timedelta(hours=9)),)
    return PullState(
        5, head, **{"branches": branches, "builds": builds, "commands": commands, "actions": actions} | facts
    )


def azure(status):
    return Build(7, A, status, "https://az/7", NOW - timedelta(hours=1), NOW, None if status is PENDING else NOW)


GHA = Command(9, A, NOW, gha=True)
IN_OURS = {"repository": "flink-ci/flink", "ours": True}


@pytest.mark.parametrize(
    ("state", "acts"),
    [
        (pull(run(), commands=(GHA,)), [(CommandState.ANSWERED, "https://g/1")]),
        (pull(commands=(GHA,)), [(CommandState.ANSWERED, CHECKS)]),
        (pull(run(status=SUCCESS), run(2), commands=(GHA,)), [(CommandState.ANSWERED, "https://g/2")]),
        (pull(run(**IN_OURS), commands=(GHA,)), ["flink-ci/flink"]),
        (pull(run(**IN_OURS), run(2), run(3, **IN_OURS), commands=(GHA,)), ["flink-ci/flink"] * 2),
        (pull(run(status=PENDING, **IN_OURS), commands=(GHA,)), [(CommandState.RUNNING, "https://g/1")]),
        (pull(run(status=SUCCESS, **IN_OURS), commands=(GHA,)), [(CommandState.ANSWERED, "https://g/1")]),
        (pull(run(), head=B, commands=(GHA,)), [(CommandState.SUPERSEDED, "")]),
        (pull(run(), commands=(GHA,), open=False), [(CommandState.SUPERSEDED, "")]),
    ],
)
def test_a_command_to_actions_is_served_or_answered_whatever_the_authority(state, acts):
    found = [act for act in plan(state, NOW).acts if isinstance(act, RerunRun | SettleCommands | AnswerCommands)]
    assert [what(act) for act in found] == acts
    assert all(act.commands == (9,) for act in found)


def what(act):
    if isinstance(act, RerunRun):
        return act.repository
    return (CommandState.ANSWERED if isinstance(act, AnswerCommands) else act.state, act.url)


def test_the_answer_is_one_sentence_with_the_link():
    assert CHECKS in answer(CHECKS) and answer(CHECKS).count(". ") == 0 and "\n" not in answer(CHECKS)


@pytest.mark.parametrize(
    ("told", "builds", "status"),
    [
        ({}, (azure(SUCCESS),), SUCCESS),
        ({"speaks": True}, (azure(SUCCESS),), FAILURE),
        ({"speaks": True}, (azure(PENDING),), FAILURE),
        ({"speaks": True}, (), FAILURE),
        ({"speaks": True, "alone": True}, (azure(SUCCESS),), FAILURE),
    ],
)
def test_the_service_that_has_the_say_decides(told, builds, status):
    assert deciding_build(pull(run(), builds=builds, **told)).status is status


def test_why_it_waits_speaks_of_that_service():
    alone = {"speaks": True, "alone": True}
    why = waiting_reason(pull(run(), builds=(azure(SUCCESS),), **alone), NOW)
    assert (why.waiting, why.text) == (Waiting.FAILED, "GitHub Actions: build failed")
    assert "no run of GitHub Actions" in waiting_reason(pull(**alone), NOW).text
    assert waiting_reason(pull(run(), builds=(azure(SUCCESS),)), NOW).waiting is Waiting.PASSED


def test_where_both_have_the_say_and_heads_are_pushed_no_more_a_run_tells_why():
    told = {"speaks": True, "pushing": False, "branches": ()}
    assert waiting_reason(pull(run(), **told), NOW).text == "GitHub Actions: build failed"
    assert "switched that off" in waiting_reason(pull(**told), NOW).text
    assert waiting_reason(pull(run(), **told | {"speaks": False}), NOW).waiting is Waiting.PUSH


def test_with_pushing_off_no_head_is_pushed_and_on_again_it_is():
    off = pull(branches=(), pushing=False)
    assert not [act for act in plan(off, NOW).acts if isinstance(act, PushBranch)]
    assert "switched that off" in waiting_reason(off, NOW).text
    assert [act for act in plan(pull(branches=()), NOW).acts if isinstance(act, PushBranch)]


@pytest.mark.parametrize(
    ("told", "words"), [({}, ""), ({"speaks": True}, "too"), ({"speaks": True, "alone": True}, "]")]
)
def test_the_report_has_a_section_where_actions_have_the_say(told, words):
    text = section(Actions((run(status=SUCCESS, repository="a/b](x)`"),), **told))
    assert words in text and bool(text) == bool(words)
    report = Report((), sections=(Section("actions", text),) if text else ())
    assert parse(render(report)).report == report


def test_without_a_run_the_section_says_so():
    assert "No run of its last commit" in section(Actions(speaks=True))
