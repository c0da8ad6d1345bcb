"""The days before: builds of the branches with their failures, pull requests, tickets, odd machines."""

import random
from datetime import timedelta

from flinkci_dashboard.sandbox.jira import COMPONENTS
from flinkci_dashboard.sandbox.seed import PUBLISHED, UNPUBLISHED, change
from flinkci_dashboard.sandbox.world import MIRROR, PULLS, SOURCE, Sandbox

DAYS = 12
PUSHES_PER_DAY = 4
OPENED_PER_DAY, CLOSED_PER_DAY = 3, 2
LOGINS = ("ada", "bjoern", "chidi", "dana", "li")
FLAKY = 0.012  # how often a job fails by itself
SICK, FULL, OFFLINE = "AlibabaCI003-agent02", "AlibabaCI005-agent01", ("AlibabaCI007-agent01", "AlibabaCI007-agent02")
LIVE_PACE = 1 / 60  # an hour of a build takes a minute while somebody watches


def write_history(world: Sandbox, dice: random.Random) -> None:
    """Let the last days happen, then set the pace for whoever watches."""
    world.clock.advance(days=-DAYS)
    world.azure.rewind()
    for agent in world.azure.agents.values():
        agent.failing = 0.35 if agent.name == SICK else FLAKY
        agent.full_disk = agent.name == FULL
    shas = world.repositories.git(
        SOURCE, "log", "--format=%H", "--reverse", f"-{DAYS * PUSHES_PER_DAY}", "master"
    ).split()
    for day in range(DAYS):
        _day(world, dice, day, shas)
    for name in OFFLINE:
        world.azure.set_online(name, False)
    world.azure.settle(LIVE_PACE)
    for repo in (MIRROR, PULLS):
        world.azure.watch(repo, world.heads(repo))


def _day(world: Sandbox, dice: random.Random, day: int, shas: list[str]) -> None:
    step = timedelta(days=1) / (PUSHES_PER_DAY + 1)
    for push in range(PUSHES_PER_DAY):
        sha = shas[min(day * PUSHES_PER_DAY + push, len(shas) - 1)]
        world.azure.queue(MIRROR, "master", sha, "individualCI", change(dice).message)
        if push == 1:
            release = f"release-{dice.choice((*PUBLISHED[-2:], UNPUBLISHED))}"
            world.azure.queue(MIRROR, release, world.heads()[release], "individualCI", change(dice).message)
        world.clock.advance(seconds=step.total_seconds())
        world.azure.move()
    numbers = [open_pull(world, dice) for _ in range(OPENED_PER_DAY)]
    for number in dice.sample(numbers, CLOSED_PER_DAY):
        world.pulls.close(number, merge=dice.random() < 0.7)
    world.azure.queue(MIRROR, "master", shas[min((day + 1) * PUSHES_PER_DAY, len(shas)) - 1], "schedule", "Nightly")
    world.clock.advance(seconds=step.total_seconds())
    world.azure.move()


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
