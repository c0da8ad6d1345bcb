"""The clock of the machine that the jobs run on, which may be wrong, beside the world's, which is right."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from unittest.mock import patch

import time_machine

from flinkci_dashboard.clients.azure.http import Transport as AzureTransport
from flinkci_dashboard.clients.github.http import Transport as GitHubTransport
from flinkci_dashboard.clients.jira import Jira
from flinkci_dashboard.clients.pacing import Pace
from flinkci_dashboard.sandbox import Sandbox

START = datetime(2026, 11, 25, 12, tzinfo=UTC)
TICK = 0.05  # seconds that each request takes
SLEEPERS = (Pace, GitHubTransport, AzureTransport, Jira)


class Machine:
    """Time that moves only when it is told to. `wrong` seconds lie between the machine's clock and the world's."""

    def __init__(self, traveller: time_machine.Traveller) -> None:
        self.traveller = traveller
        self.world: Sandbox | None = None
        self.wrong = 0.0

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


@contextmanager
def machine() -> Iterator[Machine]:
    """Stop the time; who sleeps for a service's sake lets it go on."""
    with time_machine.travel(START, tick=False) as traveller:
        made = Machine(traveller)
        patches = [patch.object(each.__init__, "__defaults__", _awake(each, made)) for each in SLEEPERS]
        for each in patches:
            each.start()
        try:
            yield made
        finally:
            for each in patches:
                each.stop()


def _awake(sleeper: type, made: Machine) -> tuple:
    defaults = sleeper.__init__.__defaults__ or ()  # type: ignore[misc]
    return tuple(made.sleep if value is time.sleep else value for value in defaults)
