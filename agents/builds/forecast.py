"""How long a build that has not ended will take, by those before it, and how many wait before it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from agents.charts.arithmetic import percentile
from agents.models import Build, Job
from agents.models.builds import Result, Status

LIKE_IT = 20  # builds before it that it is compared with
FEWEST = 3  # fewer tell nothing
WHOLE = (Result.SUCCEEDED, Result.PARTIAL)  # a build that failed may have ended early


@dataclass(frozen=True)
class Forecast:
    """What is to be expected of a build: when it should end, and its place among those that wait."""

    usual: float | None = None  # seconds that builds like it take
    ends_at: datetime | None = None  # None where it has not started, or nothing is known
    place: int = 0  # in the queue, from 1 on; 0 when it does not wait
    waiting: int = 0  # in all


def forecast(build: Build) -> Forecast:
    """Return what is to be expected of a build that has not ended, by at most two queries."""
    if build.status == Status.FINISHED:
        return Forecast()
    usual = median([build.run_seconds for build in _like(build)])
    if build.started_at is None:
        return Forecast(usual, None, *_place(build))
    return Forecast(usual, build.started_at + timedelta(seconds=usual) if usual else None)


def usual_seconds(build: Build, keys: Iterable[str]) -> dict[str, float]:
    """Return how long jobs usually run, by their keys, in builds like this one."""
    rows = Job.objects.filter(build__in=[each.pk for each in _like(build)], key__in=list(keys), result__in=WHOLE)
    found: dict[str, list[float | None]] = defaultdict(list)
    for key, seconds in rows.values_list("key", "run_seconds"):
        found[key].append(seconds)
    return {key: usual for key, seconds in found.items() if (usual := median(seconds))}


def median(seconds: Iterable[float | None]) -> float | None:
    """Return the one in the middle; None where too few are known."""
    known = [each for each in seconds if each]
    return percentile(known, 0.5) if len(known) >= FEWEST else None


def _like(build: Build) -> list[Build]:
    """Return the last builds of the same pipeline, for the same reason, of the same kind of branch."""
    nightly = build.reason == Build.Reason.SCHEDULE
    rows = Build.objects.filter(provider=build.provider, definition_id=build.definition_id, scope=build.scope)
    rows = rows.filter(reason=Build.Reason.SCHEDULE) if nightly else rows.exclude(reason=Build.Reason.SCHEDULE)
    ended = rows.filter(result__in=WHOLE, queued_at__isnull=False).order_by("-queued_at")
    return list(ended.only("pk", "started_at", "finished_at")[:LIKE_IT])


def _place(build: Build) -> tuple[int, int]:
    waiting = Build.objects.filter(provider=build.provider, status=Status.QUEUED).values_list("queued_at", "pk")
    queue = sorted((at, pk) for at, pk in waiting if at)
    place = next((place for place, (_, pk) in enumerate(queue, 1) if pk == build.pk), 0)
    return place, len(queue)
