"""An old backup is put back: nothing is done twice outside, and it catches up."""

import json
import sqlite3
from contextlib import closing

import pytest

from tests.pulls import end
from tests.rehearsal.hosts import Host, host
from tests.rehearsal.town import COMMAND, answered, doubled, mirrored, told

JOBS = ("sync_mirrors", "sync_pulls", "poll_builds", "label_pulls")


@pytest.fixture
def only(tmp_path, town) -> Host:
    """Set up a host over SQLite."""
    made = host(tmp_path / "host", f"sqlite:///{tmp_path / 'flinkci.sqlite3'}", town.environ())
    made.manage("migrate", "--verbosity", "0")
    made.manage("bootstrap")
    return made


def passes(only: Host, times: int = 3) -> None:
    for _ in range(times):
        for job in JOBS:
            done = only.manage(job)
            assert json.loads(done.stdout.splitlines()[-1])["outcome"] == "ok", done.stderr


def test_nothing_is_done_twice_after_a_restore(only, town, tmp_path):
    database, backup = tmp_path / "flinkci.sqlite3", tmp_path / "backup.sqlite3"
    numbers = [town.pulls.open() for _ in range(3)]
    passes(only)
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(backup)) as target:
        source.backup(target)

    town.pulls.push(numbers[0])  # what the backup does not know: heads, commands, a new one, a closed one
    end(town, numbers[1], "failed")
    command = town.pulls.comment(numbers[1], COMMAND)
    new = town.pulls.open()
    town.pulls.close(numbers[2])
    town.commit("master")
    passes(only)
    assert answered(town, command)
    before = {number: texts(town, number) for number in town.pulls.by_number}

    with closing(sqlite3.connect(backup)) as source, closing(sqlite3.connect(database)) as target:
        source.backup(target)
    only.manage("migrate", "--verbosity", "0")
    passes(only)
    assert doubled(town) == []
    assert {number: texts(town, number) for number in town.pulls.by_number} == before
    assert all(told(town, number) for number in (numbers[0], numbers[1], new))
    town.pulls.push(numbers[0])
    town.commit("master")
    passes(only)
    assert told(town, numbers[0])
    assert mirrored(town)


def texts(town, number: int) -> list[str]:
    return [each.body for each in town.pulls.comments.values() if each.number == number]


def test_bootstrap_twice_changes_nothing(only, tmp_path):
    before = dump(tmp_path / "flinkci.sqlite3")
    only.manage("bootstrap")
    assert dump(tmp_path / "flinkci.sqlite3") == before


def dump(database) -> list[str]:
    with closing(sqlite3.connect(database)) as connection:
        return list(connection.iterdump())
