"""The git client: what it reads, what it says when something is wrong, and what it never leaves behind."""

import contextlib
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from flinkci_dashboard.clients.errors import NotAuthorizedError, UnavailableError
from flinkci_dashboard.clients.git import cache as git
from flinkci_dashboard.clients.git import process as git_process
from flinkci_dashboard.clients.git.cache import Cache, open_cache
from flinkci_dashboard.clients.git.commits import CommitFacts
from flinkci_dashboard.clients.git.errors import (
    CacheInUse,
    DiskFull,
    GitMissing,
    RemoteMissing,
    TimedOut,
)
from flinkci_dashboard.clients.git.process import Limits, Progress, parse_progress
from flinkci_dashboard.clients.git.pushes import PushResult, PushStatus, parse_push
from flinkci_dashboard.clients.git.refs import ls_remote
from flinkci_dashboard.sandbox import MIRROR, SOURCE
from tests.mirrors import git_processes

URL = "https://github.com/flink-ci/flink-mirror.git"


def url(world, repo: str = SOURCE) -> str:
    return f"{world.github_git_url}/{repo}.git"


@pytest.fixture
def cache(data_dir):
    with open_cache(data_dir / "git" / "test.git") as opened:
        yield opened


# Reading ----------------------------------------------------------------------------------------


def test_only_heads_and_tags_are_listed_however_many_pull_requests_there_are(world):
    head = world.commit("master")
    world.tag("release-1.0.0")
    world.pulls.many(200, 200)
    mark = world.log_mark()
    assert ls_remote(url(world)) == {"refs/heads/master": head, "refs/tags/release-1.0.0": head}
    assert sum(each.sent for each in world.since(mark, "git")) < 2000


def test_the_source_is_read_without_credentials(world, monkeypatch):
    world.commit("master")
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_" + "x" * 36)  # one that would be refused
    assert ls_remote(url(world))
    with pytest.raises(NotAuthorizedError, match="refused the GitHub token"):
        ls_remote(url(world, MIRROR), authenticate=True)


def test_commits_are_read_in_one_process_whatever_they_hold(world, cache):
    odd = world.commit("master", "Ünïcode\ttab | pipe\n\nbody", author="Weird \u202e Näme <a@b>")
    plain = world.commit("master", "Plain")
    cache.fetch(url(world), {"master": plain})
    facts = cache.commit_facts([odd, plain])
    assert (facts[odd].author, facts[odd].subject) == ("Weird   Näme", "Ünïcode tab | pipe")
    assert isinstance(facts[plain], CommitFacts)
    assert facts[plain].committed_at > facts[odd].committed_at
    assert cache.commit_facts([]) == {}
    assert cache.contains([odd, plain, "1" * 40]) == {odd, plain}


def test_ancestry_and_counts(world, cache):
    old = world.commit("master")
    new = world.commit("master", count=3)
    side = world.force_push("side", world.heads()["master"]) and world.commit("side")
    rewritten = world.force_push("master", back=2)
    cache.fetch(url(world), {"master": new, "side": side, "rewritten": rewritten})
    assert cache.ahead_behind(new, rewritten) == (2, 1)
    assert cache.count_commits(old, new) == 3
    assert cache.count_commits(None, new) == 4


def test_history_after_a_commit_leaves_out_what_that_has_unless_it_has_all(world, cache):
    first, second, third = (world.commit("master") for _ in range(3))
    cache.fetch(url(world), {"master": third})
    assert [each.sha for each in cache.history(third, 2)] == [third, second]
    assert [each.sha for each in cache.history(third, 9, first)] == [third, second]
    assert [each.sha for each in cache.history(first, 1, third)] == [first]


