"""The mirror job over a real git server: what each state does, what it costs, what it remembers."""

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from flinkci_dashboard.clients.git import cache as git
from flinkci_dashboard.jobs.run import ConfigurationError, Pass, request, run_pass
from flinkci_dashboard.models import Action
from flinkci_dashboard.sandbox import MIRROR, SOURCE
from sync.mirrors.values import ResetRequest
from sync.models import Mirror, MirrorBranch, Repository
from tests.mirrors import SELECTED, ask_for_reset, git_requests, pushes, row, states, sync

pytestmark = pytest.mark.django_db


# States -----------------------------------------------------------------------------------------


def test_the_first_sync_fills_an_empty_mirror(flink):
    run = sync()
    assert (run.outcome, run.counts) == ("ok", {"branches_pushed": 4})
    source = flink.heads()
    assert flink.heads(MIRROR) == {name: source[name] for name in SELECTED}
    assert states() == dict.fromkeys(SELECTED, "in_sync")
    assert row("release-1.9").state == "not_selected"
    assert "not release-X.Y" in row("release-japicmp").reason


def test_a_second_pass_reads_two_lists_of_refs_and_nothing_else(mirrored):
    mark = mirrored.log_mark()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert sync().counts == {}
    assert sorted(git_requests(mirrored, mark)) == sorted(
        f"{what}"
        for repo in (SOURCE, MIRROR)
        for what in (f"GET /{repo}.git/info/refs?", f"POST /{repo}.git/git-upload-pack")
    )
    writes = [q["sql"] for q in queries if q["sql"].split()[0] in ("INSERT", "UPDATE", "DELETE")]
    assert [sql for sql in writes if "jobrun" not in sql] == []


def test_a_new_commit_is_pushed_with_one_fetch_and_one_push(mirrored):
    head = mirrored.commit("master", "[FLINK-7] Speed", author="Grace Example <grace@example.org>", count=2)
    mark = mirrored.log_mark()
    assert sync().counts == {"branches_pushed": 1}
    assert mirrored.heads(MIRROR)["master"] == head
    assert pushes(mirrored, mark) == 1
    found = row()
    assert (found.state, found.source_sha, found.target_sha, found.commits_behind) == ("in_sync", head, head, 0)
    assert (found.author, found.subject) == ("Grace Example", "[FLINK-7] Speed")
    assert found.source_seen_at < found.mirrored_at <= timezone.now()


def test_all_branches_travel_in_one_push(mirrored):
    for name in SELECTED:
        mirrored.commit(name, count=120)
    mark = mirrored.log_mark()
    assert sync().counts == {"branches_pushed": 4}
    assert pushes(mirrored, mark) == 1
    assert sync().counts == {}


def test_each_push_is_recorded_before_it_is_tried_and_settled_after(mirrored, monkeypatch):
    head = mirrored.commit("master")
    seen = []
    push = git.Cache.push

    def watch(*args, **more):
        seen.extend(Action.objects.filter(state="pending").values_list("subject", flat=True))
        return push(*args, **more)

    monkeypatch.setattr(git.Cache, "push", watch)
    sync()
    assert seen == [f"{MIRROR}: master"]
    action = Action.objects.first()
    assert (action.state, action.payload["new"], action.attempts) == ("done", head, 1)
    assert action.reason == "The mirror lacks 1 commit of the source."


def test_a_diverged_branch_is_left_alone_and_the_others_go_on(mirrored):
    theirs = mirrored.commit("release-2.1", "Not ours", repo=MIRROR)
    mirrored.commit("release-2.1", count=2)
    head = mirrored.commit("master")
    passed = sync()
    assert passed.outcome == "partial"
    assert "release-2.1: The mirror's head is not part of the source's history" in passed.error
    assert mirrored.heads(MIRROR)["release-2.1"] == theirs
    assert mirrored.heads(MIRROR)["master"] == head
    assert row("release-2.1").state == "diverged"
    mark = mirrored.log_mark()
    assert sync().outcome == "partial"  # as long as it is out of step
    assert len(mirrored.since(mark, "git")) == 4  # settled: looked, and no more
    assert row("release-2.1").state == "diverged"


def test_a_source_that_was_rewritten_leaves_the_mirror_diverged_and_says_by_how_much(mirrored):
    before = mirrored.heads(MIRROR)["release-2.1"]
    mirrored.force_push("release-2.1")
    sync()
    assert mirrored.heads(MIRROR)["release-2.1"] == before
    found = row("release-2.1")
    assert (found.state, found.commits_behind) == ("diverged", 1)
    assert found.detail.startswith("The mirror has 1 commit that the source does not have")


def test_an_admin_resets_a_diverged_branch_to_the_source(mirrored):
    theirs = mirrored.commit("release-2.1", "Not ours", repo=MIRROR)
    head = mirrored.commit("release-2.1")
    sync()
    asked = ask_for_reset("release-2.1", theirs)
    run = run_pass("sync_mirrors", "button")
    assert run.counts == {"branches_reset": 1}
    assert mirrored.heads(MIRROR)["release-2.1"] == head
    asked.refresh_from_db()
    assert asked.answer == f"release-2.1 was reset from {theirs[:10]} to {head[:10]}."
    assert Action.objects.first().kind == "reset-branch"
    assert states()["release-2.1"] == "in_sync"


def test_a_branch_that_moved_since_the_admin_looked_is_not_reset(mirrored):
    seen = mirrored.commit("release-2.1", "Not ours", repo=MIRROR)
    theirs = mirrored.commit("release-2.1", "Nor this", repo=MIRROR)
    asked = ask_for_reset("release-2.1", seen)
    run_pass("sync_mirrors", "button")
    asked.refresh_from_db()
    assert "has moved on the mirror since you looked" in asked.answer
    assert mirrored.heads(MIRROR)["release-2.1"] == theirs


