"""The ledger of red: for each branch and job of its nightly and push builds, for how long, and since which commit.

A run that was canceled, skipped or lost says nothing: it ends no row of failures and begins none. PURE
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from difflib import SequenceMatcher
from itertools import takewhile
from typing import Any

from agents.builds.grid import BAD, GOOD

NIGHTLY, PUSH = "nightly", "push"
WHOLE = ""  # the key of the build as a whole
NEVER_BEGUN = frozenset({"stale", "action_required"})  # GitHub gave it up, or nobody let it run: it says nothing else
ALIKE = 0.7  # from there on two names are one job that was renamed
PUBLISHING = (
    (re.compile(r"wheel", re.I), "Python wheels"),
    (re.compile(r"binary|binaries", re.I), "snapshot binaries"),
    (re.compile(r"maven|snapshot|deploy|publish", re.I), "Maven snapshots"),
)


@dataclass(frozen=True)
class JobRun:
    """How one job ended in one run."""

    name: str
    state: str
    stage: str = ""


@dataclass(frozen=True)
class Run:
    """One build of a branch, with the jobs of its last attempt by their keys."""

    pk: int
    at: datetime  # when it was queued
    sha: str
    state: str
    jobs: Mapping[str, JobRun] = field(default_factory=dict)
    jobs_known: bool = True  # a build without jobs then had none


@dataclass(frozen=True)
class Streak:
    """Where one job of a branch stands: green, or red since a run, with the last green one before it."""

    key: str
    name: str
    red_runs: int = 0
    red_nights: int = 0  # different days (UTC) among them
    first_red: Run | None = None
    last_green: Run | None = None
    latest: Run | None = None  # the last run that said something
    # It may have broken earlier: no green run is known, or one between green and red said nothing.
    may_be_older: bool = False

    @property
    def publishes(self) -> str:
        """Return what the job publishes, in words; "" for one that only tests."""
        return publishes(self.name) or publishes(self.key)


def publishes(name: str) -> str:
    """Return what a job of this name publishes; "" for one that only tests."""
    return next((what for pattern, what in PUBLISHING if pattern.search(name)), "")


def streaks(runs: Sequence[Run]) -> list[Streak]:
    """Return where the whole and every job of the latest runs stand; `runs` are of one branch and kind, oldest first.

    A job that the latest run with jobs does not have any more is gone, unless it goes on under another name.
    """
    names = renamed(runs)
    histories: dict[str, list[tuple[Run, JobRun | None]]] = defaultdict(list)
    known = {names.get(key, key) for run in runs for key in run.jobs}
    for run in runs:
        jobs = {names.get(key, key): job for key, job in run.jobs.items()}
        for key in known:
            histories[key].append((run, jobs.get(key)))
    present = _present(runs, names)
    whole = _streak(WHOLE, [(run, JobRun("", run.state)) for run in runs])
    return [whole, *(_streak(key, histories[key]) for key in sorted(present))]


def groups(found: Iterable[Any]) -> list[list[Any]]:
    """Put red jobs (values or rows) together that broke in one run after the same green one: most likely one cause."""
    by_cause: dict[tuple[int, int], list[Any]] = defaultdict(list)
    for each in found:
        if each.first_red and each.key != WHOLE:
            by_cause[each.first_red.pk, each.last_green.pk if each.last_green else 0].append(each)
    return [group for _, group in sorted(by_cause.items())]


def renamed(runs: Sequence[Run]) -> dict[str, str]:
    """Return {new key: old key} of jobs that go on under another name: one vanished as one much like it appeared."""
    names: dict[str, str] = {}
    seen: set[str] = set()
    before: Mapping[str, JobRun] = {}
    for run in runs:
        if not run.jobs or run.state not in BAD | GOOD:
            continue
        vanished = {key: job for key, job in before.items() if key not in run.jobs}
        for key in sorted(run.jobs.keys() - seen) if before else ():
            if old := _alike(run.jobs[key], vanished):
                names[key] = names.get(old, old)
                del vanished[old]
        seen |= run.jobs.keys()
        before = run.jobs
    return names


def died_unborn(run: Run | None) -> bool:
    """Tell a run that ended before any job existed, and not because somebody canceled it."""
    return run is not None and run.state in BAD | NEVER_BEGUN and run.jobs_known and not run.jobs


def missing(latest: Run | None, head: str, now: datetime, hours: float) -> bool:
    """Tell whether a nightly is missing: none for too long, though the head moved or the last one was not green."""
    if latest is None or (now - latest.at).total_seconds() <= hours * 3600:
        return False
    return not (latest.state in GOOD and head == latest.sha)


def _streak(key: str, history: Sequence[tuple[Run, JobRun | None]]) -> Streak:
    said = [(run, job) for run, job in history if job and job.state in BAD | GOOD]
    red = list(takewhile(lambda each: each[1].state in BAD, reversed(said)))[::-1]
    before = said[len(said) - len(red) - 1][0] if len(said) > len(red) else None
    first = red[0][0] if red else None
    return Streak(
        key=key,
        name=next((job.name for _, job in reversed(history) if job), ""),
        red_runs=len(red),
        red_nights=len({run.at.date() for run, _ in red}),
        first_red=first,
        last_green=before,
        latest=said[-1][0] if said else None,
        may_be_older=first is not None and (before is None or _gap(history, before, first)),
    )


def _gap(history: Sequence[tuple[Run, JobRun | None]], green: Run, red: Run) -> bool:
    """Tell whether a run between the last green and the first red one said nothing."""
    places = [run.pk for run, _ in history]
    return places.index(red.pk) - places.index(green.pk) > 1


def _present(runs: Sequence[Run], names: Mapping[str, str]) -> set[str]:
    for run in reversed(runs):
        if run.jobs and run.state in BAD | GOOD:
            return {names.get(key, key) for key in run.jobs}
    return set()


def _alike(job: JobRun, others: Mapping[str, JobRun]) -> str | None:
    scores = {
        key: SequenceMatcher(None, job.name, other.name).ratio()
        for key, other in others.items()
        if other.stage == job.stage
    }
    best = max(scores, key=lambda key: scores[key], default=None)
    return best if best is not None and scores[best] >= ALIKE else None
