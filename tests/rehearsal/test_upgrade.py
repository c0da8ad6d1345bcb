"""A new version comes while workers run, beside the old one for a while, and goes again: nothing is doubled or lost.

The old version is the one that REHEARSE_FROM names, or the newest tag, or what was there before the last migration
(further back, where that one had migrations which were given other numbers before they were released).
"""

import io
import os
import subprocess
import tarfile
from pathlib import Path

import psycopg
import pytest

from tests.pulls import end
from tests.rehearsal.hosts import ROOT, Host, host, stop, until
from tests.rehearsal.town import COMMAND, answered, doubled, mirrored, told

APPS = ("flinkci_dashboard", "sync", "agents", "labeler")


@pytest.fixture
def queue() -> None:
    """Let the database be the broker."""


def git(*arguments: str) -> bytes:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else b""


def old_version() -> str:
    named = os.environ.get("REHEARSE_FROM") or git("describe", "--tags", "--abbrev=0").decode().strip()
    changes = git("log", "--format=%H", "--", *(f"{app}/migrations" for app in APPS)).decode().split()
    return named or next((f"{each}^" for each in changes if is_known(f"{each}^")), "")


def is_known(version: str) -> bool:
    """Tell whether today's code has every migration of a version."""
    names = git("ls-tree", "--name-only", version, *(f"{app}/migrations/" for app in APPS)).decode().split()
    return bool(names) and all((ROOT / name).exists() for name in names)


@pytest.fixture
def old_code(tmp_path) -> Path:
    """Unpack the old version."""
    archive = git("archive", old_version() or "none")
    if not archive:
        pytest.skip("this checkout has no history")
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(tmp_path / "old", filter="data")
    return tmp_path / "old"


def latest_migrations(code: Path) -> dict[str, str]:
    found = {app: sorted((code / app / "migrations").glob("[0-9]*.py")) for app in APPS}
    return {app: files[-1].stem for app, files in found.items()}


def test_up_and_down_by_one_version_while_workers_run(hosts, town, database, old_code, tmp_path):
    (new,) = hosts(1)
    migrate(new, latest_migrations(old_code))  # what the old version made
    old = host(tmp_path / "oldhost", database.url, town.environ())
    old.code = old_code
    try:
        up_and_down(old, new, town, database, latest_migrations(old_code))
    finally:
        old.die()


def up_and_down(old: Host, new: Host, town, database, targets: dict[str, str]) -> None:
    numbers = [town.pulls.open() for _ in range(2)]
    worker = old.start_worker()
    until(lambda: all(told(town, number) for number in numbers) and mirrored(town), what="the first reports")
    acts = settled(database)

    new.manage("migrate", "--verbosity", "0")  # the old worker runs on
    new.manage("bootstrap")
    newer = new.start_worker()
    goes_on(town, numbers[0], "beside each other")
    assert stop(worker) == 0
    goes_on(town, numbers[1], "the new one alone")
    kept(database, acts)

    migrate(new, targets)  # the new worker runs on
    old.start_worker()
    goes_on(town, numbers[0], "back, beside each other")
    assert stop(newer) == 0
    goes_on(town, numbers[1], "the old one alone")
    kept(database, acts)
    assert doubled(town) == []


def goes_on(town, number: int, what: str) -> None:
    town.pulls.push(number)
    town.commit("master")
    until(lambda: told(town, number) and mirrored(town), what=what)
    end(town, number, "failed")
    command = town.pulls.comment(number, COMMAND)
    until(lambda: answered(town, command), what=f"the answer, {what}")


def migrate(new: Host, targets: dict[str, str]) -> None:
    for app, name in targets.items():
        new.manage("migrate", app, name, "--verbosity", "0")


def settled(database) -> set[str]:
    """Return the keys of the acts that are done."""
    with psycopg.connect(database.url) as connection:
        rows = connection.execute("SELECT key FROM flinkci_dashboard_action WHERE state = 'done'").fetchall()
    return {key for (key,) in rows}


def kept(database, acts: set[str]) -> None:
    assert acts
    assert acts <= settled(database)
