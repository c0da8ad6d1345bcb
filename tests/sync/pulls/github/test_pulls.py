"""What GitHub tells of pull requests: one answer is not the truth, and a sick one stops nobody."""

from datetime import timedelta

import pytest
from django.utils import timezone

from flinkci_dashboard.jobs.run import request
from flinkci_dashboard.models import Action
from flinkci_dashboard.sandbox.world import PULLS
from sync.models import CIBranch, PullRequest, Watermark
from tests.pulls import builds, ci_branches, name_of, reports, run, settle, statuses, sync


def look_at_everything() -> None:
    """Let the next pass take its hourly look."""
    mark = Watermark.objects.get(name="everything")
    mark.data["at"] = (timezone.now() - timedelta(hours=2)).isoformat()
    mark.save()


def is_untouched(flink, number: int) -> bool:
    row = PullRequest.objects.get(number=number)
    there = name_of(flink, number) in ci_branches(flink)
    return row.state == "open" and there and not builds(flink, number)[0].result


NOT_FOUND = {"status": 404, "body": '{"message": "Not Found"}'}


@pytest.mark.parametrize("times", [1, 2, 5])
def test_a_live_pull_request_that_github_does_not_find_stays_open(flink, times):
    number = flink.pulls.open()
    settle(2)
    flink.fault(service="github", path=rf"/pulls/{number}\?", times=times, **NOT_FOUND)
    request("sync_pulls", None, "sync-pull", str(number))
    settle(times + 2)
    assert is_untouched(flink, number)
    assert PullRequest.objects.get(number=number).missing_since is None


def test_an_open_list_without_it_closes_nothing(flink):
    numbers = [flink.pulls.open() for _ in range(3)]
    settle(2)
    flink.fault(service="github", path=r"/pulls\?.*state=open", status=200, body="[]", times=2)
    for _ in range(3):
        look_at_everything()
        sync()
    assert all(is_untouched(flink, number) for number in numbers)


def test_one_that_neither_the_list_nor_github_has_is_closed_in_a_later_pass(flink):
    gone, live = flink.pulls.open(), flink.pulls.open()
    settle(2)
    flink.pulls.hide(gone, listed=False)
    look_at_everything()
    run()
    assert name_of(flink, gone) in ci_branches(flink)
    for _ in range(3):
        run()
    assert PullRequest.objects.get(number=gone).state == "closed"
    assert name_of(flink, gone) not in ci_branches(flink)
    flink.pulls.show(gone)
    flink.pulls.edit(gone, title="[FLINK-2] Back")
    settle(2)
    assert is_untouched(flink, live)
    assert name_of(flink, gone) in ci_branches(flink)


def test_an_older_answer_does_not_take_a_newer_one_back(flink):
    number = flink.pulls.open()
    settle(2)
    then = flink.github.remembered()
    flink.pulls.push(number)
    sync()
    new = name_of(flink, number)
    flink.github.lag(then, path="/pulls", times=None)
    request("sync_pulls", None, "sync-pull", str(number))
    look_at_everything()
    settle(2)
    flink.github.catch_up()
    settle(2)
    assert new in ci_branches(flink)
    assert [build.result for build in flink.azure.of(new)] == [None]


def test_of_two_answers_about_the_same_second_the_lists_counts(flink):
    number = flink.pulls.open()
    settle(2)
    then = flink.github.remembered()
    at = flink.pulls.by_number[number].updated_at
    new = flink.pulls.push(number)
    flink.pulls.by_number[number].updated_at = at
    sync()
    flink.github.lag(then, path=f"/pulls/{number}", times=None)
    request("sync_pulls", None, "sync-pull", str(number))
    sync()
    flink.github.catch_up()
    settle(3)
    assert PullRequest.objects.get(number=number).head_sha == new
    assert [build.result for build in builds(flink, number)] == [None]


@pytest.mark.parametrize("times", [1, 3])
def test_a_branch_is_no_orphan_because_of_one_answer(flink, times):
    number = flink.pulls.open()
    settle(1)
    PullRequest.objects.all().delete()
    mark = Watermark.objects.get(name="pulls")
    flink.fault(service="github", path=r"/pulls\?", status=304, times=None)
    flink.fault(service="github", path=rf"/pulls/{number}\?", times=times, **NOT_FOUND)
    run()
    assert not CIBranch.objects.filter(orphan=True).exists()
    for _ in range(times):
        run()
    flink.clear_faults()
    mark.refresh_from_db()
    look_at_everything()
    settle(2)
    assert not CIBranch.objects.filter(orphan=True).exists()  # what was an orphan is none when its owner is known
    assert name_of(flink, number) in ci_branches(flink)


