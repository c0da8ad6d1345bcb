"""Actions' past: the commits and nights that Azure built too, and heads of pull requests in their authors' forks."""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from flinkci_dashboard.sandbox.actions.engine import Actions
from flinkci_dashboard.sandbox.actions.workflows import CI, CONNECTOR, DOCS_CHECK, STALE, TRIGGER

FLAKY = 0.015  # share of test jobs that fail for no reason of their commit
MODULE = "Default (Java 17) / Test (module: {})"
BROKEN = (  # branch, job, and how long ago it broke and was repaired; the last one breaks here alone
    ("master", MODULE.format("table"), timedelta(hours=44), timedelta(hours=30)),
    ("master", MODULE.format("misc"), timedelta(hours=6), timedelta()),
    ("master", "Java 21 / Test (module: core)", timedelta(days=4), timedelta()),
    ("master", MODULE.format("python"), timedelta(days=3), timedelta(days=2)),
)
OTHERS = {"apache/flink-connector-kafka": False, "apache/flink-docker": False, "apache/flink-statefun": True}
REFUSED = timedelta(days=5)  # ago: an action that was not allowed, and a day without any job
RETRIED = 0.3  # share of failed runs that somebody runs again
DEMO_PACE = 1 / 80  # how long jobs take from now on, so that one can watch


@dataclass(frozen=True)
class Push:
    """A commit that somebody pushed: to a branch, at night (when it was not pushed but built), or to a fork."""

    at: datetime
    repo: str
    branch: str
    sha: str
    message: str = ""
    nightly: bool = False
    author: str = "ada"


def live_through(actions: Actions, pushes: Iterable[Push], dice: random.Random) -> None:
    """Let runs of the past happen at their times; from now on they happen at the demo's pace."""
    now = actions.clock.now()
    actions.flaky = FLAKY
    for push in sorted(pushes, key=lambda push: push.at):
        ago = now - push.at
        actions.broken = {(branch, job) for branch, job, since, until in BROKEN if until <= ago < since}
        if push.nightly:
            actions.start(push.repo, TRIGGER, "master", push.sha, "schedule", at=push.at)
            actions.nightly(push.repo, push.branch, push.sha, at=push.at + timedelta(minutes=1))
            continue
        refused = push.branch == "master" and REFUSED <= ago < REFUSED + timedelta(hours=8)
        run = actions.start(
            push.repo,
            CI,
            push.branch,
            push.sha,
            actor=push.author,
            message=push.message,
            at=push.at,
            conclusion="startup_failure" if refused else "",
        )
        if run.outcome(now) == "failure" and ago > timedelta(hours=5) and dice.random() < RETRIED:
            actions.rerun(run.id, at=push.at + timedelta(hours=4))
    for day in range(3):
        actions.start("apache/flink", STALE, "master", "0" * 40, "schedule", at=now - timedelta(days=day, hours=2))
    _others(actions, now)
    actions.workflow("apache/flink", DOCS_CHECK)
    actions.workflow("apache/flink", "docs-legacy.yml").state = "disabled_inactivity"
    actions.pace = DEMO_PACE


def _others(actions: Actions, now: datetime) -> None:
    """Let the project have other repositories: one whose workflow runs, one without any, and one that is archived."""
    actions.others |= OTHERS
    for day in range(6):
        at = now - timedelta(days=day, hours=3)
        actions.start("apache/flink-connector-kafka", CONNECTOR, "main", f"{day + 1:040x}", "schedule", at=at)
