"""Pushes and deletions that GitHub declines: one sick head or branch does not hold up the others."""

from datetime import timedelta

import pytest
from django.db.models import F

from agents.models import PullHead
from flinkci_dashboard.clients.git.cache import Cache
from flinkci_dashboard.jobs import ledger
from flinkci_dashboard.jobs.run import run_pass
from flinkci_dashboard.models import Action
from flinkci_dashboard.sandbox.world import PULLS, SOURCE
from labeler.changer import KEPT
from sync.models import CIBranch, PullRequest
from tests.pulls import builds, ci_branches, end, name_of, reactions, reports, settle, sync


@pytest.mark.parametrize(("code", "words"), [("GH013", "contain secrets"), ("GH001", "Large files detected")])
@pytest.mark.parametrize("place", range(3))
def test_one_head_that_github_declines_is_refused_alone_and_the_others_are_pushed(flink, code, words, place):
    flink.rules(PULLS).decline("secret.txt", code)
    files = [{}, {}, {}, {}, {}]
    files[2 * place] = {"secret.txt": "x\n"}
    numbers = [flink.pulls.open(files=each) for each in files]
    sick = numbers.pop(2 * place)
    run = sync("partial")
    assert ci_branches(flink) == {name_of(flink, number) for number in numbers}
    assert f"#{sick}" in run.error
    row = PullRequest.objects.get(number=sick)
    assert words in row.push_problem
    assert words in Action.objects.get(kind="push-branch", state="failed").answer
    assert not PullRequest.objects.exclude(number=sick).exclude(push_problem="")
    settle(2)  # it waits, and nothing else is held up
    assert all(len(reports(flink, number)) == 1 for number in numbers)


def test_two_heads_that_github_declines_leave_the_rest_their_push(flink):
    flink.rules(PULLS).decline("secret.txt")
    sick = [flink.pulls.open(files={"secret.txt": "x\n"}) for _ in range(2)]
    well = [flink.pulls.open() for _ in range(4)]
    sync("partial")
    assert ci_branches(flink) == {name_of(flink, number) for number in well}
    assert {row.number for row in PullRequest.objects.exclude(push_problem="")} == set(sick)


def test_what_a_pushed_head_changes_is_kept_with_the_commit_where_it_left_master(flink):
    base = flink.heads()["master"]
    number = flink.pulls.open(files={"flink-core/src/main/java/a/Foo.java": "x\n", "docs/ä b.md": "y\n"})
    flink.create_branch("release-2.2")
    other = flink.pulls.open(base="release-2.2", files={"z": "z\n"})
    flink.commit("master")
    sync()
    head, backport = PullHead.objects.order_by("number")
    assert (head.number, head.sha) == (number, PullRequest.objects.get(number=number).head_sha)
    assert (backport.number, backport.files, backport.base_sha) == (other, ["z"], flink.heads()["release-2.2"])
    assert head.base_sha == base and head.files == ["docs/ä b.md", "flink-core/src/main/java/a/Foo.java"]


def test_when_the_head_is_mended_it_is_pushed_at_once(flink):
    flink.rules(PULLS).decline("secret.txt")
    number = flink.pulls.open(files={"secret.txt": "x\n"})
    sync("partial")
    flink.rules(PULLS).lift()
    flink.pulls.push(number)
    settle(2)
    assert name_of(flink, number) in ci_branches(flink)
    assert PullRequest.objects.get(number=number).push_problem == ""


def test_a_deletion_that_a_ruleset_forbids_backs_off_and_holds_up_no_push(flink):
    kept = flink.pulls.open()
    settle(2)
    branch = name_of(flink, kept)
    flink.rules(PULLS).forbid_deletion(branch)
    flink.pulls.close(kept)
    end(flink, kept)
    new = flink.pulls.open()
    run = sync("partial")
    assert name_of(flink, new) in ci_branches(flink)
    assert "Cannot delete this branch" in run.error
    mark = flink.log_mark()
    settle(1)
    assert not [each for each in flink.since(mark, "git") if "receive-pack" in each.path]
    flink.rules(PULLS).lift()
    Action.objects.update(settled_at=F("settled_at") - timedelta(minutes=2))
    settle(1)
    assert branch not in ci_branches(flink)