def test_a_reset_of_an_unknown_mirror_is_answered(mirrored):
    asked = request("sync_mirrors", None, ResetRequest.ACT, "whatever")
    run_pass("sync_mirrors", "button")
    asked.refresh_from_db()
    assert asked.answer.startswith("Nothing was reset")


def test_a_branch_gone_from_the_source_stays_on_the_mirror(mirrored):
    mirrored.delete_branch("release-2.1")
    assert sync().outcome == "ok"
    assert "release-2.1" in mirrored.heads(MIRROR)
    assert row("release-2.1").state == "gone"


def test_a_branch_gone_from_both_sides_is_forgotten(mirrored):
    for repo in (SOURCE, MIRROR):
        mirrored.delete_branch("release-2.2", repo)
    sync()
    assert not MirrorBranch.objects.filter(name="release-2.2").exists()


# Modes, policy, set-up --------------------------------------------------------------------------


def test_observe_mode_shows_the_plan_and_writes_nothing_outside(mirrored, settings):
    settings.SYNC_MODE = "observe"
    before = mirrored.heads(MIRROR)
    head = mirrored.commit("master", count=2)
    mark = mirrored.log_mark()
    assert sync().counts == {"branches_planned": 1}
    assert mirrored.heads(MIRROR) == before
    assert pushes(mirrored, mark) == 0
    planned = Action.objects.get(state="planned")
    assert (planned.payload["new"], planned.attempts) == (head, 0)
    assert (row().state, row().commits_behind) == ("behind", 2)
    mark = mirrored.log_mark()
    assert sync().counts == {}
    assert len(mirrored.since(mark, "git")) == 4
    settings.SYNC_MODE = "active"
    assert sync().counts == {"branches_pushed": 1}
    planned.refresh_from_db()
    assert (planned.state, planned.attempts) == ("done", 1)


def test_a_plan_that_the_old_bot_carried_out_is_dropped_and_its_lag_measured(mirrored, settings):
    settings.SYNC_MODE = "observe"
    mirrored.commit("master")
    sync()
    mirrored.mirror_all()
    sync()
    assert not Action.objects.filter(state="planned").exists()
    assert row().state == "in_sync"
    assert row().mirrored_at > row().source_seen_at


def test_a_policy_change_takes_effect_in_the_next_pass(mirrored):
    Mirror.objects.update(pinned="release-1.9", excluded="release-2.0")
    sync()
    assert "release-1.9" in mirrored.heads(MIRROR)
    assert (row("release-2.0").state, row("release-2.0").reason) == ("not_selected", "Excluded in the policy.")


def test_a_release_brings_the_next_branch_and_drops_the_oldest(mirrored):
    mirrored.release("2.2.0")
    mirrored.cut_release("2.3")
    sync()
    assert set(states()) == {"master", "release-2.1", "release-2.2", "release-2.3"}
    assert "2 newer versions" in row("release-2.0").reason


@pytest.mark.parametrize("name", ["refs/heads/master", "a..b", "-x", "bad name?"])
def test_a_policy_with_a_bad_name_is_refused_naming_it(bootstrapped, name):
    mirror = Mirror.objects.get()
    mirror.pinned = name
    with pytest.raises(ValidationError, match="is not a branch name"):
        mirror.full_clean()


def test_without_a_mirror_the_command_says_what_to_do(db, data_dir):
    with pytest.raises(ConfigurationError, match="manage.py bootstrap"):
        sync()


def test_a_disabled_mirror_is_left_alone(flink):
    Mirror.objects.update(enabled=False)
    mark = flink.log_mark()
    assert sync().outcome == "ok"
    assert not flink.since(mark, "git")


def test_one_mirror_that_fails_does_not_stop_the_other(mirrored):
    flink = Repository.objects.get(owner="flink-ci", name="flink")
    lost = Repository.objects.create(owner="apache", name="gone", role=Repository.Role.SOURCE)
    Mirror.objects.create(source=lost, target=flink)
    head = mirrored.commit("master")
    assert sync().outcome == "partial"
    assert mirrored.heads(MIRROR)["master"] == head


def test_the_command_runs_the_same_pass(flink, capsys):
    with pytest.raises(SystemExit) as end:
        call_command("sync_mirrors")
    assert end.value.code == 0
    assert '"branches_pushed": 4' in capsys.readouterr().out.splitlines()[-1]


def test_progress_of_long_work_is_shown(flink, monkeypatch):
    seen = []
    monkeypatch.setattr(
        Pass, "progress", lambda self, phase, percent=None, megabytes=None: seen.append((phase, percent))
    )
    sync()
    for start in (f"Fetching from {SOURCE}: ", f"Pushing to {MIRROR}: "):
        assert any(phase.startswith(start) and percent == 100 for phase, percent in seen)


def test_heads_that_were_there_before_us_are_looked_up_once(flink):
    flink.mirror_all()
    mark = flink.log_mark()
    assert sync().outcome == "ok"
    assert row().subject
    assert row().author
    asked = [each.path for each in flink.since(mark, "github")]
    assert asked == [f"/repos/{SOURCE}/commits"] * MirrorBranch.objects.filter(selected=True).count()
    mark = flink.log_mark()
    sync()
    assert flink.since(mark, "github") == []


def test_a_look_up_that_fails_disturbs_nothing(flink):
    flink.mirror_all()
    flink.fault(service="github", status=502, times=None)
    assert sync().outcome == "ok"
    assert row().state == "in_sync"
    assert row().subject == ""
