"""Passes of the jobs: whole ones, and such that are killed on their way."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

from flinkci_dashboard.jobs import table
from flinkci_dashboard.jobs.run import ConfigurationError, run_pass
from tests.chaos.town import Town

OFTEN = {"sync_pulls": 5.0, "sync_mirrors": 2.0, "poll_builds": 2.0, "label_pulls": 1.5, "send_alerts": 1.5}
OFTEN |= {"poll_actions": 1.0, "match_failures": 0.7, "poll_agents": 0.5, "prune": 0.3}
JOBS = (*OFTEN, *(name for name in table.JOBS if name not in OFTEN))
WEIGHTS = [OFTEN.get(name, 0.2) for name in JOBS]
LATEST = 18  # a pass is killed at one of its first so many requests,
QUERIES = 7  # or of its first 2 ** so many queries
PATIENCE = 600  # seconds for a pass of another process, on a busy machine too


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
        town.violate("no crash", f"{name} raises {type(error).__name__}: {error}")
    finally:
        town.story += [f"    {asked}" for asked in town.world.since(mark) if asked.method != "GET"]


def run_aborted(town: Town, name: str) -> None:
    """End a pass at one of its requests, before or after that has its effect, as a task's time-out does."""
    thread = threading.get_ident()
    raising = ctypes.pythonapi.PyThreadState_SetAsyncExc
    _at_some_request(town, lambda: raising(ctypes.c_ulong(thread), ctypes.py_object(KilledError)))
    try:
        run(town, name)
        for _ in range(100):  # what was thrown at the very end arrives here
            pass
    except KilledError:
        town.cut(name, "aborted")
        town.tell(f"{name}: aborted")


def run_killed(town: Town, name: str, wrong: float) -> None:
    """Run a pass in a process of its own, and kill that at one of its requests or queries: itself, or its group."""
    command = [sys.executable, "-m", "tests.chaos.child", name, str(town.world.clock.now().timestamp() + wrong)]
    by_query = town.dice.random() < 0.5
    if by_query:
        command += [str(int(2 ** town.dice.uniform(0, QUERIES))), town.dice.choice(("before", "after"))]
    child = subprocess.Popen(
        command,
        env=_environment(town),
        cwd=Path(__file__).parents[2],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    if not by_query:
        _at_some_request(town, partial(town.dice.choice((os.kill, os.killpg)), child.pid, signal.SIGKILL))
    try:
        child.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        town.violate("no crash", f"{name} does not end in a process of its own")
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    town.tell(f"{name} in a process of its own: {child.returncode} {command[5:]}")
    town.cut(name, "killed" if child.returncode == -signal.SIGKILL else "other process")


def _environment(town: Town) -> dict[str, str]:
    """Return the world as this process sees it: its tokens may be none that the world knows."""
    places = {name: value for name, value in town.world.environ().items() if not name.endswith("_TOKEN")}
    settings = {"SYNC_MODE": "active", "ALERT_PRIVATE_ADDRESSES": "1", "PYTEST_XDIST_WORKER": "child"}
    return dict(os.environ) | places | settings


def _at_some_request(town: Town, act: Callable[[], object]) -> None:
    """Let something happen once at a request of the pass that follows; its answer is lost."""
    skip = town.dice.randrange(LATEST)
    if town.dice.random() < 0.5:
        fault = town.world.fault(skip=skip, before=act, reset=True)
    else:
        fault = town.world.fault(skip=skip, acted=True, after=act, reset=True)
    faults = town.world.server.faults
    faults.insert(0, faults.pop(faults.index(fault)))