def test_branch_names_that_would_clash_as_files_live_side_by_side(world, cache):
    sha = world.commit("master")
    cache.fetch(url(world), {"a": sha, "a/b": sha, "ä%2F": sha})
    assert cache.contains([sha])


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Receiving objects:  45% (450/1000), 12.30 MiB | 2.00 MiB/s", Progress("Receiving objects", 45, 12.9)),
        ("remote: Compressing objects: 100% (7/7), done.", Progress("Compressing objects", 100, None)),
        ("Writing objects: 100% (9/9), 742 bytes | 742.00 KiB/s, done.", Progress("Writing objects", 100, 0.0)),
        ("remote: Enumerating objects: 1234", Progress("Enumerating objects", None, None)),
        ("Receiving objects:  99% (9/9), 1.50 GiB | 9 MiB/s", Progress("Receiving objects", 99, 1610.6)),
        ("fatal: early EOF", None),
        ("Total 12 (delta 3), reused 0", None),
    ],
)
def test_progress_is_read(line, expected):
    assert parse_progress(line) == expected


@pytest.mark.parametrize(
    ("line", "status", "message"),
    [
        (" \tabc:refs/heads/x\t1..2", PushStatus.DONE, ""),
        ("*\tabc:refs/heads/x\t[new branch]", PushStatus.DONE, ""),
        ("=\tabc:refs/heads/x\t[up to date]", PushStatus.DONE, ""),
        ("+\tabc:refs/heads/x\t1...2 (forced update)", PushStatus.DONE, ""),
        ("!\tabc:refs/heads/x\t[rejected] (non-fast-forward)", PushStatus.MOVED, "non-fast-forward"),
        ("!\tabc:refs/heads/x\t[rejected] (fetch first)", PushStatus.MOVED, "fetch first"),
        ("!\tabc:refs/heads/x\t[rejected] (stale info)", PushStatus.MOVED, "stale info"),
        (
            "!\tabc:refs/heads/x\t[remote rejected] (protected branch hook declined)",
            PushStatus.REJECTED,
            "protected branch hook declined",
        ),
        (
            "!\tabc:refs/heads/x\t[remote failure] (remote failed to report status)",
            PushStatus.REJECTED,
            "remote failed",
        ),
    ],
)
def test_push_answers_are_read_by_their_flags(line, status, message):
    (result,) = parse_push(f"To {URL}\n{line}\nDone\n")
    assert (result.ref, result.status) == ("refs/heads/x", status)
    assert result.message.startswith(message)


def test_what_the_server_says_belongs_to_the_branch_that_it_names_or_to_the_only_one():
    said = "remote: error: GH006: Protected branch update failed for refs/heads/x."
    x, y = (f"!\tabc:refs/heads/{name}\t[remote rejected] (hook declined)\n" for name in "xy")
    both = parse_push(x + y, f"{said}\nremote: see its rules\n")
    assert both == [
        PushResult("refs/heads/x", PushStatus.REJECTED, f"hook declined {said}"),
        PushResult("refs/heads/y", PushStatus.REJECTED, "hook declined"),
    ]
    (alone,) = parse_push(x, f"{said}\nremote: see its rules\n")
    assert alone.message == f"hook declined {said} remote: see its rules"


# Pushing ----------------------------------------------------------------------------------------


def test_a_push_never_forces_and_a_lease_moves_only_from_where_it_was_seen(world, cache):
    first = world.commit("master")
    second = world.commit("master")
    other = world.force_push("other", first) and world.commit("other")
    cache.fetch(url(world), {"master": second, "other": other})
    target = url(world, MIRROR)
    assert [r.status for r in cache.push(target, {"master": second})] == [PushStatus.DONE]
    assert [r.status for r in cache.push(target, {"master": other})] == [PushStatus.MOVED]
    assert [r.status for r in cache.push(target, {"master": other}, leases={"master": first})] == [PushStatus.MOVED]
    assert world.heads(MIRROR)["master"] == second
    assert [r.status for r in cache.push(target, {"master": other}, leases={"master": second})] == [PushStatus.DONE]
    assert world.heads(MIRROR)["master"] == other


