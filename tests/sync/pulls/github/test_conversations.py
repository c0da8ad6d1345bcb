"""What is said in pull requests: no comment is skipped, no report written twice, and a hidden one stops nobody."""

from functools import partial

import pytest

from flinkci_dashboard.jobs.run import request
from sync.models import CommandComment, PullRequest
from sync.pulls.plan import plan
from sync.pulls.report import is_report
from tests.pulls import builds, ci_branches, end, name_of, reactions, report, reports, run, settle, statuses, sync

NOT_FOUND = {"status": 404, "body": '{"message": "Not Found"}'}
COMMAND = "@flinkbot run azure"


def failed_build(flink) -> int:
    number = flink.pulls.open()
    settle(2)
    end(flink, number, "failed")
    sync()
    return number


def attempts(flink, number: int) -> int:
    return max(job.attempt for job in builds(flink, number)[0].jobs)


# Nothing is lost ------------------------------------------------------------------------------


@pytest.mark.parametrize("comments", [99, 100, 101, 250, 1100])
def test_a_command_among_many_comments_is_found_wherever_it_stands(flink, comments):
    first, last = failed_build(flink), failed_build(flink)
    early = flink.pulls.comment(first, COMMAND)
    for _ in range(comments - 2):
        flink.pulls.comment(first, "Nice.")
    late = flink.pulls.comment(last, COMMAND)
    settle(2)
    assert (attempts(flink, first), attempts(flink, last)) == (2, 2)
    assert reactions(flink, early) == reactions(flink, late) == {"+1"}
    mark = flink.log_mark()
    sync()
    assert not [each for each in flink.since(mark, "github") if each.charged]


@pytest.mark.parametrize("place", [0, 99, 100, 120, 249])
def test_a_command_in_a_second_that_fills_pages_is_found(flink, place):
    number = failed_build(flink)
    flink.pulls.comments_at_once(number, [COMMAND if each == place else "Nice." for each in range(250)])
    settle(2)
    assert attempts(flink, number) == 2


def edit(flink, number: int, ids: list[int]) -> None:
    flink.pulls.edit_comment(ids[0], "Better so.")


def delete(flink, number: int, ids: list[int]) -> None:
    flink.pulls.delete_comment(ids[1])


def write(flink, number: int, ids: list[int]) -> None:
    flink.pulls.comment(number, "One more.")


@pytest.mark.parametrize("meanwhile", [edit, delete, write])
@pytest.mark.parametrize("times", [1, 3])
def test_pages_that_shift_while_they_are_read_hide_nothing(flink, meanwhile, times):
    numbers = [failed_build(flink) for _ in range(4)]
    ids = [flink.pulls.comment(numbers[0], "Nice.") for _ in range(95)]
    for number in numbers:
        ids += [flink.pulls.comment(number, COMMAND), *(flink.pulls.comment(number, "Nice.") for _ in range(60))]
    flink.fault(
        service="github", path="issues/comments", times=times, before=partial(meanwhile, flink, numbers[0], ids)
    )
    settle(3)
    assert [attempts(flink, number) for number in numbers] == [2, 2, 2, 2]


@pytest.mark.parametrize("meanwhile", [edit, delete])
def test_a_second_that_fills_pages_hides_nothing_when_its_pages_shift(flink, meanwhile):
    number = failed_build(flink)
    ids = flink.pulls.comments_at_once(number, [COMMAND if each == 100 else "Nice." for each in range(250)])
    moved = partial(meanwhile, flink, number, ids)
    flink.fault(service="github", path="issues/comments.*direction=asc.*[?&]page=2", before=moved)
    settle(2)
    assert attempts(flink, number) == 2


@pytest.mark.parametrize("skip", [1, 2, 3])
def test_a_reading_that_breaks_off_is_taken_up_again(flink, skip):
    number = failed_build(flink)
    comment = flink.pulls.comment(number, COMMAND)
    for _ in range(320):
        flink.pulls.comment(number, "Nice.")
    flink.fault(service="github", path="issues/comments", skip=skip, times=3, status=502)
    run()
    settle(3)
    assert attempts(flink, number) == 2
    assert reactions(flink, comment) == {"+1"}


