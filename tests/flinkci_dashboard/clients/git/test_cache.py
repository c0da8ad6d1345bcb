"""The git client: what it reads, what it says when something is wrong, and what it never leaves behind."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from flinkci_dashboard.clients.errors import NotAuthorizedError, RefusedError, UnavailableError
from flinkci_dashboard.clients.git import cache as git
from flinkci_dashboard.clients.git import process as git_process
from flinkci_dashboard.clients.git.cache import Cache, open_cache
from flinkci_dashboard.clients.git.commits import CommitFacts
from flinkci_dashboard.clients.git.errors import (
    CacheCorrupt,
    CacheInUse,
    DiskFull,
    GitMissing,
    RemoteMissing,
    TimedOut,
    classify,
)
from flinkci_dashboard.clients.git.process import Command, Limits, Progress, environment, parse_progress
from flinkci_dashboard.clients.git.pushes import PushResult, PushStatus, parse_push
from flinkci_dashboard.clients.git.refs import ls_remote
from flinkci_dashboard.sandbox import MIRROR, SOURCE

URL = "https://github.com/flink-ci/flink-mirror.git"
LIMITS = Limits(total=20, idle=20)


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


@pytest.mark.parametrize(
    ("stderr", "expected"),
    [
        ("fatal: could not read Username for 'https://github.com': terminal prompts disabled", NotAuthorizedError),
        ("fatal: unable to access 'x': The requested URL returned error: 403", NotAuthorizedError),
        ("remote: Invalid username or token.\nfatal: Authentication failed for 'x'", NotAuthorizedError),
        ("remote: Repository not found.\nfatal: repository 'https://x/' not found", RemoteMissing),
        ("fatal: unable to access 'x': The requested URL returned error: 301", RemoteMissing),
        ("fatal: unable to access 'x': Could not resolve host: github.com", UnavailableError),
        (
            "fatal: unable to access 'x': Failed to connect to h port 443 after 2 ms: Couldn't connect",
            UnavailableError,
        ),
        ("fatal: unable to access 'x': The requested URL returned error: 502", UnavailableError),
        ("error: RPC failed; curl 56 Recv failure: Connection reset by peer\nfatal: early EOF", UnavailableError),
        ("fetch-pack: unexpected disconnect while reading sideband packet\nfatal: early EOF", UnavailableError),
        ("fatal: remote error: upload-pack: not our ref 1111", RefusedError),
        ("fatal: write error: No space left on device", DiskFull),
        ("error: file write error: Disk quota exceeded\nfatal: early EOF", DiskFull),
        ("remote: fatal: write error: No space left on device\nfatal: early EOF", UnavailableError),
        ("fatal: bad object refs/source/master", CacheCorrupt),
        ("error: bad packed object CRC for 1111\nfatal: the remote end hung up unexpectedly", CacheCorrupt),
        ("remote: fatal: bad object 1111\nfatal: early EOF", UnavailableError),
        ("something new", RefusedError),
        ("", RefusedError),
    ],
)
def test_errors_are_told_apart(stderr, expected, tmp_path):
    assert type(classify(stderr, URL, authenticated=True, folder=tmp_path)) is expected


def test_messages_name_the_repository_stay_the_same_and_hold_no_secret(monkeypatch):
    secret = "ghp_" + "s" * 36
    monkeypatch.setenv("GITHUB_TOKEN", secret)
    texts = {
        str(classify(f"fatal: {secret}: Failed to connect to h port 1 after {n} ms: refused", URL, authenticated=True))
        for n in (1, 23)
    }
    assert len(texts) == 1
    assert URL in texts.pop()
    assert secret not in "".join(texts)


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


# Surroundings and processes ---------------------------------------------------------------------


def test_nothing_of_the_surroundings_reaches_git_but_what_it_needs(monkeypatch):
    for name in ("GITHUB_TOKEN", "GIT_TRACE_CURL", "GIT_ASKPASS", "SSH_ASKPASS", "GIT_DIR", "DATABASE_URL"):
        monkeypatch.setenv(name, "surprise")
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    found = environment({})
    assert "surprise" not in found.values()
    assert found["https_proxy"] == "http://proxy:3128"
    assert (found["LC_ALL"], found["GIT_TERMINAL_PROMPT"], found["HOME"]) == ("C", "0", os.devnull)


def test_configuration_of_the_machine_has_no_influence(monkeypatch, tmp_path):
    (tmp_path / ".gitconfig").write_text("[user]\n\tname = Somebody\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    with Command(["config", "user.name"], limits=LIMITS, repository="x", folder=tmp_path) as command:
        assert command.wait().stdout == ""


def test_silence_ends_a_command_with_all_its_children(world, monkeypatch):
    monkeypatch.setattr("flinkci_dashboard.clients.git.refs.ASK", Limits(total=20, idle=0.3))
    world.fault(service="git", hang=True, times=None)
    with pytest.raises(TimedOut, match="kept silent for 0 s"):
        ls_remote(url(world))
    assert children() == []


def test_work_that_takes_too_long_is_ended_though_it_is_not_silent(tmp_path):
    script = "alias.busy=!while :; do echo x; sleep 0.02; done"
    command = Command(["-c", script, "busy"], limits=Limits(total=0.5, idle=5), repository="x", folder=tmp_path)
    with pytest.raises(TimedOut, match="took longer than"), command:
        command.wait()
    assert children() == []


def test_an_exception_from_outside_ends_the_command(world, monkeypatch):
    def out_of_time(*_):
        raise SystemExit("Task exceeded maximum timeout value")

    before = signal.signal(signal.SIGALRM, out_of_time)
    world.fault(service="git", hang=True, times=None)
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    try:
        with pytest.raises(SystemExit):
            ls_remote(url(world))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert children() == []


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
        cache.push(url(world, MIRROR), {"master": sha}, lambda _: seen.extend(each.cmdline() for each in children()))
    text = str(seen)
    assert "push" in text
    assert "remote-http" in text
    assert world.github_token not in text
    assert secret not in text
    assert children() == []


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


def children() -> list[psutil.Process]:
    """Return our git processes, without those of the sandbox's server."""
    found = []
    for each in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            line = " ".join(each.cmdline())
            if line and "http-backend" not in line and "receive-pack" not in line and "upload-pack" not in line:
                found.append(each)
    return found


def until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
