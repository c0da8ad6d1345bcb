"""What the API says of the whole, and of the jobs."""

from datetime import datetime
from typing import Literal

from django.db.models import Subquery
from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema

from flinkci_dashboard.alerts.standing import standing
from flinkci_dashboard.api.lists import Listing, answers, whole
from flinkci_dashboard.jobs import health
from flinkci_dashboard.jobs.history import of_each
from flinkci_dashboard.jobs.table import JOBS
from flinkci_dashboard.models import JobRun, JobSchedule
from flinkci_dashboard.web.tiles import Tile, tiles
from flinkci_dashboard.web.tones import tone

router = Router()
State = Literal["good", "warn", "bad"]


class TileOut(Schema):
    """One fact of the overview."""

    name: str
    state: Literal["good", "warn", "bad", "info", "muted"]
    words: str
    as_of: datetime | None


class StatusOut(Schema):
    """How it all stands."""

    state: State
    sentence: str
    as_of: datetime | None
    tiles: list[TileOut]


class JobOut(Schema):
    """A background job."""

    name: str
    title: str
    interval: int
    last_outcome: str | None
    last_started_at: datetime | None
    last_ended_at: datetime | None
    next_run_at: datetime | None
    late: bool


@router.get("/status", response=answers(StatusOut))
def status(request: HttpRequest) -> dict[str, object]:
    """Return what the overview says."""
    now = timezone.now()
    found = standing(now)
    shown = [_tile(tile) for tile in tiles(now, found)]
    return {"state": found.state, "sentence": found.sentence, "as_of": found.as_of, "tiles": shown}


@router.get("/jobs", response=answers(Listing[JobOut]))
def jobs(request: HttpRequest) -> dict[str, object]:
    """Return every background job: when it runs and how its last pass ended."""
    late = health.overdue(timezone.now())
    newest = of_each().exclude(ended_at=None).values("pk")[:1]
    schedules = {row.job: row for row in JobSchedule.objects.annotate(run=Subquery(newest))}
    runs = JobRun.objects.in_bulk([row.run for row in schedules.values() if row.run])
    return whole([_job(name, schedules[name], runs, name in late) for name in JOBS if name in schedules])


def _tile(tile: Tile) -> dict[str, object]:
    words = f"{tile.figure} {tile.words}, {tile.label}"
    return {"name": tile.title, "state": tone(tile.state), "words": words, "as_of": tile.seen_at}


def _job(name: str, schedule: JobSchedule, runs: dict[int, JobRun], late: bool) -> dict[str, object]:
    run = runs.get(schedule.run)  # type: ignore[attr-defined]
    return {
        "name": name,
        "title": JOBS[name].title,
        "interval": schedule.interval,
        "last_outcome": run.outcome if run else None,
        "last_started_at": run.started_at if run else None,
        "last_ended_at": run.ended_at if run else None,
        "next_run_at": schedule.next_run_at if schedule.enabled else None,
        "late": late,
    }
