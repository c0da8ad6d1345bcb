"""What is decided for one pull request: a table for each rule, and a small world in which plans are carried out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sync.pulls.acts import (
    CancelBuild,
    DeleteBranch,
    DeleteReport,
    PushBranch,
    QueueBuild,
    React,
    Reply,
    RetryBuild,
    SettleCommands,
    WriteReport,
)
from sync.pulls.plan import plan
from sync.pulls.report import Entry, Report, is_report, parse, render
from sync.pulls.reporting import BLOCKED_NOTE, is_current, reply_mark
from sync.pulls.values import Branch, Build, BuildStatus, Command, CommandState, PullState, Refusal, ReportText, Waiting
from sync.pulls.waiting import sentence, waiting_reason

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
A, B, C = "a" * 40, "b" * 40, "c" * 40
SUCCESS, FAILURE, CANCELED, PENDING = (
    BuildStatus.SUCCESS,
    BuildStatus.FAILURE,
    BuildStatus.CANCELED,
    BuildStatus.PENDING,
)


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


def url(number: int) -> str:
    return f"https://dev.azure.com/apache-flink/x/_build/results?buildId={number}"


def build(number: int, sha: str = A, status: BuildStatus = PENDING, **facts) -> Build:
    times = {"queued_at": ago(100 - number), "finished_at": None if status is PENDING else ago(90 - number)}
    return Build(number, sha, status, url(number), **(times | facts))


def branch(sha: str = A, minutes: float = 200, pushed: bool = True, **facts) -> Branch:
    return Branch(sha, ago(minutes), ago(minutes) if pushed else None, **facts)


def command(number: int = 7, head: str = A, **facts) -> Command:
    return Command(number, head, ago(1), **facts)


def pull(**facts) -> PullState:
    return PullState(5, **({"head": A, "branches": (branch(),)} | facts))


def acts(state: PullState) -> list:
    return [replace(act, reason="") for act in plan(state, NOW).acts]


REFUSED = Refusal(A, "refusing to allow", True, "t1", ago(60))
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


def report_of(state: PullState) -> Report:
    written = [word for word in plan(state, NOW).words if isinstance(word, WriteReport)]
    assert len(written) == 1
    report = parse(written[0].body).report
    assert report
    return report


def with_report(*entries: Entry, note: str = "", **facts) -> PullState:
    return pull(reports=(ReportText(1, render(Report(tuple(entries), note))),), **facts)


def push(sha: str, status: str, number: int | None = None) -> Entry:
    return Entry(sha, status, url(number) if number else "TBD", sha, "PUSH")


def manual(comment: int, sha: str, status: str, number: int | None = None) -> Entry:
    return Entry(sha, status, url(number) if number else "TBD", str(comment), "MANUAL")


REPORTS = {
    "the first one waits for a build": (pull(), [push(A, "UNKNOWN")]),
    "a build is shown when it is seen": (with_report(push(A, "UNKNOWN"), builds=(build(1),)), [push(A, "PENDING", 1)]),
    "its end is shown": (
        with_report(push(A, "PENDING", 1), builds=(build(1, A, FAILURE),)),
        [push(A, "FAILURE", 1)],
    ),
    "a retry in the service's own page is shown": (
        with_report(push(A, "FAILURE", 1), builds=(build(1),)),
        [push(A, "PENDING", 1)],
    ),
    "a build that somebody queued by hand is shown too": (
        with_report(push(A, "FAILURE", 1), builds=(build(1, A, FAILURE), build(2))),
        [push(A, "FAILURE", 1), push(A, "PENDING", 2)],
    ),
    "a command that was served is noted with its build": (
        with_report(
            push(A, "FAILURE", 1), builds=(build(1),), commands=(command(state=CommandState.RERUN, url=url(1)),)
        ),
        [push(A, "PENDING", 1), manual(7, A, "PENDING", 1)],
    ),
    "a superseded command is noted without one": (
        with_report(
            push(A, "SUCCESS", 1), builds=(build(1, A, SUCCESS),), commands=(command(state=CommandState.SUPERSEDED),)
        ),
        [manual(7, "0000", "DELETED"), push(A, "SUCCESS", 1)],
    ),
    "older commits are hidden when a newer one is built": (
        with_report(
            push(A, "SUCCESS", 1), push(B, "PENDING", 2), head=B, builds=(build(1, A, SUCCESS), build(2, B, FAILURE))
        ),
        [push(A, "DELETED", 1), push(B, "FAILURE", 2)],
    ),
    "a former result stays while the head is built": (
        with_report(push(A, "SUCCESS", 1), head=B, branches=(branch(A), branch(B)), builds=(build(1, A, SUCCESS),)),
        [push(A, "SUCCESS", 1), push(B, "UNKNOWN")],
    ),
    "a commit that was never built is forgotten": (
        with_report(push(A, "UNKNOWN"), head=B, branches=(branch(B),)),
        [push(B, "UNKNOWN")],
    ),
    "a head that comes back is shown again": (
        with_report(push(A, "DELETED", 1), push(B, "FAILURE", 2), builds=(build(1, A, SUCCESS), build(2, B, FAILURE))),
        [push(A, "SUCCESS", 1), push(B, "DELETED", 2)],
    ),
    "a head that comes back with its build forgotten waits again": (
        with_report(push(A, "DELETED", 1), manual(3, A, "DELETED", 1)),
        [manual(3, "0000", "DELETED", 1), push(A, "UNKNOWN")],
    ),
    "a pending build that is gone ends as canceled": (
        with_report(push(A, "PENDING", 1), builds=(build(1, gone=True),)),
        [push(A, "CANCELED", 1)],
    ),
    "a pending entry of an older head that nobody knows ends as canceled": (
        with_report(push(A, "PENDING", 1), push(B, "PENDING", 2), head=B, branches=(branch(B),), builds=(build(2, B),)),
        [push(A, "DELETED", 1), push(B, "PENDING", 2)],
    ),
    "the final state of a closed one": (
        with_report(push(A, "PENDING", 1), open=False, branches=(), builds=(build(1, A, CANCELED),)),
        [push(A, "CANCELED", 1)],
    ),
    "a deleted report is written again from what it held": (
        pull(former_reports=(render(Report((push(A, "SUCCESS", 1), manual(3, A, "SUCCESS", 1)))),), builds=(build(1),)),
        [push(A, "PENDING", 1), manual(3, A, "PENDING", 1)],
    ),
    "a broken report is written anew": (
        pull(reports=(ReportText(1, "<!--\nMeta data\n{-->\n## CI report:\n\n"),), builds=(build(1),)),
        [push(A, "PENDING", 1)],
    ),
}


@pytest.mark.parametrize(("state", "expected"), REPORTS.values(), ids=REPORTS)
def test_the_report(state, expected):
    assert list(report_of(state).entries) == expected
    written = next(word for word in plan(state, NOW).words if isinstance(word, WriteReport))
    again = replace(state, reports=(ReportText(1, written.body),), former_reports=())
    assert not [word for word in plan(again, NOW).words if isinstance(word, WriteReport)]


def test_a_right_report_is_not_touched():
    assert not plan(with_report(push(A, "PENDING", 1), builds=(build(1),)), NOW)


def test_windows_line_ends_are_no_change():
    state = with_report(push(A, "PENDING", 1), builds=(build(1),))
    body = state.reports[0].body.replace("\n", "\r\n")
    assert not plan(replace(state, reports=(ReportText(1, body),)), NOW)


def test_a_closed_pull_request_gets_no_first_report():
    assert not plan(pull(open=False, branches=()), NOW)


def test_a_second_report_is_folded_into_the_first_and_deleted():
    first, second = render(Report((push(A, "PENDING", 1),))), render(Report((manual(3, A, "FAILURE", 1),)))
    state = pull(reports=(ReportText(1, first), ReportText(2, second)), builds=(build(1),))
    write, delete = plan(state, NOW).words
    assert isinstance(write, WriteReport) and write.comment_id == 1
    assert "3" in [entry.trigger_id for entry in report_of(state).known]
    assert isinstance(delete, DeleteReport) and delete.comment_id == 2


def test_a_blocked_one_says_so_in_the_visible_part():
    state = pull(branches=(), refusal=REFUSED, token="t1")
    report = report_of(state)
    assert report.note == BLOCKED_NOTE
    text = render(report)
    assert is_report(text) and BLOCKED_NOTE in text.split("## CI report:")[1]
    free = replace(state, token="t2", reports=(ReportText(1, text),))
    assert report_of(free).note == ""


REFUSALS = {
    "GH013: Repository rule violations\n* for refs/heads/x": "GH013: Repository rule violations * for refs/heads/x",
    "`@ada` -->\n## CI report:\n\n": "'@ada' --> ## CI report:",
    "x" * 1000: "x" * 300,
}


@pytest.mark.parametrize(("words", "shown"), REFUSALS.items())
@pytest.mark.parametrize("who", ["GitHub", "the CI service"])
def test_a_refused_commit_says_why_in_the_visible_part(words, shown, who):
    if who == "GitHub":
        state = pull(branches=(), refusal=Refusal(A, words, False, "t1", ago(1)), token="t1")
    else:
        state = pull(build_problem=words)
    written = next(word for word in plan(state, NOW).words if isinstance(word, WriteReport))
    report = parse(written.body).report
    assert report and f"{who} refuses this commit" in report.note and report.note.endswith(f"`{shown}`")
    assert report.entries == (push(A, "UNKNOWN"),)
    stands = replace(state, reports=(ReportText(1, written.body),))
    assert not [word for word in plan(stands, NOW).words if isinstance(word, WriteReport)]
    assert is_current(stands) and not is_current(replace(stands, head=B))
    served = replace(stands, branches=(branch(),), builds=(build(1),), build_problem="", refusal=None)
    assert report_of(served).note == ""


def test_reports_are_compared_by_what_they_say():
    state = pull(builds=(build(1),))
    ours = render(Report((push(A, "PENDING", 1),)))
    ours_as_old = (
        f"<!--\nMeta data\nHash:{A} Status:PENDING URL:{url(1)} TriggerType:PUSH TriggerID:{A}\n-->\n## CI report:\n\n"
    )
    other = render(Report((push(A, "SUCCESS", 1),)))
    assert is_current(replace(state, reports=(ReportText(1, ours.replace("\n", "\r\n")),)))
    assert is_current(replace(state, reports=(ReportText(1, ours_as_old),)))
    assert not is_current(replace(state, reports=(ReportText(1, other),)))
    assert not is_current(replace(state, reports=(ReportText(1, ours), ReportText(2, ours))))
    assert not is_current(state)


def test_sections_are_changed_in_place_and_make_no_second_report():
    state = with_report(push(A, "FAILURE", 1), builds=(build(1, A, FAILURE),))
    (write,) = plan(replace(state, sections=(("failures", "### Why"),)), NOW).words
    assert isinstance(write, WriteReport) and write.comment_id == state.reports[0].id
    stands = replace(state, reports=(ReportText(write.comment_id, write.body),), sections=(("failures", "### Why"),))
    assert not plan(stands, NOW)
    assert is_current(state) and is_current(stands) and is_current(replace(stands, sections=()))
    (bare,) = plan(replace(stands, sections=()), NOW).words
    assert isinstance(bare, WriteReport) and bare.body == state.reports[0].body
    assert not plan(replace(stands, open=False, branches=(), sections=()), NOW)


def test_a_report_that_is_full_does_not_change_by_itself():
    many = tuple(manual(n, A, "FAILURE", 1) for n in range(500))
    commands = tuple(command(n, state=CommandState.RERUN, url=url(1), recorded=True, reaction="+1") for n in range(500))
    state = with_report(*many, builds=(build(1, A, FAILURE),), commands=commands)
    assert not plan(state, NOW)


ANSWERS = {
    "waiting": (command(), [("eyes", None)]),
    "re-run": (command(state=CommandState.RERUN), [("+1", None)]),
    "nothing to re-run": (command(state=CommandState.RUNNING), [("eyes", None)]),
    "seen before": (command(state=CommandState.RUNNING, reaction="eyes"), []),
    "superseded": (command(state=CommandState.SUPERSEDED), [("eyes", None)]),
    "settled by the bot before us": (command(state=CommandState.BEFORE), []),
    "not understood": (command(known=False, state=CommandState.UNKNOWN), [("confused", None), (None, 7)]),
    "answered": (command(known=False, state=CommandState.UNKNOWN, reaction="confused", replied=True), []),
    "long ago": (replace(command(), at=ago(60 * 24 * 8)), []),
}


@pytest.mark.parametrize(("given", "expected"), ANSWERS.values(), ids=ANSWERS)
def test_answers(given, expected):
    state = pull(branches=(branch(A, 1),), commands=(given,))
    words = [word for word in plan(state, NOW).words if isinstance(word, React | Reply)]
    assert [(getattr(w, "reaction", None), w.comment_id if isinstance(w, Reply) else None) for w in words] == expected
    for word in words:
        if isinstance(word, Reply):
            assert "@flinkbot run azure" in word.body and reply_mark(7) in word.body


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
    "gone": (pull(builds=(build(1, gone=True),)), Waiting.CANCELED, "its build is gone"),
    "closed": (pull(open=False, branches=()), Waiting.CLOSED, "closed"),
    "unread": (pull(conversation_known=False), Waiting.READING, "conversation"),
}


@pytest.mark.parametrize(("state", "waiting", "text"), WHYS.values(), ids=WHYS)
def test_why_it_is_where_it_is(state, waiting, text):
    why = waiting_reason(state, NOW)
    assert why.waiting is waiting
    assert text in sentence(why.text, why.since, NOW)


class World(RuleBasedStateMachine):
    """GitHub and Azure in memory: whatever happens, plans settle, and what they leave is right."""

    def __init__(self) -> None:
        super().__init__()
        self.now, self.state, self.ids = NOW, PullState(5, A, token="t1"), iter(range(1, 10**6))
        self.workflow_heads: set[str] = set()
        self.retries: dict[int, int] = {}
        self.cancels = 0

    def set(self, **facts) -> None:
        self.state = replace(self.state, **facts)

    def change_build(self, number: int, **facts) -> None:
        self.set(builds=tuple(replace(b, **facts) if b.id == number else b for b in self.state.builds))

    def new_build(self, sha: str) -> Build:
        made = Build(next(self.ids), sha, PENDING, "", queued_at=self.now)
        made = replace(made, url=url(made.id))
        self.set(builds=(*self.state.builds, made))
        return made

    # What others do

    @rule(head=st.sampled_from([A, B, C]))
    def push(self, head):
        self.set(head=head)

    @rule(is_open=st.booleans())
    def close_or_reopen(self, is_open):
        self.set(open=is_open)

    @rule(known=st.booleans())
    def comment(self, known):
        self.set(commands=(*self.state.commands, Command(next(self.ids), self.state.head, self.now, known)))

    @precondition(lambda self: self.state.builds)
    @rule(data=st.data(), status=st.sampled_from([SUCCESS, FAILURE, CANCELED]))
    def finish(self, data, status):
        chosen = data.draw(st.sampled_from(self.state.builds))
        if chosen.pending:
            self.change_build(chosen.id, status=status, finished_at=self.now, cancelling=False, cancel_asked_at=None)

    @precondition(lambda self: self.state.builds)
    @rule(data=st.data())
    def expire(self, data):
        self.change_build(data.draw(st.sampled_from(self.state.builds)).id, gone=True)

    @precondition(lambda self: self.state.branches)
    @rule(data=st.data())
    def delete_branch(self, data):
        gone = data.draw(st.sampled_from(self.state.branches))
        self.set(branches=tuple(b for b in self.state.branches if b != gone))

    @precondition(lambda self: self.state.reports)
    @rule()
    def delete_report(self):
        former = (self.state.reports[-1].body, *self.state.former_reports)
        self.set(former_reports=former, reports=self.state.reports[:-1])

    @rule()
    def imitate_ci_bot(self):
        text = render(Report((manual(next(self.ids), A, "PENDING", next(self.ids)),)))
        self.set(reports=(*self.state.reports, ReportText(next(self.ids), text)))

    @rule(head=st.sampled_from([A, B, C]))
    def change_workflows(self, head):
        self.workflow_heads.add(head)

    @rule()
    def change_token(self):
        self.set(token=f"t{next(self.ids)}")

    @rule(minutes=st.sampled_from([1, 6, 20]))
    def wait(self, minutes):
        self.now += timedelta(minutes=minutes)

    # What the bot does

    @rule(starts=st.booleans())
    def settle(self, starts):
        for _ in range(4):
            todo = plan(self.state, self.now)
            for act in todo.acts:
                self.carry_out(act, starts)
            for word in plan(self.state, self.now).words:
                self.say(word)
        assert not plan(self.state, self.now)
        self.check()

    def carry_out(self, act, starts: bool) -> None:
        match act:
            case PushBranch() if act.sha in self.workflow_heads:
                self.set(refusal=Refusal(act.sha, "no", True, self.state.token, self.now))
            case PushBranch():
                latest = max((b.id for b in self.state.builds if b.sha == act.sha), default=0)
                made = Branch(act.sha, self.now, self.now, latest)
                self.set(branches=(*self.state.branches, made))
                if starts:
                    self.new_build(act.sha)
            case DeleteBranch():
                self.set(branches=tuple(b for b in self.state.branches if b.sha != act.sha))
            case CancelBuild():
                self.cancels += 1
                self.change_build(act.build_id, cancel_asked_at=self.now, cancelling=act.again, superseded=True)
            case RetryBuild():
                self.retries[act.build_id] = self.retries.get(act.build_id, 0) + 1
                again = {"status": PENDING, "finished_at": None, "cancel_asked_at": None, "superseded": False}
                self.change_build(act.build_id, **again)
                self.settle_commands(act.commands, CommandState.RERUN, url(act.build_id))
            case QueueBuild():
                made = self.new_build(act.sha)
                self.set(queued=self.state.queued | {act.sha})
                self.settle_commands(act.commands, CommandState.RERUN, made.url)
            case SettleCommands():
                self.settle_commands(act.commands, act.state, act.url)

    def settle_commands(self, ids, state, address) -> None:
        change = {id: {"state": state, "url": address} for id in ids}
        self.set(commands=tuple(replace(c, **change.get(c.id, {})) for c in self.state.commands))

    def say(self, word) -> None:
        match word:
            case WriteReport():
                text = ReportText(word.comment_id or next(self.ids), word.body)
                others = [r for r in self.state.reports if r.id != word.comment_id]
                recorded = tuple(replace(c, recorded=c.recorded or c.id in word.recorded) for c in self.state.commands)
                self.set(reports=(text, *others), former_reports=(), commands=recorded)
            case DeleteReport():
                self.set(reports=tuple(r for r in self.state.reports if r.id != word.comment_id))
            case React():
                self.change_command(word.comment_id, reaction=word.reaction)
            case Reply():
                self.change_command(word.comment_id, replied=True)

    def change_command(self, number, **facts) -> None:
        self.set(commands=tuple(replace(c, **facts) if c.id == number else c for c in self.state.commands))

    def check(self) -> None:
        state = self.state
        if not state.open:
            assert not state.branches
            assert len(state.reports) <= 1
            return
        assert len(state.reports) == 1
        report = parse(state.reports[0].body).report
        held = {entry.trigger_id for entry in report.known if entry.trigger_type == "MANUAL"}
        assert held >= {
            str(c.id) for c in state.commands if c.state not in (CommandState.WAITING, CommandState.UNKNOWN)
        }
        assert [line for line in state.reports[0].body.split("\n") if line.startswith(f"* {state.head}")]
        for one in state.builds:
            if one.pending and one.sha != state.head:
                assert one.cancelling or one.cancel_asked_at

    @invariant()
    def a_build_is_not_retried_more_often_than_asked(self):
        assert sum(self.retries.values()) <= len(self.state.commands) + self.cancels


World.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestWorld = World.TestCase
