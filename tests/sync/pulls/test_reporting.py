"""What a report says, when it is written, and how commands are answered: a table for each."""

from dataclasses import replace

import pytest

from sync.pulls.acts import (
    DeleteReport,
    React,
    Reply,
    WriteReport,
)
from sync.pulls.plan import plan
from sync.pulls.report import Entry, Report, is_report, parse, render
from sync.pulls.reporting import BLOCKED_NOTE, is_current, reply_mark
from sync.pulls.values import CommandState, PullState, Refusal, ReportText
from tests.pull_states import (
    CANCELED,
    FAILURE,
    NOW,
    REFUSED,
    SUCCESS,
    A,
    B,
    ago,
    branch,
    build,
    command,
    manual,
    pull,
    url,
)


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
