"""Passes of the jobs: whole ones, and such that are killed on their way."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from flinkci_dashboard.jobs import table
from flinkci_dashboard.jobs.run import ConfigurationError, run_pass
from tests.chaos.town import Town

OFTEN = {"sync_pulls": 5.0, "sync_mirrors": 2.0, "label_pulls": 2.0, "poll_builds": 2.0, "poll_agents": 1.0}
JOBS = (*OFTEN, *(name for name in table.JOBS if name not in OFTEN))
WEIGHTS = [OFTEN.get(name, 0.15) for name in JOBS]
LATEST = 18  # a pass is killed at one of its first so many requests
PATIENCE = 120  # seconds for a pass of another process


class KilledError(BaseException):
    """The process is gone."""


def run(town: Town, name: str) -> None:
    """Run one pass; what it raises, other than about the configuration, is a violation."""
    mark = town.world.log_mark()
    try:
        done = run_pass(name, "command")
        town.tell(f"{name}: {done and done.outcome} {done and done.error!r} {done and done.counts}")
    except ConfigurationError as error:
        town.tell(f"{name}: {error}")
    except Exception as error:  # noqa: BLE001 (whatever it is)
        town.violate(f"{name} raises {type(error).__name__}: {error}")
    finally:
        town.story += [f"    {asked}" for asked in town.world.since(mark) if asked.method != "GET"]


def run_aborted(town: Town, name: str) -> None:
    """End a pass at one of its requests, before or after that has its effect."""
    thread = threading.get_ident()
    _at_some_request(
        town, lambda: ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(KilledError))
    )
    try:
        run(town, name)
        for _ in range(100):  # what was thrown at the very end arrives here
            pass
    except KilledError:
        town.events["aborted"] += 1
        town.tell(f"{name}: aborted")


def run_killed(town: Town, name: str, wrong: float) -> None:
    """Run a pass in a process of its own, and kill that at one of its requests."""
    command = [sys.executable, "-m", "tests.chaos.child", name, str(town.world.clock.now().timestamp() + wrong)]
    environment = dict(os.environ) | town.world.environ() | {"SYNC_MODE": "active", "PYTEST_XDIST_WORKER": "child"}
    child = subprocess.Popen(
        command,
        env=environment,
        cwd=Path(__file__).parents[2],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    _at_some_request(town, lambda: os.killpg(child.pid, signal.SIGKILL))
    try:
        child.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        town.violate(f"{name} does not end in a process of its own")
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    town.tell(f"{name} in a process of its own: {child.returncode}")
    town.events["killed" if child.returncode == -signal.SIGKILL else "other process"] += 1


def _at_some_request(town: Town, act) -> None:
    """Let something happen once at a request of the pass that follows; its answer is lost."""
    skip = town.dice.randrange(LATEST)
    if town.dice.random() < 0.5:
        fault = town.world.fault(skip=skip, before=act, reset=True)
    else:
        fault = town.world.fault(skip=skip, acted=True, after=act, reset=True)
    faults = town.world.server.faults
    faults.insert(0, faults.pop(faults.index(fault)))
