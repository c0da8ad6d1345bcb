"""The mirror job over a real git server: each state, each way of healing, and what it costs."""

import contextlib
import os
import stat
from pathlib import Path

import psutil
import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from flinkci_dashboard.clients import git
from flinkci_dashboard.clients.git_process import Limits, authentication
from flinkci_dashboard.jobs import ConfigurationError, Pass, request, run_pass
from flinkci_dashboard.models import Action, JobRun
from flinkci_dashboard.sandbox import MIRROR, SOURCE, Sandbox
from sync.mirror import RETRY
from sync.models import Mirror, MirrorBranch, Repository
from sync.values import ResetRequest

pytestmark = pytest.mark.django_db
SELECTED = {"master", "release-2.0", "release-2.1", "release-2.2"}


@pytest.fixture
def flink(world, bootstrapped) -> Sandbox:
    """Give the source four versions, the newest unpublished; the mirror is empty."""
    world.commit("master", count=3)
    for version in ("1.9", "2.0", "2.1", "2.2"):
        world.cut_release(version)
        world.commit(f"release-{version}", f"Prepare {version}")
        if version != "2.2":
            world.release(f"{version}.0")
    world.create_branch("release-japicmp")
    return world


@pytest.fixture
def mirrored(flink) -> Sandbox:
    """Bring the mirror in step by a pass."""
    assert sync().outcome == "ok"
    return flink


def sync(now: bool = False) -> JobRun:
    if now:
        request("sync_mirrors", None)
    return run_pass("sync_mirrors", "command")


def states() -> dict[str, str]:
    return dict(MirrorBranch.objects.filter(selected=True).values_list("name", "state"))


def row(name="master") -> MirrorBranch:
    return MirrorBranch.objects.get(name=name)


def cache() -> Path:
    from django.conf import settings

    return settings.DATA_DIR / "git" / f"mirror-{Mirror.objects.get().pk}.git"


def git_requests(world, mark) -> list[str]:
    return [f"{each.method} {each.path}{'?' if each.query else ''}" for each in world.since(mark, "git")]


def pushes(world, mark) -> int:
    return sum(each.path.endswith("git-receive-pack") for each in world.since(mark, "git"))


def git_children() -> list[list[str]]:
    """Return the arguments of our git processes, without those of the sandbox's server."""
    found = []
    for each in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            found.append(each.cmdline())
    return [line for line in found if line[:1] == ["git"] and "http-backend" not in line]


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
    assert sync().outcome == "ok"
    assert mirrored.heads(MIRROR)["release-2.1"] == theirs
    assert mirrored.heads(MIRROR)["master"] == head
    assert row("release-2.1").state == "diverged"
    mark = mirrored.log_mark()
    sync()
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
    asked = request("sync_mirrors", None, ResetRequest.ACT, str(ResetRequest(MIRROR, "release-2.1", theirs)))
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
    asked = request("sync_mirrors", None, ResetRequest.ACT, str(ResetRequest(MIRROR, "release-2.1", seen)))
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


def test_a_rejected_branch_has_the_servers_words_and_waits_while_the_others_go_on(mirrored):
    mirrored.protect(MIRROR, "release-2.1")
    mirrored.commit("release-2.1")
    head = mirrored.commit("master")
    run = sync()
    assert run.outcome == "partial"
    assert "release-2.1: protected branch hook declined" in run.error
    assert mirrored.heads(MIRROR)["master"] == head
    assert (row("release-2.1").state, row("release-2.1").detail) == ("rejected", "protected branch hook declined")
    mark = mirrored.log_mark()
    assert sync().outcome == "ok"
    assert len(mirrored.since(mark, "git")) == 4


@pytest.mark.parametrize("why", ["time", "person", "source"])
def test_a_rejected_branch_is_tried_again(mirrored, why):
    mirrored.protect(MIRROR, "master")
    mirrored.commit("master")
    sync()
    mirrored.unprotect(MIRROR)
    if why == "time":
        MirrorBranch.objects.update(tried_at=timezone.now() - RETRY)
    if why == "source":
        mirrored.commit("master")
    assert sync(now=why == "person").counts == {"branches_pushed": 1}
    assert states()["master"] == "in_sync"


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
    mark = mirrored.log_mark()
    assert sync().outcome == "ok"
    assert len(mirrored.since(mark, "git")) == 4
    mirrored.writable = frozenset({MIRROR})
    assert sync(now=True).counts == {"branches_pushed": 1}


def test_without_any_token_the_page_says_that_one_is_wanted(flink, monkeypatch):
    monkeypatch.delenv("GITHUB_TOKEN")
    assert sync().outcome == "failed"
    assert states() == dict.fromkeys(SELECTED, "not_authorized")
    assert "wants a GitHub token" in row().detail


