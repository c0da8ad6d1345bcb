"""The last passes of a job as a row of bars."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from flinkci_dashboard.models import JobRun

SHOWN = 40
STEP = 5  # from one bar to the next, in units of the drawing
WIDTH = SHOWN * STEP
HEIGHT = 22
LOWEST = 5  # what a pass of no length still shows
KINDS = {"running": "info", "ok": "good", "partial": "warn", "failed": "bad"}


@dataclass(frozen=True)
class Bar:
    """One pass: its place, its height and its tone, and what it did."""

    x: int
    height: int
    kind: str  # good, idle, warn, bad, info
    at: datetime
    outcome: str
    seconds: float
    counts: dict[str, int]


def recent(job: str) -> list[JobRun]:
    """Return the last passes of a job, the newest first."""
    return list(JobRun.objects.filter(job=job)[:SHOWN])


def bars(runs: Iterable[JobRun]) -> list[Bar]:
    """Lay out passes (the newest first) from right to left; the longest is the highest."""
    runs = list(runs)[:SHOWN]
    longest = max((run.seconds for run in runs), default=0) or 1
    return [
        Bar(
            x=WIDTH - STEP * (place + 1),
            height=max(LOWEST, round(HEIGHT * run.seconds / longest)),
            kind="idle" if run.outcome == JobRun.Outcome.OK and not run.did_something else KINDS[run.outcome],
            at=run.started_at,
            outcome=run.outcome,
            seconds=run.seconds,
            counts=run.counts,
        )
        for place, run in enumerate(runs)
    ]


def tally(shown: Iterable[Bar]) -> str:
    """Say how the passes ended: "38 ok, 2 failed"."""
    return ", ".join(f"{number} {outcome}" for outcome, number in Counter(bar.outcome for bar in shown).most_common())