def test_a_ref_that_lags_behind_does_not_set_the_head_back(flink):
    number = flink.pulls.open()
    settle(2)
    old = name_of(flink, number)
    flink.pulls.refs_lag = True
    flink.pulls.push(number)
    new = name_of(flink, number)
    run()
    run()
    assert PullRequest.objects.get(number=number).head_sha == new[-40:]
    flink.pulls.refs_catch_up()
    request("sync_pulls", None, "sync-pull", str(number))  # nobody waits out the back-off
    PullRequest.objects.update(push_tried_at=timezone.now() - timedelta(minutes=3))
    settle(3)
    assert new in ci_branches(flink)
    assert [build.result for build in flink.azure.of(old)] == ["canceled"]
    assert statuses(flink, number) == {old[-40:]: "CANCELED", new[-40:]: "PENDING"}


def test_a_new_pull_request_without_its_ref_is_waited_for_and_stops_nobody(flink):
    flink.pulls.refs_lag = True
    late = flink.pulls.open()
    flink.pulls.refs_lag = False
    other = flink.pulls.open()
    run()
    assert name_of(flink, other) in ci_branches(flink)
    row = PullRequest.objects.get(number=late)
    assert row.state == "open"
    flink.pulls.refs_catch_up()
    PullRequest.objects.update(push_tried_at=timezone.now() - timedelta(minutes=3))
    settle(2)
    assert name_of(flink, late) in ci_branches(flink)


def test_a_head_that_git_does_not_give_out_says_so_and_since_when(flink):
    lagging, refless = flink.pulls.open(), flink.pulls.open()
    for number in (lagging, refless):
        flink.pulls.by_number[number].head = f"{number:040x}"
    flink.repositories.delete_ref(flink.pulls.repo, f"refs/pull/{refless}/head")
    for _ in range(2):
        run()
        rows = PullRequest.objects.in_bulk([lagging, refless], field_name="number")
        assert "is at a former head still" in rows[lagging].why
        assert "head is not there" in rows[refless].why
        assert {row.why_since for row in rows.values()} == {row.head_seen_at for row in rows.values()}
    flink.pulls.set_head(lagging, flink.repositories.refs(flink.pulls.repo, "refs/pull/")[f"{lagging}/head"])
    settle(1)
    assert name_of(flink, lagging) in ci_branches(flink)
    assert PullRequest.objects.get(number=lagging).push_problem == ""


def test_a_head_that_goes_back_while_refs_lag_ends_where_the_api_says(flink):
    number = flink.pulls.open()
    settle(2)
    first = flink.pulls.by_number[number].head
    flink.pulls.push(number)
    settle(1)
    flink.pulls.set_head(number, first)
    settle(3)
    assert PullRequest.objects.get(number=number).head_sha == first
    assert f"ci_{number}_{first}" in ci_branches(flink)


def test_history_goes_on_behind_the_last_page_that_has_a_number(flink):
    flink.github.last_page = 2
    flink.pulls.many(opened=2, closed=450)
    settle(3)
    assert PullRequest.objects.count() == 452
    assert Watermark.objects.get(name="history").data["complete"]


def test_marks_of_an_older_version_are_understood(flink):
    flink.github.last_page = 2
    flink.pulls.many(opened=120, closed=350)
    settle(1)
    pages = Watermark.objects.get(name="everything")
    pages.data["pages"] = {name: page | {"next": bool(page["next"])} for name, page in pages.data["pages"].items()}
    pages.save()
    Watermark.objects.filter(name="history").update(data={"page": 4, "done": 300, "total": 470, "complete": False})
    look_at_everything()
    for _ in range(3):
        run()
    assert PullRequest.objects.count() == 470
    assert Watermark.objects.get(name="history").data["complete"]
    assert PullRequest.objects.filter(state="open").count() == 120


def test_a_sick_page_of_history_stops_nothing_else(flink):
    number = flink.pulls.open()
    flink.fault(service="github", path="sort=created&direction=desc", status=500, times=None)
    run()
    assert name_of(flink, number) in ci_branches(flink)
    assert len(reports(flink, number)) == 1
    flink.clear_faults()
    sync()


def test_what_nobody_answers_about_does_not_starve_the_rest(flink):
    """Branches whose pull requests can't be looked up come in turn, wherever the sick ones stand."""
    sick = [flink.pulls.open() for _ in range(4)]
    well = flink.pulls.open()
    settle(1)
    for number in (*sick, well):
        flink.pulls.close(number)
    names = {number: name_of(flink, number) for number in (*sick, well)}
    heads = dict(flink.heads(PULLS))
    settle(2)
    PullRequest.objects.all().delete()
    CIBranch.objects.all().delete()
    Action.objects.all().delete()
    for name in names.values():
        flink.repositories.set_ref(PULLS, f"refs/heads/{name}", heads[name])
    flink.fault(service="github", path=r"/pulls\?", status=304, times=None)
    for number in sick:
        flink.fault(service="github", path=rf"/pulls/{number}\?", status=422, times=None)
    for _ in range(3):
        run()
    assert names[well] not in ci_branches(flink)
