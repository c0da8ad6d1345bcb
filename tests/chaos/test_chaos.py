"""A short campaign of each kind; `make chaos` runs long ones."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from django.conf import settings as current
from django.db import connection

from flinkci_dashboard.jobs.locks import exclusive
from flinkci_dashboard.models import Action
from flinkci_dashboard.sandbox import SOURCE, Sandbox
from tests.chaos import gate, invariants, tables
from tests.chaos.campaign import campaign
from tests.chaos.machine import machine
from tests.chaos.town import MEMBER, STRANGERS, Town
from tests.worlds import point_at


def test_whatever_failed_three_calm_passes_make_the_world_right(
    bootstrapped, settings, monkeypatch, tmp_path, data_dir
):
    seed = 1 if connection.vendor == "sqlite" else 3  # each takes ten seconds
    with machine() as made, Sandbox(tmp_path / "world") as world:
        point_at(world, settings, monkeypatch)
        town = campaign(world, made, seed, count=12)
    assert not town.violations, "\n".join([*town.violations, *town.story])


@pytest.fixture
def left() -> Iterator[ExitStack]:
    """Hold what a campaign leaves behind."""
    with ExitStack() as held:
        yield held


def test_what_is_wrong_is_seen(bootstrapped, settings, monkeypatch, tmp_path, data_dir, left):
    with machine() as made, Sandbox(tmp_path / "world") as world:
        point_at(world, settings, monkeypatch)
        monkeypatch.setattr("tests.chaos.campaign.CALM", 1)
        monkeypatch.setattr("tests.chaos.processes.PATIENCE", 0.2)
        monkeypatch.setattr("tests.chaos.failures.calm", lambda town, machine: break_everything(town, left))
        town = campaign(world, made, 1, count=0)
        seen = {each.partition(":")[0] for each in town.violations}
        town.gated, stranger = True, world.pulls.open(login=STRANGERS[0])
        assert list(gate.strangers_wait(town, {stranger: {town.head(stranger)}}))
    expected = {invariants.name_of(rule) for rule in invariants.RULES} - {"nothing forced", "builds", "alerts told"}
    assert expected <= seen, expected - seen


def break_everything(town: Town, left: ExitStack) -> None:
    """Do what the bots must have done wrong for the world to be so, and let them see none of it."""
    world, numbers = town.world, town.open_numbers()
    world.commit("master")
    world.delete_branch(f"ci_{numbers[0]}_{town.head(numbers[0])}", "flink-ci/flink")
    world.pulls.delete_comment(world.pulls.reports(numbers[1])[0].id)
    world.pulls.comment(numbers[0], world.pulls.reports(numbers[0])[0].body, "flinkbot")
    world.azure.finish(town.builds(numbers[0])[0].id, "failed")
    world.pulls.push(numbers[1])
    town.reruns[numbers[0]] = 99
    speak(town, numbers[0])
    for number in numbers:
        world.pulls.by_number[number].labels = []
    run = world.actions.start(SOURCE, "ci.yml", "master", world.heads()["master"])
    town.repeats[run.id] = 1
    town.refused["github"] += 1
    Action.objects.create(key="a", kind="a", subject="a", state=Action.State.PENDING, job="prune", payload={})
    left.enter_context(exclusive("prune"))
    git = left.enter_context(subprocess.Popen(["git", "hash-object", "--stdin"], stdin=-1, cwd=current.DATA_DIR))
    left.callback(git.kill)
    world.fault(times=None, status=503)


def speak(town: Town, number: int) -> None:
    """Say what nobody answers, and answer twice what nobody has said."""
    pulls = town.world.pulls
    town.commands[pulls.comment(number, "@flinkbot run azure", "li")] = number
    town.unknown[pulls.comment(number, "@flinkbot run travis", "li")] = number
    town.approvals[pulls.comment(number, "@flinkbot trust", MEMBER)] = (number, MEMBER, "")
    for _ in range(2):
        pulls.comment(number, "<!-- answer to 5 -->\nNo.", "flinkbot")
        town.world.jira.comment("FLINK-1", "Reported by the CI dashboard for FLINK-1 on 2026-11-25.")


def test_a_page_keeps_what_the_other_database_has_told(tmp_path):
    page = tmp_path / "chaos.md"
    found = {"seed": 7, "passes": {"passes": 5}, "failures": {"reset": 2}, "events": {}, "violations": []}
    for database, wrong in (("SQLite", ["labels: none"]), ("PostgreSQL", []), ("SQLite", ["labels: one", "rest: two"])):
        result = found | {"violations": wrong}
        tables.put(page, tables.told([result], {"labels": "They are right."}, database, 5))
    text = page.read_text()
    assert [line for line in text.splitlines() if line.startswith("## ")] == ["## SQLite", "## PostgreSQL"]
    assert "| labels: They are right. | 1 |" in text and "7: rest: two" in text and "none" not in text
    assert "**0 violations**" in text and "| reset | 2 |" in text
