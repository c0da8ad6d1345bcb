"""Azure's past: many days of builds on both hosts; a machine that fails often, one that is full, one that is off."""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from flinkci_dashboard.sandbox.azure.causes import Break
from flinkci_dashboard.sandbox.azure.engine import Azure
from flinkci_dashboard.sandbox.azure.state import COMPLETED, Build

SICK, SICK_SHARE = "AlibabaCI005-agent02", 0.4
FULL, FULL_FOR = "AlibabaCI003-agent01", timedelta(hours=30)
OFF, OFF_FOR = tuple(f"AlibabaCI006-agent{number:02}" for number in range(1, 5)), timedelta(hours=5)  # one machine
DISABLED = "AlibabaCI001-agent04"
FLAKY = 0.015  # share of test jobs that fail for no reason of their commit
BROKEN = (  # branch, job, and how long ago it broke and was repaired
    ("master", "test_ci.table", timedelta(hours=44), timedelta(hours=30)),
    ("master", "test_ci.misc", timedelta(hours=6), timedelta()),
    ("master", "test_cron_jdk21.core", timedelta(days=4), timedelta()),
    ("release-2.2", "test_ci.python", timedelta(days=5), timedelta(days=2)),
)
RETRIED = 0.4  # share of failed builds of pull requests that somebody runs again
DEMO_PACE = 1 / 80  # how long jobs take from now on, so that one can watch: a minute or so


@dataclass(frozen=True)
class Start:
    """A build that was queued at some time in the past."""

    at: datetime
    repo: str
    branch: str
    version: str
    reason: str = "individualCI"
    message: str = ""
    breaks: tuple[Break, ...] = ()  # what its commit makes fail
    replaces: str = ""  # the branch of the commit before, whose builds are of no use any more


def live_through(azure: Azure, starts: Iterable[Start], dice: random.Random) -> None:
    """Let builds of the past happen at their times; from now on they happen at the demo's pace."""
    retried: set[int] = set()
    with azure.lock:
        now = azure.clock.now()
        azure.lively, azure.flaky = True, FLAKY
        azure.agent(SICK).failing = SICK_SHARE
        azure.agent(DISABLED).enabled = False
        for start in sorted(starts, key=lambda start: start.at):
            azure.go_back(start.at)
            _happen_to_machines(azure, now - start.at)
            _cancel(azure, start.replaces)
            _retry(azure, dice, retried)
            build = azure.queue(start.repo, start.branch, start.version, start.reason, start.message)
            build.breaks = start.breaks
        azure.return_to_present()
        _happen_to_machines(azure, timedelta())
        azure.hurry(DEMO_PACE)
    azure.trigger_delay, azure.cancel_delay = timedelta(seconds=4), timedelta(seconds=8)


def _happen_to_machines(azure: Azure, ago: timedelta) -> None:
    azure.agent(FULL).full_disk = ago < FULL_FOR
    for name in OFF if ago < OFF_FOR else ():
        if azure.agent(name).online:
            azure.set_online(name, False)
    azure.broken = {(branch, job) for branch, job, since, until in BROKEN if until <= ago < since}


def _cancel(azure: Azure, branch: str) -> None:
    for build in azure.of(branch) if branch else ():
        if build.status != COMPLETED:
            azure.cancel(build.id)


def _retry(azure: Azure, dice: random.Random, seen: set[int]) -> None:
    """Let some of the builds that have failed since the last time be run again."""
    for build in list(azure.builds.values())[-40:]:
        if _has_failed(build) and build.id not in seen:
            seen.add(build.id)
            if dice.random() < RETRIED:
                azure.retry(build.id)


def _has_failed(build: Build) -> bool:
    return build.result == "failed" and build.branch.startswith("ci_")
