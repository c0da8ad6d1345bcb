"""What the tests of the mirror job share."""

import contextlib
from dataclasses import asdict
from pathlib import Path

import psutil
from django.conf import settings

from flinkci_dashboard.jobs.run import request, run_pass
from flinkci_dashboard.models import JobRequest, JobRun
from flinkci_dashboard.sandbox import MIRROR
from sync.mirrors.values import ResetRequest
from sync.models import Mirror, MirrorBranch

SELECTED = {"master", "release-2.0", "release-2.1", "release-2.2"}


def sync(now: bool = False) -> JobRun:
    if now:
        request("sync_mirrors", None)
    return run_pass("sync_mirrors", "command")


def ask_for_reset(branch: str, seen: str) -> JobRequest:
    """Ask, as an admin does who saw the mirror's branch at a commit, to reset it to the source."""
    asked = ResetRequest(MIRROR, branch, seen)
    return request("sync_mirrors", None, ResetRequest.ACT, f"{MIRROR}: {branch}", asdict(asked))


def states() -> dict[str, str]:
    return dict(MirrorBranch.objects.filter(selected=True).values_list("name", "state"))


def row(name="master") -> MirrorBranch:
    return MirrorBranch.objects.get(name=name)


def cache() -> Path:
    return settings.DATA_DIR / "git" / f"mirror-{Mirror.objects.get().pk}.git"


def git_requests(world, mark) -> list[str]:
    return [f"{each.method} {each.path}{'?' if each.query else ''}" for each in world.since(mark, "git")]


def pushes(world, mark) -> int:
    return sum(each.path.endswith("git-receive-pack") for each in world.since(mark, "git"))


def git_processes() -> list[psutil.Process]:
    """Return our git processes and all that they started, without those of the sandbox's server."""
    found = []
    for each in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            line = " ".join(each.cmdline())
            if line and "http-backend" not in line and "receive-pack" not in line and "upload-pack" not in line:
                found.append(each)
    return found


def git_children() -> list[list[str]]:
    """Return the arguments of our git processes."""
    found = []
    for each in git_processes():
        with contextlib.suppress(psutil.NoSuchProcess):
            found.append(each.cmdline())
    return [line for line in found if line[:1] == ["git"]]
