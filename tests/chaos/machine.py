"""The clock of the machine that the jobs run on, which may be wrong, beside the world's, which is right."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from unittest.mock import patch

import time_machine

from flinkci_dashboard.clients import jira, notify
from flinkci_dashboard.clients.azure import http as azure
from flinkci_dashboard.clients.git import process as git
from flinkci_dashboard.clients.github import http as github
from flinkci_dashboard.clients.pacing import Pace
from flinkci_dashboard.sandbox import Sandbox

START = datetime(2026, 11, 25, 12, tzinfo=UTC)
TICK = 0.05  # seconds that each request takes
SLEEPERS = (Pace, github.Transport, azure.Transport, jira.Jira)
HASTE = ((jira, "TIMEOUT", (1.0, 1.0)), (azure, "TIMEOUT", 1), (github, "TIMEOUT", 1), (notify, "WAIT", 1.0))


class Machine:
    """Time that moves only when it is told to. `wrong` seconds lie between the machine's clock and the world's."""

    def __init__(self, traveller: time_machine.Traveller) -> None:
        self.traveller = traveller
        self.world: Sandbox | None = None
        self.wrong = 0.0
        self.haste = ExitStack()

    def put_into(self, world: Sandbox) -> None:
        """Let a world's time go with the machine's; each request takes a moment of it."""
        self.world, world.clock.speed = world, 0.0
        note = world.server.note

        def noting(request: object) -> None:
            self.sleep(TICK)
            note(request)  # type: ignore[arg-type]

        world.server.note = noting  # type: ignore[method-assign]

    def sleep(self, seconds: float) -> None:
        """Let time go by."""
        self.traveller.shift(seconds)
        if self.world:
            self.world.clock.advance(seconds=seconds)

    def set_wrong(self, seconds: float) -> None:
        """Set the machine's clock so many seconds before the world's; negative ones are behind."""
        self.traveller.shift(seconds - self.wrong)
        self.wrong = seconds

    def impatient(self) -> None:
        """Wait a second or two for what hangs, and not half a minute."""
        for owner, name, seconds in HASTE:
            self.haste.enter_context(patch.object(owner, name, seconds))
        self.haste.enter_context(patch.dict(git.CONFIG, {"http.lowSpeedTime": "2"}))

    def patient(self) -> None:
        """Wait as long as in earnest."""
        self.haste.close()


@contextmanager
def machine() -> Iterator[Machine]:
    """Stop the time; who sleeps for a service's sake lets it go on."""
    with time_machine.travel(START, tick=False) as traveller:
        made = Machine(traveller)
        with sleeping_by(made.sleep), made.haste:
            yield made


@contextmanager
def sleeping_by(sleep: Callable[[float], None]) -> Iterator[None]:
    """Let who sleeps for a service's sake call another function for it."""
    with ExitStack() as patches:
        for each in SLEEPERS:
            defaults = each.__init__.__defaults__ or ()  # type: ignore[misc]
            awake = tuple(sleep if value is time.sleep else value for value in defaults)
            patches.enter_context(patch.object(each.__init__, "__defaults__", awake))
        yield
