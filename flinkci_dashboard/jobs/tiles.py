"""What the overview says of the jobs and of who runs them."""

from collections import defaultdict
from datetime import datetime, timedelta

from django.db.models import Exists
from django.urls import reverse

from flinkci_dashboard.jobs.table import JOBS
from flinkci_dashboard.models import Area, JobRun, JobSchedule, Worker
from flinkci_dashboard.web import trends
from flinkci_dashboard.web.tiles import Part, Tile
from flinkci_dashboard.web.words import counted

Outcome = JobRun.Outcome
NEVER = "No worker has ever reported. Start manage.py qcluster."


def tiles(now: datetime) -> list[Tile]:
    """Return the jobs' tile: the workers, what failed in the last day, and how the hours went."""
    workers = list(Worker.objects.all())
    troubles = _troubles(now)
    failed = sorted({job for _, job, outcome in troubles if outcome == Outcome.FAILED})
    lines = [Part(f"{worker.host}, up for {{time}}", since=worker.started_at) for worker in workers] or [Part(NEVER)]
    lines += [
        Part(f"failed in the last day: {_title(job)}", reverse("job", args=[job]) + "?show=failed")
        for job in failed[:3]
    ]
    return [
        Tile(
            title="Jobs",
            url=reverse("jobs"),
            figure=str(JobSchedule.objects.filter(enabled=True).count()),
            words=f"on schedule, {counted(len(workers), 'worker')}",
            area=Area.HOSTING,
            state="ok" if workers else "none",
            label="working" if workers else "never started",
            seen_at=max((worker.seen_at for worker in workers), default=None),
            lines=lines,
            trend=_trend(troubles, now),
            place=90,
        )
    ]


def _title(job: str) -> str:
    return JOBS[job].title if job in JOBS else job


def _troubles(now: datetime) -> list[tuple[datetime, str, str]]:
    """Return the passes of the last day that failed, or did so in part."""
    since = trends.day_of_hours(now)[0]
    rows = JobRun.objects.filter(started_at__gte=since, outcome__in=(Outcome.FAILED, Outcome.PARTIAL)).order_by()
    return list(rows.values_list("started_at", "job", "outcome"))


def _trend(troubles: list[tuple[datetime, str, str]], now: datetime) -> trends.Trend:
    """Draw each hour: whether any pass began in it, and whether one failed."""
    hours = trends.day_of_hours(now)
    worked = _worked(hours)
    outcomes: dict[datetime, list[str]] = defaultdict(list)
    for at, _, outcome in troubles:
        outcomes[trends.hour_of(at)].append(outcome)
    steps = []
    for hour, ran in zip(hours, worked, strict=True):
        found = outcomes[hour]
        kind = "bad" if Outcome.FAILED in found else "warn" if found else "good"
        words = f"{counted(len(found), 'pass')} failed, or did so in part" if found else "no pass failed"
        steps.append(trends.Step(hour, ran, kind if ran else "idle", words if ran else "nothing ran"))
    return trends.trend("Passes of the last day, hour by hour: whether any failed", steps)


def _worked(hours: list[datetime]) -> list[bool]:
    """Tell for each hour whether a pass began in it, by one query of as many look-ups."""
    runs = JobRun.objects.order_by()
    asked = {
        f"hour{place}": Exists(runs.filter(started_at__gte=at, started_at__lt=at + timedelta(hours=1)))
        for place, at in enumerate(hours)
    }
    row = JobSchedule.objects.order_by("pk").annotate(**asked).values_list(*asked)[:1]
    return list(row[0]) if row else [False] * len(hours)
