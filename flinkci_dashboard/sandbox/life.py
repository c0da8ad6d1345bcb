"""The demo's world lives: things keep happening, at a pace that one can watch."""

import random
import threading

from flinkci_dashboard.sandbox.seed import PUBLISHED, UNPUBLISHED, commit
from flinkci_dashboard.sandbox.world import Sandbox

PAUSE = (8.0, 20.0)  # seconds between two events


def live(world: Sandbox, ended: threading.Event, dice: random.Random | None = None) -> None:
    """Let things happen until `ended` is set."""
    dice = dice or random.Random()  # noqa: S311
    while not ended.wait(dice.uniform(*PAUSE)):
        happen(world, dice)


def happen(world: Sandbox, dice: random.Random) -> None:
    """Let one thing happen: mostly a commit on master, at times one on a release branch."""
    branch = "master" if dice.random() < 0.7 else f"release-{dice.choice((*PUBLISHED[-2:], UNPUBLISHED))}"
    commit(world, branch, dice)
