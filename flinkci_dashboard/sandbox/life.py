"""The demo's world lives: things keep happening, at a pace that one can watch."""

import random
import threading
from collections.abc import Callable

from flinkci_dashboard.sandbox.history import LOGINS, open_pull
from flinkci_dashboard.sandbox.jira import COMPONENTS
from flinkci_dashboard.sandbox.seed import PUBLISHED, UNPUBLISHED, commit
from flinkci_dashboard.sandbox.world import Sandbox

PAUSE = (6.0, 14.0)  # seconds between two events
MOST_OPEN = 24


def live(world: Sandbox, ended: threading.Event, dice: random.Random | None = None) -> None:
    """Let things happen until `ended` is set."""
    dice = dice or random.Random()  # noqa: S311
    while not ended.wait(dice.uniform(*PAUSE)):
        happen(world, dice)


def happen(world: Sandbox, dice: random.Random) -> None:
    """Let one thing happen."""
    events, weights = zip(*EVENTS, strict=True)
    dice.choices(events, weights)[0](world, dice)


def _commit(world: Sandbox, dice: random.Random) -> None:
    branch = "master" if dice.random() < 0.7 else f"release-{dice.choice((*PUBLISHED[-2:], UNPUBLISHED))}"
    commit(world, branch, dice)


def _open(world: Sandbox, dice: random.Random) -> None:
    if len(_open_numbers(world)) < MOST_OPEN:
        open_pull(world, dice)


def _push(world: Sandbox, dice: random.Random) -> None:
    world.pulls.push(dice.choice(_open_numbers(world)), force=dice.random() < 0.3)


def _command(world: Sandbox, dice: random.Random) -> None:
    text = dice.choice(("@flinkbot run azure", "Flaky again.\n\n@flinkbot run azure", "@flinkbot run travis"))
    world.pulls.comment(dice.choice(_open_numbers(world)), text, dice.choice(LOGINS))


def _talk(world: Sandbox, dice: random.Random) -> None:
    text = dice.choice(("Thanks, left a few comments.", "> @flinkbot run azure\n\nNo need, it is green.", "LGTM"))
    world.pulls.comment(dice.choice(_open_numbers(world)), text, dice.choice(LOGINS))


def _close(world: Sandbox, dice: random.Random) -> None:
    numbers = _open_numbers(world)
    if len(numbers) > MOST_OPEN // 3:
        number = dice.choice(numbers)
        if dice.random() < 0.7:
            world.pulls.merge(number)
        else:
            world.pulls.close(number)


def _ticket(world: Sandbox, dice: random.Random) -> None:
    ticket = dice.choice(list(world.jira.by_id.values()))
    world.jira.edit(ticket.key, components=dice.sample(COMPONENTS, 1))


def _label(world: Sandbox, dice: random.Random) -> None:
    number = dice.choice(_open_numbers(world))
    ours = [name for name in world.pulls.by_number[number].labels if name.startswith("component=")]
    if ours and dice.random() < 0.4:
        world.pulls.remove_label(number, ours[0])  # the labels page calls it drift
    else:
        world.pulls.add_labels(number, ["review=description?"])


def _machine(world: Sandbox, dice: random.Random) -> None:
    name = f"AlibabaCI007-agent{dice.randint(1, 4):02}"
    world.azure.set_online(name, not world.azure.agent(name).online)


def _open_numbers(world: Sandbox) -> list[int]:
    return [pull.number for pull in list(world.pulls.by_number.values()) if pull.state == "open"]


Event = Callable[[Sandbox, random.Random], None]
EVENTS: tuple[tuple[Event, float], ...] = (
    (_commit, 6),
    (_open, 3),
    (_push, 3),
    (_command, 3),
    (_talk, 2),
    (_close, 2),
    (_ticket, 2),
    (_label, 1),
    (_machine, 0.5),
)
