"""What tests of alerts share: a sink, a channel that leads to it, and something that can be broken."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.utils import timezone

from flinkci_dashboard.jobs.run import run_pass
from flinkci_dashboard.models import Channel, JobRun, Worker
from sync.models import Mirror, MirrorBranch
from tests.sink import Sink, make_channel


@pytest.fixture
def sink() -> Iterator[Sink]:
    """Take messages."""
    with Sink() as taking:
        yield taking


@pytest.fixture
def channel(clock, settings, sink) -> Channel:
    """Return a channel for everything, that leads to the sink."""
    return make_channel(settings, sink)


class Clock:
    """A clock that a test moves, with a worker that goes on reporting while it does."""

    def __init__(self, traveller: time_machine.Traveller) -> None:
        self.traveller = traveller

    def pass_(self, seconds: float) -> None:
        """Let time go by."""
        self.traveller.shift(timedelta(seconds=seconds))

    def run(self, after: float = 0, trigger: str = "schedule") -> JobRun:
        """Let time go by, then run a pass of the alerts."""
        self.pass_(after)
        run = run_pass("send_alerts", trigger)
        assert run is not None
        return run


@pytest.fixture
def clock(bootstrapped, data_dir) -> Iterator[Clock]:
    """Stop the clock at a noon; a test moves it."""
    with time_machine.travel(datetime.fromisoformat("2026-11-25T12:00:00+00:00"), tick=False) as traveller:
        yield Clock(traveller)


@pytest.fixture
def branch(clock) -> MirrorBranch:
    """Return a branch of the mirror that is in step."""
    facts = {"state": "in_sync", "source_sha": "a" * 40, "target_sha": "a" * 40, "source_seen_at": timezone.now()}
    return MirrorBranch.objects.create(mirror=Mirror.objects.get(), name="master", **facts)


@pytest.fixture
def break_branch(branch) -> Callable[[], None]:
    """Let the branch diverge."""
    return lambda: MirrorBranch.objects.filter(pk=branch.pk).update(state="diverged", state_since=timezone.now())


@pytest.fixture
def mend_branch(branch) -> Callable[[], None]:
    """Bring it in step again."""
    return lambda: MirrorBranch.objects.filter(pk=branch.pk).update(state="in_sync", state_since=timezone.now())


@pytest.fixture
def worker(clock) -> Worker:
    """Let a worker report now."""
    call_command("bootstrap", verbosity=0)
    return Worker.objects.create(host="here", pid=1, started_at=timezone.now(), seen_at=timezone.now())
