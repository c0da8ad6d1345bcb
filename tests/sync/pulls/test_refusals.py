"""A pass over pull requests: heads and tokens that a service refuses."""

from datetime import timedelta

from django.utils import timezone

from flinkci_dashboard.jobs.run import request
from flinkci_dashboard.models import Action
from flinkci_dashboard.sandbox.world import PULLS
from sync.models import CIBranch, PullRequest
from sync.pulls.reporting import BLOCKED_NOTE
from tests.pulls import ci_branches, end, name_of, reactions, report, run, settle, sync

WORKFLOW = {".github/workflows/ci.yml": "on: push\n"}


def test_changed_workflows_block_one_pull_request_and_not_the_others(flink):
    blocked, free = flink.pulls.open(files=WORKFLOW), flink.pulls.open()
    settle(3)
    assert ci_branches(flink) == {name_of(flink, free)}
    row = PullRequest.objects.get(number=blocked)
    assert (row.ci_state, row.waiting) == ("blocked", "blocked")
    assert report(flink, blocked).note == BLOCKED_NOTE
    assert Action.objects.filter(kind="push-branch", subject=f"#{blocked}").values_list("attempts", flat=True)[0] == 1
    flink.pulls.push(blocked, files={".github/workflows/ci.yml": "on: [push, pull_request]\n"})
    settle(2)
    assert Action.objects.filter(kind="push-branch", subject=f"#{blocked}").count() == 2


def test_a_refused_head_shows_why_and_the_others_go_on(flink):
    flink.rules(PULLS).decline("key.txt", "GH013")
    sick, well = flink.pulls.open(files={"key.txt": "secret"}), flink.pulls.open()
    run()
    settle(1)
    assert ci_branches(flink) == {name_of(flink, well)}
    assert "GH013" in report(flink, sick).note and "Not pushed" in report(flink, sick).note
    assert report(flink, well).note == ""
    assert "GH013" in PullRequest.objects.get(number=sick).why
    flink.rules(PULLS).lift()
    request("sync_pulls", None, "sync-pull", str(sick))
    flink.pulls.push(sick)
    settle(2)
    assert name_of(flink, sick) in ci_branches(flink)
    assert report(flink, sick).note == ""


def test_a_head_that_azure_refuses_to_build_shows_why(flink):
    flink.azure.start_builds = False
    number = flink.pulls.open()
    flink.azure.invalid[flink.pulls.by_number[number].head] = "/azure-pipelines.yml (Line: 7, Col: 3): unexpected"
    settle(1)
    CIBranch.objects.update(pushed_at=timezone.now() - timedelta(minutes=16))
    settle(2)
    assert "Line: 7, Col: 3" in report(flink, number).note
    row = PullRequest.objects.get(number=number)
    assert row.waiting == "build" and "Line: 7, Col: 3" in row.why
    mark = flink.log_mark()
    comment = flink.pulls.comment(number, "@flinkbot run azure")
    settle(3)
    assert not [each for each in flink.since(mark, "azure") if each.method == "POST"]
    assert reactions(flink, comment) == {"confused"}
    flink.azure.start_builds = True
    flink.pulls.push(number)
    settle(2)
    assert report(flink, number).note == ""


def test_another_token_unblocks(flink, monkeypatch):
    number = flink.pulls.open(files=WORKFLOW)
    settle(2)
    assert not ci_branches(flink)
    flink.scopes = frozenset({"repo", "workflow"})
    flink.github_token = "ghp_" + "b" * 36
    monkeypatch.setenv("GITHUB_TOKEN", flink.github_token)
    settle(3)
    assert ci_branches(flink) == {name_of(flink, number)}
    assert report(flink, number).note == ""


def test_a_token_that_gains_the_scope_in_place_unblocks(flink):
    number = flink.pulls.open(files=WORKFLOW)
    settle(2)
    assert not ci_branches(flink)
    flink.scopes |= {"workflow"}
    settle(1)
    assert ci_branches(flink) == {name_of(flink, number)}


def test_a_token_that_may_not_write_for_a_while_loses_no_command_and_no_report(flink):
    number = flink.pulls.open()
    settle(2)
    written = flink.pulls.reports(number)[0].id
    end(flink, number, "failed")
    asked = flink.pulls.comment(number, "@flinkbot run azure")
    flink.scopes = frozenset()
    assert "the token may not write" in sync("partial").error
    flink.scopes = frozenset({"repo"})
    settle(2)
    assert reactions(flink, asked) == {"+1"}
    assert [each.id for each in flink.pulls.reports(number)] == [written]
