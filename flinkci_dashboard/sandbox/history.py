"""The days before: pull requests opened, merged and closed, and their tickets."""

import random

from flinkci_dashboard.sandbox.jira import COMPONENTS
from flinkci_dashboard.sandbox.seed import PUBLISHED, change
from flinkci_dashboard.sandbox.world import Sandbox

DAYS = 12
OPENED_PER_DAY, CLOSED_PER_DAY = 3, 2
LOGINS = ("ada", "bjoern", "chidi", "dana", "li")


def write_history(world: Sandbox, dice: random.Random) -> None:
    """Let the last days' pull requests happen."""
    world.clock.advance(days=-DAYS)
    world.pulls.rewind()
    for _ in range(DAYS):
        numbers = [open_pull(world, dice) for _ in range(OPENED_PER_DAY)]
        for number in dice.sample(numbers, CLOSED_PER_DAY):
            world.pulls.close(number, merge=dice.random() < 0.7)
        world.clock.advance(days=1)


def open_pull(world: Sandbox, dice: random.Random) -> int:
    """Open a pull request about a ticket of its own, at times a hotfix without one; returns its number."""
    subject = change(dice).message.partition("\n")[0]
    key = subject[1:].partition("]")[0]
    if key.startswith("FLINK-") and not world.jira.find(key):
        components = dice.sample(COMPONENTS, dice.choice((1, 1, 2)))
        world.jira.create(key, components, subject.rpartition("]")[2].strip(), "In Progress", dice.choice(LOGINS))
    base = "master" if dice.random() < 0.85 else f"release-{PUBLISHED[-1]}"
    title = subject if base == "master" else f"[BP-{PUBLISHED[-1]}]{subject}"
    path = f"flink-runtime/src/main/java/Pull{dice.randrange(10_000)}.java"
    files = {path: f"// {dice.random()}\n"}
    if dice.random() < 0.06:
        files[".github/workflows/nightly.yml"] = f"# {dice.random()}\n"
    return world.pulls.open(title, dice.choice(LOGINS), base, files, draft=dice.random() < 0.1)
