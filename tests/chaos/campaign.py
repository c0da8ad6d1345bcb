"""One campaign: passes in a world that fails, then calm passes, then the judgement."""

import random
import re

from django.test import override_settings

from agents.failures.comments import SWITCH
from flinkci_dashboard.models import Switch
from flinkci_dashboard.sandbox import Sandbox
from tests.chaos import alarms, failures, gate, hooks, invariants, passes, workflows
from tests.chaos.machine import Machine
from tests.chaos.people import happen
from tests.chaos.town import Town, found

CALM = 3  # passes of each job that make the world right
BETWEEN = 65 * 60.0  # seconds before each of those: longer than anything waits after a failure
KILLS, ABORTS = 0.1, 0.15  # shares of passes
READING = re.compile("upload-pack|/search")  # what is asked for by POST
WRITES = ("POST", "PATCH", "PUT", "DELETE")


def campaign(world: Sandbox, machine: Machine, seed: int, count: int, kill: bool = False) -> Town:
    """Run so many passes with the dice of a seed; what is wrong afterwards is in the town's violations.

    With every third seed the trust gate is on, with every sixth for build files, too.
    """
    dice = random.Random(seed)  # noqa: S311
    machine.put_into(world)
    with override_settings(ALERT_PRIVATE_ADDRESSES=True, **hooks.SETTINGS):
        town = found(world, dice, gated=seed % 3 == 0)
        _set_up(town, seed)
        for name in passes.JOBS:
            passes.run(town, name)
        for _ in range(count):
            machine.sleep(dice.uniform(5, 90))
            for _ in range(dice.choice((0, 1, 1, 2))):
                happen(town)
            _one_pass(town, machine, kill)
        _settle(town, machine)
    return town


def _set_up(town: Town, seed: int) -> None:
    gate.set_up(town, files=seed % 6 == 0)
    alarms.set_up(town)
    workflows.watch(town)
    Switch.objects.filter(name=SWITCH).update(on=True)


def _one_pass(town: Town, machine: Machine, kill: bool) -> None:
    name = town.dice.choices(passes.JOBS, passes.WEIGHTS)[0]
    before = invariants.branches_of(town)
    failures.fail(town, machine)
    fate = town.dice.random()
    if kill and fate < KILLS:
        passes.run_killed(town, name, machine.wrong)
    elif fate < KILLS + ABORTS:
        passes.run_aborted(town, name)
    else:
        passes.run(town, name)
    failures.recover(town, machine)
    town.passes["passes"] += 1
    _see_what_was_done(town, before)


def _see_what_was_done(town: Town, before: dict[int, set[str]]) -> None:
    after = invariants.branches_of(town)
    for number in town.open_numbers():
        if town.head(number) in before.get(number, set()) - after.get(number, set()):
            town.violate(invariants.KEPT, f"the branch of #{number}'s live head was deleted")
    for wrong in gate.strangers_wait(town, after):
        town.violate(invariants.name_of(gate.strangers_wait), wrong)


def _settle(town: Town, machine: Machine) -> None:
    """Let everything work again, and see what comes of it; the pass after the last one has nothing to do."""
    failures.calm(town, machine)
    for _ in range(CALM):
        machine.sleep(BETWEEN)
        for name in passes.JOBS:
            passes.run(town, name)
    for rule, wrong in invariants.check(town):
        town.violate(rule, wrong)
    mark = town.world.log_mark()
    machine.sleep(60)
    for name in passes.JOBS:
        passes.run(town, name)
    for asked in town.world.since(mark):
        if asked.method in WRITES and not READING.search(asked.path):
            town.violate(invariants.REST, f"a settled world was written to: {asked}")
