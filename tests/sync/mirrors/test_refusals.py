"""A pass over mirrors: branches that are refused wait, with the words of who refused, while the others go on."""

from datetime import timedelta

import pytest
from django.db.models import F

from flinkci_dashboard.models import Action
from flinkci_dashboard.sandbox import MIRROR, SOURCE
from tests.mirrors import SELECTED, pushes, row, states, sync


def test_a_rejected_branch_has_the_servers_words_and_waits_while_the_others_go_on(mirrored):
    mirrored.protect(MIRROR, "release-2.1")
    mirrored.commit("release-2.1")
    head = mirrored.commit("master")
    run = sync()
    assert run.outcome == "partial"
    assert "release-2.1: protected branch hook declined" in run.error
    assert mirrored.heads(MIRROR)["master"] == head
    assert (row("release-2.1").state, row("release-2.1").detail) == ("rejected", "protected branch hook declined")
    assert pushes_of(sync, mirrored) == 1  # the next pass tries it once more
    mark = mirrored.log_mark()
    waits = sync()
    assert (waits.outcome, waits.counts) == ("partial", {})
    assert "release-2.1: protected branch hook declined" in waits.error
    assert len(mirrored.since(mark, "git")) == 4


@pytest.mark.parametrize("why", ["time", "person", "source", "token"])
def test_a_rejected_branch_is_tried_again(mirrored, monkeypatch, why):
    mirrored.protect(MIRROR, "master")
    mirrored.commit("master")
    sync()
    sync()
    mirrored.unprotect(MIRROR)
    assert sync().counts == {}
    if why == "time":
        age(minutes=2)
    if why == "source":
        mirrored.commit("master")
    if why == "token":
        mirrored.github_token = "ghp_" + "b" * 36
        monkeypatch.setenv("GITHUB_TOKEN", mirrored.github_token)
    assert sync(now=why == "person").counts == {"branches_pushed": 1}
    assert states()["master"] == "in_sync"


def test_what_is_refused_is_tried_again_at_once_then_after_two_ten_and_fifteen_minutes(mirrored):
    mirrored.protect(MIRROR, "master")
    mirrored.commit("master")
    assert pushes_of(sync, mirrored) == 1
    assert pushes_of(sync, mirrored) == 1
    for minutes in (2, 10, 15, 15):
        age(minutes=minutes - 1)
        assert pushes_of(sync, mirrored) == 0
        age(minutes=1)
        assert pushes_of(sync, mirrored) == 1
    assert Action.objects.get(state="failed").attempts == 6


def test_one_refused_token_costs_one_pass(mirrored):
    head = mirrored.commit("master")
    mirrored.fault(service="git", path=f"{MIRROR}.git/git-receive-pack", status=401)
    assert sync().outcome == "failed"
    assert row().state == "not_authorized"
    run = sync()
    assert (run.outcome, run.counts) == ("ok", {"branches_pushed": 1})
    assert mirrored.heads(MIRROR)["master"] == head


def pushes_of(a_pass, world) -> int:
    """Return how many pushes a pass makes."""
    mark = world.log_mark()
    a_pass()
    return pushes(world, mark)


def age(minutes: int) -> None:
    """Let time pass for what was recorded."""
    Action.objects.update(settled_at=F("settled_at") - timedelta(minutes=minutes))


def test_a_refused_workflow_change_names_the_missing_scope(mirrored):
    mirrored.commit("master", files={".github/workflows/ci.yml": "on: push\n"})
    sync()
    assert row().state == "rejected"
    assert "without `workflow` scope" in row().detail


def test_when_the_mirror_refuses_all_for_the_sake_of_one_the_others_still_go(mirrored):
    hook = mirrored.repositories.path(MIRROR) / "hooks" / "pre-receive"
    hook.write_text('#!/bin/sh\n! grep -q release-2.1 || { echo "release-2.1 holds a secret" >&2; exit 1; }\n')
    hook.chmod(0o755)
    heads = {name: mirrored.commit(name) for name in SELECTED}
    assert sync().outcome == "partial"
    assert {name: mirrored.heads(MIRROR)[name] == head for name, head in heads.items()} == {
        name: name != "release-2.1" for name in SELECTED
    }
    assert "release-2.1 holds a secret" in row("release-2.1").detail


def test_a_corrupt_branch_of_the_source_does_not_stop_the_others(mirrored):
    heads = {name: mirrored.commit(name, files={"file": f"{name}\n"}) for name in SELECTED}
    blob = mirrored.repositories.git(SOURCE, "rev-parse", f"{heads['release-2.1']}:file")
    (mirrored.repositories.path(SOURCE) / "objects" / blob[:2] / blob[2:]).unlink()
    assert sync().outcome == "partial"
    assert states() == dict.fromkeys(SELECTED, "in_sync") | {"release-2.1": "unreachable"}