def test_a_comment_that_comes_before_its_pull_request_can_be_read_is_not_lost(flink):
    failed_build(flink)
    flink.fault(service="github", path=r"/pulls\?.*sort=updated", status=304, times=1)
    number = flink.pulls.open()
    flink.pulls.comment(number, "@flinkbot run travis")
    flink.fault(service="github", path=rf"/pulls/{number}\?", status=422, times=1)
    run()
    settle(3)
    assert CommandComment.objects.get().pull.number == number


def test_a_waiting_command_is_kept_although_one_answer_lacks_it(flink):
    flink.azure.start_builds = False
    number = flink.pulls.open()
    comment = flink.pulls.comment(number, COMMAND)
    settle(2)
    PullRequest.objects.update(conversation_read_at=None)
    flink.fault(service="github", path=rf"issues/{number}/comments", status=200, body="[]", times=1)
    flink.fault(service="github", path=rf"issues/comments/{comment}", times=1, **NOT_FOUND)
    settle(3)
    assert CommandComment.objects.get(comment_id=comment).state == "waiting"
    assert len(reports(flink, number)) == 1


def test_a_command_that_its_author_took_back_is_forgotten(flink):
    flink.azure.start_builds = False
    number = flink.pulls.open()
    comment = flink.pulls.comment(number, COMMAND)
    settle(2)
    flink.pulls.delete_comment(comment)
    PullRequest.objects.update(conversation_read_at=None)
    settle(3)
    assert not CommandComment.objects.exists()


# One report -----------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["asked", "changed"])
def test_a_report_that_github_does_not_find_once_is_not_written_a_second_time(flink, way):
    number = flink.pulls.open()
    settle(2)
    [there] = [each.id for each in flink.pulls.reports(number)]
    flink.fault(service="github", path=rf"issues/comments/{there}", times=1, **NOT_FOUND)
    if way == "asked":
        flink.pulls.comment(number, "Nice.")
    else:
        end(flink, number)
    run()
    request("sync_pulls", None, "sync-pull", str(number))  # nobody waits out the back-off
    settle(4)
    assert [each.id for each in flink.pulls.reports(number)] == [there]
    end(flink, number) if way == "asked" else None
    settle(2)
    assert list(statuses(flink, number).values()) == ["SUCCESS"]


def test_a_conversation_that_is_shown_empty_once_gets_no_second_report(flink):
    number = flink.pulls.open()
    settle(2)
    PullRequest.objects.update(conversation_read_at=None)
    flink.fault(service="github", path=rf"issues/{number}/comments", status=200, body="[]", times=1)
    settle(3)
    assert len(flink.pulls.reports(number)) == 1


def test_an_older_answer_about_comments_brings_no_second_report(flink):
    number = flink.pulls.open()
    then = flink.github.remembered()
    settle(2)
    PullRequest.objects.update(conversation_read_at=None)
    flink.github.lag(then, path="comments", times=2)
    settle(3)
    flink.github.catch_up()
    end(flink, number)
    settle(2)
    assert len(flink.pulls.reports(number)) == 1
    assert list(statuses(flink, number).values()) == ["SUCCESS"]


@pytest.mark.parametrize("what", ["comment", "edit", "push"])
def test_a_deleted_report_is_back_when_anything_happens_there(flink, what):
    number = flink.pulls.open()
    settle(2)
    [there] = flink.pulls.reports(number)
    flink.pulls.delete_comment(there.id)
    if what == "comment":
        flink.pulls.comment(number, "Where is the report?")
    elif what == "edit":
        flink.pulls.edit(number, title="[FLINK-3] Other")
    else:
        flink.pulls.push(number)
    for _ in range(3):
        run()
    assert flink.pulls.by_number[number].head in statuses(flink, number)