def test_a_kill_between_push_and_settle_costs_no_build(flink, monkeypatch):
    """The build that the push started is not taken for one of before the push."""
    number = flink.pulls.open()
    push = Cache.push

    def killed(*args, **more):
        push(*args, **more)
        raise SystemExit("killed")

    with monkeypatch.context() as patch:
        patch.setattr(Cache, "push", killed)
        with pytest.raises(SystemExit):
            run_pass("sync_pulls", "command")
    end(flink, number, "failed")
    settle(1)
    assert CIBranch.objects.get(name=name_of(flink, number)).after_build == ""
    comment = flink.pulls.comment(number, "@flinkbot run azure")
    settle(2)
    assert len(builds(flink, number)) == 1
    assert reactions(flink, comment) == {"+1"}


def test_a_secondary_limit_on_comments_stops_no_push(flink):
    flink.fault(service="github", method="POST", rate_limit="secondary", retry_after=600, times=None)
    first = flink.pulls.open()
    sync("partial")
    later = flink.pulls.open()
    end(flink, first)
    sync("partial")
    assert name_of(flink, later) in ci_branches(flink)
    assert PullRequest.objects.get(number=first).ci_state == "success"
    assert not reports(flink, first)
    assert len([each for each in flink.requests if each.method == "POST" and "/comments" in each.path]) == 1


def test_what_the_bot_writes_stays_within_the_hour_s_budget_and_nothing_else_waits(flink, monkeypatch):
    monkeypatch.setattr(ledger, "TEXTS_AN_HOUR", 2)
    numbers = [flink.pulls.open() for _ in range(4)]
    settle(2)
    assert len([number for number in numbers if reports(flink, number)]) == 2
    assert {name_of(flink, number) for number in numbers} <= ci_branches(flink)
    for _ in range(4):
        Action.objects.update(tried_at=F("tried_at") - timedelta(hours=1))
        mark = flink.log_mark()
        settle(2)
        assert len([each for each in flink.since(mark, "github") if each.method != "GET"]) <= 2
    assert all(len(reports(flink, number)) == 1 for number in numbers)


def test_labels_leave_a_part_of_the_budget_to_reports(flink, monkeypatch):
    monkeypatch.setattr(ledger, "TEXTS_AN_HOUR", KEPT + 1)
    flink.jira.create("FLINK-1", ["Tests"])
    flink.pulls.create_label("component=Tests", "175fb7")
    numbers = [flink.pulls.open(f"[FLINK-1] Part {part}") for part in range(3)]
    settle(1)
    assert run_pass("label_pulls", "command").counts["postponed"] == 3
    assert all(len(reports(flink, number)) == 1 for number in numbers)


NO_REFS = {
    "service": "git",
    "method": "POST",
    "path": f"{PULLS}(.git)?/git-upload-pack",
    "status": 200,
    "body": "0000",
    "headers": {"Content-Type": "application/x-git-upload-pack-result"},
}


@pytest.mark.parametrize("passes", [1, 3])
def test_a_list_without_branches_does_not_make_builds_older_than_them(flink, passes):
    """A branch that is pushed although it was there has not been deleted: its build can be retried still."""
    number = flink.pulls.open()
    settle(2)
    end(flink, number, "failed")
    settle(1)
    flink.fault(**NO_REFS, times=passes)
    for _ in range(passes):
        sync()
    assert not CIBranch.objects.exclude(after_build="").exists()
    comment = flink.pulls.comment(number, "@flinkbot run azure")
    settle(2)
    assert len(builds(flink, number)) == 1
    assert reactions(flink, comment) == {"+1"}


def test_a_branch_that_was_there_already_does_not_condemn_those_that_are_declined_with_another(flink):
    there = flink.pulls.open()
    settle(2)
    flink.rules(PULLS).decline("secret.txt")
    sick, *well = [flink.pulls.open(files=files) for files in ({"secret.txt": "x\n"}, {}, {})]
    flink.fault(**NO_REFS)
    sync("partial")
    assert {row.number for row in PullRequest.objects.exclude(push_problem="")} == {sick}
    assert ci_branches(flink) == {name_of(flink, number) for number in (there, *well)}


def test_a_head_that_github_can_not_give_out_stops_nobody_else(flink):
    closed = flink.pulls.open()
    settle(2)
    flink.pulls.close(closed)
    end(flink, closed)
    sick, *well = [flink.pulls.open(files={"file": f"{number}\n"}) for number in range(3)]
    blob = flink.repositories.git(SOURCE, "rev-parse", f"{flink.pulls.by_number[sick].head}:file")
    (flink.repositories.path(SOURCE) / "objects" / blob[:2] / blob[2:]).unlink()
    run = sync("partial")
    assert ci_branches(flink) == {name_of(flink, number) for number in well}
    assert f"#{sick}" in run.error
    assert {row.number for row in PullRequest.objects.exclude(push_problem="")} == {sick}
    settle(1)  # it waits, and nothing else is held up
