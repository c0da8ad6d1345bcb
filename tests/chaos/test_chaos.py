"""A short campaign of each kind; `make chaos` runs long ones."""

import pytest

from flinkci_dashboard.sandbox import Sandbox
from tests.chaos.campaign import campaign
from tests.chaos.machine import machine
from tests.chaos.town import Town
from tests.worlds import point_at


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_failed_three_calm_passes_make_the_world_right(
    bootstrapped, settings, monkeypatch, tmp_path, data_dir, seed
):
    with machine() as made, Sandbox(tmp_path / "world") as world:
        point_at(world, settings, monkeypatch)
        town = campaign(world, made, seed, count=12)
    assert not town.violations, "\n".join([*town.violations, *town.story])


def test_what_is_wrong_is_seen(bootstrapped, settings, monkeypatch, tmp_path, data_dir):
    with machine() as made, Sandbox(tmp_path / "world") as world:
        point_at(world, settings, monkeypatch)
        monkeypatch.setattr("tests.chaos.campaign.CALM", 1)
        monkeypatch.setattr("tests.chaos.failures.calm", break_something)
        town = campaign(world, made, 1, count=0)
    kinds = {each.partition(":")[0] for each in town.violations}
    assert {"mirror", "branches", "reports", "truth", "superseded", "commands", "labels"} <= kinds, town.violations


def break_something(town: Town, machine: object) -> None:
    """Do what the bots must have done wrong for the world to be so, and let them see none of it."""
    world, numbers = town.world, town.open_numbers()
    world.commit("master")
    world.delete_branch(f"ci_{numbers[0]}_{town.head(numbers[0])}", "flink-ci/flink")
    world.pulls.delete_comment(world.pulls.reports(numbers[1])[0].id)
    world.pulls.comment(numbers[0], world.pulls.reports(numbers[0])[0].body, "flinkbot")
    world.azure.finish(town.builds(numbers[2])[0].id, "failed")
    world.pulls.push(numbers[3])
    town.commands[world.pulls.comment(numbers[3], "@flinkbot run azure", "li")] = numbers[3]
    for number in numbers:
        world.pulls.by_number[number].labels = []
    world.fault(times=None, status=503)