def test_the_public_source_can_not_be_pushed_to(world, cache):
    sha = world.commit("master")
    cache.fetch(url(world), {"master": sha})
    with pytest.raises(NotAuthorizedError, match="denied to flinkbot"):
        cache.push(url(world), {"evil": sha})


# What is wrong ----------------------------------------------------------------------------------


def test_a_redirect_is_not_followed_with_the_token(world):
    world.fault(service="git", path=MIRROR, status=301, headers={"Location": f"{world.github_git_url}/x.git"})
    with pytest.raises((RemoteMissing, UnavailableError)):
        ls_remote(url(world, MIRROR), authenticate=True)


def test_without_git_the_message_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitMissing, match="apt install git"):
        ls_remote(URL)


def test_a_full_disk_while_the_cache_is_made_is_told_with_the_space_that_is_left(monkeypatch, tmp_path):
    def full(*args, **more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "mkdir", full)
    with pytest.raises(DiskFull, match="MB free"), open_cache(tmp_path / "x.git"):
        pass


# Processes and secrets ---------------------------------------------------------------------------


ORPHAN = """
import sys
from pathlib import Path
from flinkci_dashboard.clients.git.cache import open_cache
with open_cache(Path(sys.argv[1])) as cache:
    print("open", flush=True)
    cache.fetch(sys.argv[2], {"master": sys.argv[3]})
"""


def test_the_git_of_a_killed_worker_is_ended_before_the_cache_is_used_again(world, data_dir):
    sha = world.commit("master")
    world.fault(service="git", hang=True, times=None)
    folder = data_dir / "git" / "test.git"
    worker = subprocess.Popen([sys.executable, "-c", ORPHAN, folder, url(world), sha], stdout=subprocess.PIPE)
    worker.stdout.readline()
    until(lambda: len(psutil.Process(worker.pid).children(recursive=True)) >= 2)
    orphans = psutil.Process(worker.pid).children(recursive=True)
    until(lambda: folder.with_suffix(".owner").read_text().strip())
    worker.kill()
    worker.communicate()
    assert any(each.is_running() for each in orphans)
    with open_cache(folder) as cache:
        assert "git of a killed worker" in cache.healed[0]
        until(lambda: not [each for each in orphans if each.is_running() and each.status() != psutil.STATUS_ZOMBIE])
        world.clear_faults()
        cache.fetch(url(world), {"master": sha})
        assert cache.contains([sha])


def test_the_token_is_not_in_the_arguments_of_a_push_that_hangs(world, cache, monkeypatch):
    secret = git_process.authentication("x")["http.x.extraHeader"].split()[-1]
    sha = world.commit("master")
    cache.fetch(url(world), {"master": sha})
    monkeypatch.setattr(git, "TRANSFER", Limits(total=20, idle=1))
    world.fault(service="git", method="POST", path="git-receive-pack", hang=True, times=None)
    seen = []
    with contextlib.suppress(TimedOut):
        cache.push(
            url(world, MIRROR), {"master": sha}, lambda _: seen.extend(each.cmdline() for each in git_processes())
        )
    text = str(seen)
    assert "push" in text
    assert "remote-http" in text
    assert world.github_token not in text
    assert secret not in text
    assert git_processes() == []


def test_a_cache_holds_no_trace_of_the_token(world, cache):
    sha = world.commit("master")
    cache.fetch(url(world), {"master": sha})
    cache.push(url(world, MIRROR), {"master": sha})
    found = [path for path in cache.folder.rglob("*") if path.is_file()]
    assert found
    assert not [path for path in found if world.github_token.encode() in path.read_bytes()]


def test_a_second_user_of_the_cache_is_kept_out(cache: Cache, monkeypatch):
    monkeypatch.setattr("flinkci_dashboard.clients.git.folder.ORPHAN", 0.2)
    with pytest.raises(CacheInUse), open_cache(cache.folder):
        pass


def until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
