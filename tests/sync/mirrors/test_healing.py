"""The mirror job when something is wrong: how it is told, how it heals, and that no secret leaks."""

import contextlib
import os

import psutil
import pytest
from django.db import connection

from flinkci_dashboard.clients.git import cache as git
from flinkci_dashboard.clients.git.process import Limits, authentication
from flinkci_dashboard.jobs.ledger import Ledger
from flinkci_dashboard.jobs.run import Pass, run_pass
from flinkci_dashboard.models import Action
from flinkci_dashboard.sandbox import MIRROR, SOURCE
from sync.mirrors.rows import MirrorRows
from sync.mirrors.transfers import Transfers
from sync.models import Mirror, MirrorBranch
from tests.mirrors import SELECTED, ask_for_reset, cache, git_children, pushes, row, states, sync

pytestmark = pytest.mark.django_db


# Sides that do not answer -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "side", "state", "words"),
    [
        ({"path": SOURCE, "status": 503}, "source", "unreachable", "can't be reached"),
        ({"path": SOURCE, "reset": True}, "source", "unreachable", "can't be reached"),
        ({"path": MIRROR, "status": 500}, "target", "unreachable", "can't be reached"),
        ({"path": MIRROR, "status": 401}, "target", "not_authorized", "refused the GitHub token"),
        ({"path": MIRROR, "status": 403}, "target", "not_authorized", "refused the GitHub token"),
        ({"path": MIRROR, "status": 404}, "target", "unreachable", "renamed or deleted"),
        ({"path": SOURCE, "status": 404}, "source", "unreachable", "renamed or deleted"),
        ({"path": f"{MIRROR}.git/info/refs", "truncate": 20}, "target", "unreachable", "can't be reached"),
    ],
)
def test_a_side_that_does_not_answer_is_named_with_since_and_remedy_and_heals(mirrored, fault, side, state, words):
    mirrored.fault(service="git", times=None, **fault)
    first, second = sync(), sync()
    assert (first.outcome, second.outcome) == ("failed", "failed")
    mirror = Mirror.objects.get()
    assert words in getattr(mirror, f"{side}_problem")
    assert getattr(mirror, f"{side}_problem_since") == first.started_at
    assert set(states().values()) == {state}
    assert {each.state_since for each in MirrorBranch.objects.filter(selected=True)} == {first.started_at}
    mirrored.clear_faults()
    assert sync().outcome == "ok"
    mirror.refresh_from_db()
    assert (getattr(mirror, f"{side}_problem"), getattr(mirror, f"{side}_problem_since")) == ("", None)
    assert set(states().values()) == {"in_sync"}


def test_lag_counts_from_when_the_source_moved_though_the_mirror_was_out_of_reach(mirrored):
    mirrored.fault(service="git", path=MIRROR, status=503, times=None)
    head = mirrored.commit("master")
    away = sync()
    mirrored.clear_faults()
    back = sync()
    assert row().source_sha == head
    assert row().source_seen_at == away.started_at
    assert row().mirrored_at > back.started_at


def test_a_token_without_the_right_to_push_is_told_apart_and_waits(mirrored):
    mirrored.writable = frozenset()
    mirrored.commit("master")
    assert sync().outcome == "failed"
    assert states() == dict.fromkeys(SELECTED, "in_sync") | {"master": "not_authorized"}
    assert "Permission to flink-ci/flink-mirror.git denied to flinkbot" in row().detail
    assert sync().outcome == "failed"
    mark = mirrored.log_mark()
    waits = sync()
    assert (waits.outcome, waits.counts) == ("partial", {})
    assert "denied to flinkbot" in waits.error
    assert len(mirrored.since(mark, "git")) == 4
    mirrored.writable = frozenset({MIRROR})
    assert sync(now=True).counts == {"branches_pushed": 1}


def test_without_any_token_the_page_says_that_one_is_wanted(flink, monkeypatch):
    monkeypatch.delenv("GITHUB_TOKEN")
    assert sync().outcome == "failed"
    assert states() == dict.fromkeys(SELECTED, "not_authorized")
    assert "wants a GitHub token" in row().detail


def test_a_hung_remote_is_given_up_and_leaves_no_process(mirrored, monkeypatch):
    monkeypatch.setattr("flinkci_dashboard.clients.git.refs.ASK", Limits(total=1, idle=0.3))
    mirrored.fault(service="git", path=SOURCE, hang=True, times=None)
    assert sync().outcome == "failed"
    assert "kept silent for" in Mirror.objects.get().source_problem
    assert set(states().values()) == {"unreachable"}
    mirrored.clear_faults()
    assert git_children() == []
    monkeypatch.undo()


def test_a_push_that_hangs_is_given_up_and_tried_again_by_the_next_pass(mirrored, monkeypatch):
    head = mirrored.commit("master")
    mirrored.fault(service="git", method="POST", path="git-receive-pack", hang=True, times=1)
    with monkeypatch.context() as hurried:
        hurried.setattr(git, "TRANSFER", Limits(total=5, idle=0.5))
        assert sync().outcome == "failed"
    assert row().state == "unreachable"
    mirrored.clear_faults()
    assert sync().counts == {"branches_pushed": 1}
    assert mirrored.heads(MIRROR)["master"] == head
    assert Action.objects.first().attempts == 2


# Passes that were cut short ---------------------------------------------------------------------


