"""The pull request job over the sandbox: real SDKs, real git, and a look at the world at the end."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from flinkci_dashboard.jobs.run import request, run_pass
from flinkci_dashboard.models import Action
from flinkci_dashboard.sandbox.world import PULLS
from sync.models import CIBranch, PullRequest, ReportComment, Watermark
from sync.pulls.github.conversations import Conversations
from tests.pulls import builds, ci_branches, end, name_of, reports, settle, statuses, sync


def test_a_new_pull_request_is_pushed_built_and_reported(flink):
    number = flink.pulls.open("[FLINK-1][core] Fix <b>it</b>")
    sync()
    assert ci_branches(flink) == {name_of(flink, number)}
    assert len(builds(flink, number)) == 1
    sync()
    assert list(statuses(flink, number).values()) == ["PENDING"]
    end(flink, number)
    sync()
    assert list(statuses(flink, number).values()) == ["SUCCESS"]
    row = PullRequest.objects.get(number=number)
    assert (row.ci_state, row.waiting, row.jira_key, row.plan) == ("success", "passed", "FLINK-1", [])


def test_an_idle_pass_costs_nothing_and_writes_nothing(flink):
    for _ in range(3):
        flink.pulls.open()
    settle()
    before = [list(model.objects.values()) for model in (PullRequest, CIBranch, ReportComment, Action, Watermark)]
    mark = flink.log_mark()
    assert not sync().counts
    assert not [str(each) for each in flink.since(mark, "github") if each.charged]
    assert len(flink.since(mark, "azure")) <= 2
    assert not [each for each in flink.since(mark, "git") if "receive-pack" in each.path]
    after = [list(model.objects.values()) for model in (PullRequest, CIBranch, ReportComment, Action, Watermark)]
    assert after == before


def test_all_pull_requests_share_one_fetch_and_one_push(flink):
    for _ in range(5):
        flink.pulls.open()
    sync()
    settle()
    for number in list(flink.pulls.by_number):
        flink.pulls.push(number)
    mark = flink.log_mark()
    sync()
    requests = flink.since(mark)
    assert len([each for each in requests if each.method == "POST" and each.path.endswith("git-receive-pack")]) == 1
    charged = [each for each in requests if each.service == "github" and each.charged]
    assert len(charged) <= 3 + 2 * 5
    assert {name_of(flink, number) for number in flink.pulls.by_number} <= ci_branches(flink)


def test_a_newer_head_cancels_the_older_build_and_in_the_end_replaces_its_branch(flink):
    number = flink.pulls.open()
    settle(2)
    old = flink.pulls.by_number[number].head
    new = flink.pulls.push(number)
    settle(3)
    assert builds(flink, number, old)[0].result == "canceled"
    assert statuses(flink, number) == {old: "CANCELED", new: "PENDING"}
    end(flink, number, "failed")
    settle(2)
    assert ci_branches(flink) == {f"ci_{number}_{new}"}
    assert statuses(flink, number) == {old: "DELETED", new: "FAILURE"}
    assert Action.objects.filter(kind="cancel-build").count() == 1


@pytest.mark.parametrize("merge", [True, False])
def test_a_closed_one_is_cleared_away_and_a_reopened_one_comes_back(flink, merge):
    number = flink.pulls.open()
    settle(2)
    flink.pulls.close(number, merge)
    settle(3)
    assert not ci_branches(flink)
    assert builds(flink, number)[0].result == "canceled"
    assert list(statuses(flink, number).values()) == ["CANCELED"]
    assert PullRequest.objects.get(number=number).waiting == "closed"
    flink.pulls.reopen(number)
    settle(2)
    assert ci_branches(flink) == {name_of(flink, number)}
    assert len(reports(flink, number)) == 1


def test_a_head_that_moves_between_listing_and_fetching_is_pushed_under_its_own_sha(flink, monkeypatch):
    number = flink.pulls.open()
    stream = Conversations.stream

    def push_now(conversations) -> None:
        stream(conversations)
        flink.pulls.push(number)
        monkeypatch.setattr(Conversations, "stream", stream)

    monkeypatch.setattr(Conversations, "stream", push_now)
    sync()
    assert ci_branches(flink) == {name_of(flink, number)}
    settle(2)
    assert list(statuses(flink, number)) == [flink.pulls.by_number[number].head]


def test_branches_of_no_pull_request_are_orphans_and_left_alone(flink):
    sha = flink.heads(PULLS)["master"]
    for name in (f"ci_4711_{sha}", "ci_nonsense", "master2"):
        flink.create_branch(name, repo=PULLS)
    settle(2)
    assert set(CIBranch.objects.filter(orphan=True).values_list("name", flat=True)) == {f"ci_4711_{sha}", "ci_nonsense"}
    assert {"ci_nonsense", f"ci_4711_{sha}"} <= ci_branches(flink)
    wish = request("sync_pulls", None, "delete-orphan", f"ci_4711_{sha}")
    bad = request("sync_pulls", None, "delete-orphan", "master2")
    sync()
    wish.refresh_from_db()
    bad.refresh_from_db()
    assert wish.answer == "Done." and "not an orphan" in bad.answer
    assert ci_branches(flink) == {"ci_nonsense"}
    assert "master2" in flink.heads(PULLS)


def test_a_leaked_branch_of_a_closed_pull_request_is_deleted(flink):
    number = flink.pulls.open()
    settle(1)
    flink.pulls.close(number)
    settle(1)
    PullRequest.objects.all().delete()
    Watermark.objects.all().delete()
    head = flink.pulls.by_number[number].head
    flink.repositories.set_ref(PULLS, f"refs/heads/ci_{number}_{head}", head)
    settle(2)
    assert not ci_branches(flink)


def test_history_is_read_to_its_end(flink):
    flink.pulls.many(opened=2, closed=250)
    settle(2)
    assert PullRequest.objects.count() == 252
    assert Watermark.objects.get(name="history").data["complete"]


@pytest.mark.parametrize("kept", [None, 3], ids=["from its begin", "from a page that was kept by number"])
def test_history_goes_on_where_github_does_not_list_so_deeply(flink, monkeypatch, kept):
    flink.pulls.many(opened=0, closed=260)
    monkeypatch.setattr("flinkci_dashboard.clients.github.pulls.PAGE", 20)
    deep = json.dumps({"message": "Pagination with the page parameter is not supported for large datasets"})
    flink.fault(service="github", path=r"direction=desc.*[?&]page=([3-9]|\d\d)", status=422, body=deep, times=None)
    if kept:
        data = {"page": kept, "done": 0, "total": 0, "complete": False}
        Watermark.objects.create(name="history", data=data)
    for _ in range(12):
        run = run_pass("sync_pulls", "command")
        assert (run.outcome, run.error) == ("ok", "")
    assert PullRequest.objects.count() == 260
    assert Watermark.objects.get(name="history").data["complete"]


def test_observe_mode_says_what_it_would_do_and_does_nothing(flink, settings):
    settings.SYNC_MODE = "observe"
    number = flink.pulls.open()
    flink.pulls.comment(number, "@flinkbot run azure")
    mark = flink.log_mark()
    settle(2)
    assert not [each for each in flink.since(mark) if each.method in ("PATCH", "DELETE", "PUT")]
    assert not [each for each in flink.since(mark) if each.method == "POST" and "upload-pack" not in each.path]
    plan = PullRequest.objects.get(number=number).plan
    assert any(line.startswith("push branch") for line in plan)
    assert any(line.startswith("write report") for line in plan)
    assert not Action.objects.exists()


def test_the_number_of_queries_of_an_idle_pass_does_not_grow(flink):

    def queries(more: int) -> int:
        for _ in range(more):
            flink.pulls.open()
        settle()
        with CaptureQueriesContext(connection) as asked:
            sync()
        return len(asked)

    assert queries(2) == queries(8)
