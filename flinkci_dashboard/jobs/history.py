"""The last passes of a job as a row of bars."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from math import sqrt

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery

from flinkci_dashboard.models import JobRun
from flinkci_dashboard.web.tones import word

SHOWN = 40
STEP = 5  # from one bar to the next, in units of the drawing
WIDTH = SHOWN * STEP
HEIGHT = 22
ACHIEVED = (JobRun.Outcome.OK, JobRun.Outcome.PARTIAL)
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


def busy(runs: QuerySet[JobRun]) -> QuerySet[JobRun]:
    """Keep the passes that have ended, and changed something or failed."""
    return runs.exclude(outcome=JobRun.Outcome.RUNNING).exclude(Q(outcome=JobRun.Outcome.OK) & Q(counts={}))


def bars(runs: Iterable[JobRun]) -> list[Bar]:
    """Lay out passes (the newest first) from right to left; the longest is the highest, by square roots."""
    runs = list(runs)[:SHOWN]
    longest = max([run.seconds for run in runs if run.seconds > 0], default=1)  # clocks of two hosts may differ
    return [
        Bar(
            x=WIDTH - STEP * (place + 1),
            height=max(LOWEST, round(HEIGHT * sqrt(max(run.seconds, 0) / longest))),
            kind="idle" if run.outcome == JobRun.Outcome.OK and not run.did_something else KINDS[run.outcome],
            at=run.started_at,
            outcome=run.outcome,
            seconds=run.seconds,
            counts=run.counts,
        )
        for place, run in enumerate(runs)
    ]


@dataclass(frozen=True)
class Line:
    """One line of a history: a pass, or how many quiet ones were between two."""

    run: JobRun | None = None
    quiet: int = 0
    newest: bool = False  # these are still being counted


def with_quiet(shown: Iterable[JobRun], newest: bool) -> list[Line]:
    """Put between passes of one job (the newest first) how many others found all in order, by one query.

    `newest` tells that the list begins at the present: then those after its first pass count too.
    """
    runs = list(shown)
    if not runs:
        return []
    between = {f"gap{place}": _quiet(pk__gt=old.pk, pk__lt=new.pk) for place, (new, old) in enumerate(pairwise(runs))}
    since = {"since": _quiet(pk__gt=runs[0].pk)} if newest else {}
    found = JobRun.objects.filter(job=runs[0].job, pk__gte=runs[-1].pk).aggregate(**between, **since)
    lines = [Line(quiet=found["since"], newest=True)] if newest else []
    for place, run in enumerate(runs):
        lines += [Line(run=run), Line(quiet=found.get(f"gap{place}", 0))]
    return [line for line in lines if line.run or line.quiet]


def _quiet(**where: int) -> Count:
    return Count("pk", filter=Q(outcome=JobRun.Outcome.OK, **where))


def tally(shown: Iterable[Bar]) -> str:
    """Say how the passes ended: "38 succeeded, 2 failed"."""
    return ", ".join(
        f"{number} {word(outcome)}" for outcome, number in Counter(bar.outcome for bar in shown).most_common()
    )


def latest_pass(job: str) -> JobRun | None:
    """Return the last pass of a job that has ended."""
    return JobRun.objects.filter(job=job).exclude(ended_at=None).first()


def of_each() -> QuerySet[JobRun]:
    """Return, for a subquery, the passes of the outer row's job, the newest first.

    By bounds rather than equality: else PostgreSQL goes back through the passes of all jobs, of which there are
    thousands since the last one of a daily job.
    """
    job = OuterRef("job")
    return JobRun.objects.filter(job__gte=job, job__lte=job).order_by("job", "-pk")


def last_ended(*jobs: str) -> object:
    """Return what changes with every pass of these jobs that ends: which one was each job's last."""
    ended = JobRun.objects.exclude(ended_at=None).order_by("-pk").values("pk")
    return JobRun.objects.values_list(*(Subquery(ended.filter(job=job)[:1]) for job in jobs)).first()


def last_achieved(job: str) -> datetime | None:
    """Return when the last pass began that achieved something: what pages show is as old as that, or newer."""
    done = JobRun.objects.filter(job=job, outcome__in=ACHIEVED)
    return done.values_list("started_at", flat=True).first()


def last_good(job: str) -> datetime | None:
    """Return when the last pass that read all it should began."""
    done = JobRun.objects.filter(job=job, outcome=JobRun.Outcome.OK)
    return done.values_list("started_at", flat=True).first()