def test_a_hung_remote_is_given_up_and_leaves_no_process(mirrored, monkeypatch):
    monkeypatch.setattr(git, "ASK", Limits(total=1, idle=0.3))
    mirrored.fault(service="git", path=SOURCE, hang=True, times=None)
    assert sync().outcome == "failed"
    assert "kept silent for" in Mirror.objects.get().source_problem
    assert set(states().values()) == {"unreachable"}
    mirrored.clear_faults()
    assert git_children() == []
    monkeypatch.undo()


def test_a_push_that_hangs_is_given_up_and_tried_again_by_the_next_pass(mirrored, monkeypatch):
    monkeypatch.setattr(git, "TRANSFER", Limits(total=5, idle=0.5))
    head = mirrored.commit("master")
    mirrored.fault(service="git", method="POST", path="git-receive-pack", hang=True, times=1)
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


def test_a_missing_cache_is_made_anew(mirrored):
    git.remove_cache(cache())
    mirrored.commit("master")
    assert sync().counts == {"branches_pushed": 1}
    assert cache().is_dir()


def _packs(folder: Path) -> list[Path]:
    found = sorted(folder.glob("objects/pack/pack-*.pack"))
    assert found
    for path in found:
        path.chmod(0o644)
    return found


def _bad_head(folder: Path) -> None:
    (folder / "HEAD").write_text("nonsense")


def _bad_config(folder: Path) -> None:
    (folder / "config").write_text("[core\n")


def _no_packs(folder: Path) -> None:
    for path in _packs(folder):
        path.unlink()


def _cut_pack(folder: Path) -> None:
    for path in _packs(folder):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _scrambled_pack(folder: Path) -> None:
    for path in _packs(folder):
        body = bytearray(path.read_bytes())
        body[20:-20] = bytes(len(body) - 40)
        path.write_bytes(bytes(body))


def _bad_ref(folder: Path) -> None:
    (folder / "refs" / "source" / "master").write_text("1" * 40 + "\n")


def _no_folder_but_a_file(folder: Path) -> None:
    git.remove_cache(folder)
    folder.write_text("what?")


@pytest.mark.parametrize(
    "harm",
    [_bad_head, _bad_config, _no_packs, _cut_pack, _scrambled_pack, _bad_ref, _no_folder_but_a_file],
)
def test_a_damaged_cache_heals_within_the_pass(mirrored, harm):
    harm(cache())
    head = mirrored.commit("master")
    mirrored.commit("release-2.1", "Not ours", repo=MIRROR)
    run = sync()
    assert run.outcome == "ok", run.error
    assert mirrored.heads(MIRROR)["master"] == head
    assert states() == dict.fromkeys(SELECTED, "in_sync") | {"release-2.1": "diverged"}
    mirrored.commit("master")
    assert sync().counts == {"branches_pushed": 1}


def test_stale_locks_and_half_packs_are_cleared(mirrored):
    stale = [
        cache() / name
        for name in ("HEAD.lock", "packed-refs.lock", "refs/source/master.lock", "objects/pack/tmp_pack_x")
    ]
    for path in stale:
        path.touch()
    mirrored.commit("master")
    run = sync()
    assert (run.outcome, run.counts) == ("ok", {"leftovers_cleared": 4, "branches_pushed": 1})
    assert not [path for path in stale if path.exists()]


def test_a_full_disk_ends_in_a_clear_state_and_heals_when_there_is_space(mirrored, monkeypatch, tmp_path):
    shim = tmp_path / "bin" / "git"  # stands before the real git and answers as it does on a full disk
    shim.parent.mkdir()
    path = os.environ["PATH"]
    shim.write_text(
        '#!/bin/sh\nfull="fatal: write error: No space left on device"\n'
        'case " $* " in *" fetch "*) echo "$full" >&2; exit 128; esac\n'
        f'PATH="{path}" exec git "$@"\n'
    )
    shim.chmod(shim.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{shim.parent}:{path}")
    head = mirrored.commit("master")
    assert sync().outcome == "failed"
    assert row().state == "behind"
    assert "No space left" in row().detail
    assert "MB free" in row().detail
    monkeypatch.setenv("PATH", path)
    assert sync().outcome == "ok"
    assert mirrored.heads(MIRROR)["master"] == head
    assert row().detail == ""


def test_many_small_fetches_do_not_pile_up_packs(mirrored, monkeypatch):
    monkeypatch.setattr(git, "MAX_PACKS", 3)
    for _ in range(6):
        mirrored.commit("master")
        assert sync().outcome == "ok"
    assert len(_packs(cache())) <= 4


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