@pytest.mark.parametrize("arrived", [True, False])
def test_a_push_whose_pass_was_killed_is_looked_for_before_it_is_tried_again(mirrored, monkeypatch, arrived):
    mirrored.commit("master")
    push = git.Cache.push

    def killed(*args, **more):
        if arrived:
            push(*args, **more)
        raise SystemExit("killed")

    monkeypatch.setattr(git.Cache, "push", killed)
    with pytest.raises(SystemExit):
        sync()
    assert Action.objects.first().state == "pending"
    monkeypatch.setattr(git.Cache, "push", push)
    run = sync()
    action = Action.objects.first()
    assert (action.state, action.attempts) == ("done", 1 if arrived else 2)
    assert run.counts == {"lost_pushes_settled": 1} | ({} if arrived else {"branches_pushed": 1})
    assert states()["master"] == "in_sync"


@pytest.mark.parametrize("arrived", [True, False])
def test_a_reset_whose_pass_was_killed_is_done_once_and_answered(mirrored, monkeypatch, arrived):
    theirs = mirrored.commit("release-2.1", "Not ours", repo=MIRROR)
    head = mirrored.commit("release-2.1")
    sync()
    asked = ask_for_reset("release-2.1", theirs)
    push = git.Cache.push

    def killed(*args, **more):
        if arrived:
            push(*args, **more)
        raise SystemExit("killed")

    monkeypatch.setattr(git.Cache, "push", killed)
    with pytest.raises(SystemExit):
        run_pass("sync_mirrors", "button")
    asked.settled_at = None  # the pass was killed before it could answer, not ended as here
    asked.save()
    monkeypatch.setattr(git.Cache, "push", push)
    run = sync()
    assert run.counts == {"lost_pushes_settled": 1} | ({} if arrived else {"branches_reset": 1})
    assert mirrored.heads(MIRROR)["release-2.1"] == head
    asked.refresh_from_db()
    assert asked.answer == f"release-2.1 was reset from {theirs[:10]} to {head[:10]}."
    assert Action.objects.filter(kind="reset-branch").count() == 1


@pytest.mark.parametrize("place", [(Ledger, "done"), (Transfers, "push"), (MirrorRows, "record")], ids=lambda at: at[1])
def test_a_pass_killed_at_any_of_its_steps_is_finished_by_the_next_one(mirrored, monkeypatch, place):
    heads = {branch: mirrored.commit(branch) for branch in ("master", "release-2.1")}

    def die(*args, **more):
        raise SystemExit("killed")

    with monkeypatch.context() as patch:
        patch.setattr(*place, die)
        with pytest.raises(SystemExit):
            sync()
    mark = mirrored.log_mark()
    assert sync().outcome == "ok"
    assert {branch: mirrored.heads(MIRROR)[branch] for branch in heads} == heads
    assert set(states().values()) == {"in_sync"}
    assert pushes(mirrored, mark) == (place[1] == "push")
    assert not Action.objects.exclude(state="done").exists()
    assert Action.objects.filter(kind="push-branch", payload__new__in=list(heads.values())).count() == 2


def test_an_answer_lost_on_the_way_is_found_by_looking(mirrored):
    head = mirrored.commit("master")
    mirrored.fault(service="git", method="POST", path="git-receive-pack", truncate=1, times=1)
    run = sync()
    assert mirrored.heads(MIRROR)["master"] == head
    assert (run.outcome, run.counts) == ("ok", {"branches_pushed": 1})
    assert Action.objects.first().state == "done"


def test_an_interrupted_fetch_heals_in_the_next_pass(mirrored):
    head = mirrored.commit("master", files={"big": os.urandom(200_000).hex()})
    mirrored.fault(service="git", method="POST", path=f"{SOURCE}.git/git-upload-pack", truncate=20_000, times=2)
    # The first match is the list of refs, which is shorter than that.
    assert sync().outcome == "failed"
    assert row().state == "unreachable"
    assert sync().counts["branches_pushed"] == 1
    assert mirrored.heads(MIRROR)["master"] == head


# Secrets ----------------------------------------------------------------------------------------


def test_the_token_is_in_no_argument_file_row_or_line(flink, monkeypatch, caplog):
    secrets = [flink.github_token, authentication("x")["http.x.extraHeader"].split()[-1]]
    arguments = []

    def look(self, phase, percent=None, megabytes=None):
        for each in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                arguments.append(" ".join(each.cmdline()))

    monkeypatch.setattr(Pass, "progress", look)
    flink.fault(service="git", method="POST", path="git-receive-pack", delay=0.5)  # so that there is time to look
    sync()
    flink.protect(MIRROR, "master")
    flink.commit("master")
    sync()
    flink.fault(service="git", path=MIRROR, status=401, times=None)
    sync()
    assert any(" push --porcelain" in each for each in arguments)
    texts = {"arguments": "\n".join(arguments), "log": caplog.text, "rows": _all_rows()}
    for path in cache().parent.parent.rglob("*"):
        if path.is_file():
            texts[str(path)] = path.read_bytes().decode("latin-1")
    assert [(where, secret) for where, text in texts.items() for secret in secrets if secret in text] == []


def _all_rows() -> str:
    with connection.cursor() as cursor:
        rows = []
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608
            rows += cursor.fetchall()
    return str(rows)
