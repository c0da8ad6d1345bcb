"""The guide in docs/take-over.md, step by step, beside an imitation of the old bots: forth, and back."""

import json

import pytest

from flinkci_dashboard.sandbox import MIRROR
from tests.old_bots import OldBots
from tests.rehearsal.hosts import Host, host
from tests.rehearsal.town import doubled, mirrored, told

JOBS = ("sync_mirrors", "sync_pulls", "poll_builds", "label_pulls")
AGREED = """
import json; from datetime import timedelta; from django.utils import timezone
from flinkci_dashboard.comparison import agreements
print(json.dumps({each.title: each.share for each in agreements(timezone.now() + timedelta(hours=1))}))
"""
MIRRORS = "sync_mirrors=active"
PULLS = "sync_mirrors=active,sync_pulls=active"


@pytest.fixture
def only(tmp_path, town) -> Host:
    """Install, as the guide's first step has it."""
    made = host(tmp_path / "host", f"sqlite:///{tmp_path / 'flinkci.sqlite3'}", town.environ())
    made.environment["SYNC_MODE"] = "observe"
    made.manage("migrate", "--verbosity", "0")
    made.manage("bootstrap")
    return made


def passes(only: Host, mode: str = "observe", times: int = 2) -> None:
    only.environment["SYNC_MODE"] = mode
    for _ in range(times):
        for job in JOBS:
            done = only.manage(job)
            assert json.loads(done.stdout.splitlines()[-1])["outcome"] == "ok", done.stderr


def shares(only: Host) -> dict[str, float | None]:
    return json.loads(only.manage("shell", "-v", "0", "-c", AGREED).stdout.splitlines()[-1])


def written(town, mark: int) -> list[str]:
    """Return what was written to the outside since a mark; git asks by POST."""
    asked = (each for each in town.since(mark) if each.method in ("POST", "PATCH", "PUT", "DELETE"))
    return [str(each) for each in asked if "upload-pack" not in each.path and "/search" not in each.path]


def test_step_by_step_and_back(only, town):
    town.jira.create("FLINK-1", ["Runtime / REST"])
    numbers = [town.pulls.open("[FLINK-1][rest] Change", login="ada") for _ in range(2)]
    bots = OldBots(town)
    bots.turn()
    bots.turn()

    # 1. and 2. Look, and compare
    mark = town.log_mark()
    passes(only)
    assert written(town, mark) == []
    assert {each for each in shares(only).values() if each is not None} == {100.0}
    town.pulls.push(numbers[0])
    passes(only, times=1)
    assert min(each for each in shares(only).values() if each is not None) < 100  # ci-bot has not come by yet
    bots.turn()
    bots.turn()
    passes(only)
    assert {each for each in shares(only).values() if each is not None} == {100.0}

    # 3. One after the other
    town.commit("master")
    passes(only, MIRRORS)
    assert mirrored(town)
    town.pulls.push(numbers[1])
    passes(only, MIRRORS)
    assert not told(town, numbers[1])
    passes(only, PULLS, times=3)
    assert all(told(town, number) for number in numbers)
    town.jira.create("FLINK-2", ["Tests"])
    third = town.pulls.open("[FLINK-2][tests] Change", login="ada")
    passes(only, "active", times=3)
    assert town.pulls.by_number[third].labels == ["component=Tests"]
    assert {each for each in shares(only).values() if each is not None} == {100.0}

    # Going back: the old bots go on where we stop
    mark = town.log_mark()
    only.environment["SYNC_MODE"] = "observe"
    head = town.commit("master")
    town.pulls.push(third)
    bots.turn()
    bots.turn()
    theirs = town.log_mark()
    passes(only)
    assert written(town, theirs) == []
    assert written(town, mark)
    assert town.heads(MIRROR)["master"] == head
    assert told(town, third)
    assert doubled(town) == []
    assert {each for each in shares(only).values() if each is not None} == {100.0}