def test_a_checked_report_costs_nothing_the_next_time(flink):
    number = flink.pulls.open()
    settle(2)
    flink.pulls.comment(number, "One.")
    settle(1)
    flink.pulls.comment(number, "Two.")
    mark = flink.log_mark()
    sync()
    asked = [each for each in flink.since(mark, "github") if "issues/comments/" in each.path]
    assert [each.status for each in asked] == [304]


# One sick pull request ------------------------------------------------------------------------


def test_a_hidden_conversation_is_its_own_trouble(flink):
    sick = [flink.pulls.open() for _ in range(4)]
    well = flink.pulls.open()
    for number in sick:
        flink.fault(service="github", path=rf"issues/{number}/comments", times=None, **NOT_FOUND)
    passed = run()
    assert passed.outcome == "partial"
    assert all(f"#{number}" in passed.error for number in sick)
    assert len(reports(flink, well)) == 1
    assert {name_of(flink, number) for number in (*sick, well)} <= ci_branches(flink)
    assert "Not Found" in PullRequest.objects.get(number=sick[0]).read_problem
    mark = flink.log_mark()
    sync()  # they are asked again later, not in each pass
    assert not [each for each in flink.since(mark, "github") if each.status == 404]
    flink.clear_faults()
    PullRequest.objects.update(read_tried_at=None)
    settle(2)
    assert [len(reports(flink, number)) for number in sick] == [1, 1, 1, 1]
    assert PullRequest.objects.get(number=sick[0]).read_problem == ""


def test_those_that_failed_last_come_last(flink):
    sick = [flink.pulls.open() for _ in range(3)]
    for number in sick:
        flink.fault(service="github", path=rf"issues/{number}/comments", times=None, status=500)
    run()
    assert PullRequest.objects.exclude(read_tried_at=None).count() == 3
    PullRequest.objects.update(read_tried_at="2026-01-01T00:00:00Z")
    well = flink.pulls.open()
    run()
    assert len(reports(flink, well)) == 1


def test_an_author_who_has_blocked_the_bot_is_their_own_trouble(flink):
    flink.pulls.blocking = {"mallory"}
    sick = [flink.pulls.open(login="mallory") for _ in range(4)]
    well = flink.pulls.open()
    passed = run()
    assert all(f"#{number}" in passed.error for number in sick)
    assert len(reports(flink, well)) == 1
    end(flink, well)
    run()
    assert list(statuses(flink, well).values()) == ["SUCCESS"]
    flink.pulls.comment(sick[0], COMMAND, login="mallory")
    run()
    assert len(reports(flink, well)) == 1


@pytest.mark.parametrize("text", ["\ud83d", "a \udc00 b", "@flinkbot run \ud83dtravis"])
def test_text_that_no_database_takes_harms_nobody(flink, text):
    sick, well = flink.pulls.open(f"[FLINK-1] {text}"), flink.pulls.open()
    flink.pulls.comment(sick, text)
    settle(2)
    assert len(reports(flink, well)) == len(reports(flink, sick)) == 1
    assert "\ufffd" in PullRequest.objects.get(number=sick).title


def test_a_pull_request_that_nobody_can_understand_stops_nobody(flink, monkeypatch):
    sick, well = flink.pulls.open(), flink.pulls.open()
    settle(2)

    def choke(state, now):
        return plan(state, now) if state.number != sick else {}[state.number]

    monkeypatch.setattr("sync.pulls.job.plan", choke)
    flink.pulls.push(well)
    passed = run()
    assert f"#{sick}" in passed.error
    assert name_of(flink, well) in ci_branches(flink)
    assert flink.pulls.by_number[well].head in statuses(flink, well)


def test_without_the_stream_branches_are_pushed_and_nothing_is_said(flink):
    flink.fault(service="github", path=r"issues/comments\?", status=500, times=None)
    number = flink.pulls.open()
    run()
    assert name_of(flink, number) in ci_branches(flink)
    assert not [each for each in flink.pulls.reports(number) if is_report(each.body)]
    flink.clear_faults()
    settle(2)
    assert report(flink, number)
