"""Azure's jobs → what they worked, day by day (UTC): what would have to be paid for, were they moved."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from agents.charts.arithmetic import DAY, midnight
from agents.migration.budget.limits import Work, peak
from agents.models import Build, Job, LoadDay
from agents.models.builds import Provider

Place = tuple[str, bool]  # a branch, "" for all pull requests; whether these are nightly builds
Ran = tuple[str, datetime, int]  # the job's name, since when it could run, for how many seconds it did


@dataclass
class _Found:
    """What ran on one day at one place."""

    builds: set[int] = field(default_factory=set)  # that began then
    by_job: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    by_build: dict[int, list[Ran]] = field(default_factory=lambda: defaultdict(list))


def refresh_load_day(day: date) -> None:
    """Make the rows of a day anew; made anew, they come out the same."""
    LoadDay.objects.filter(day=day).delete()
    LoadDay.objects.bulk_create(_row(day, place, found) for place, found in _found(day).items())


def _found(day: date) -> dict[Place, _Found]:
    start = midnight(day)
    began = Job.objects.filter(started_at__gte=start, started_at__lt=start + DAY, run_seconds__isnull=False)
    jobs = began.filter(build__provider=Provider.AZURE).exclude(build__scope=Build.Scope.OTHER)
    of_build = ("build__scope", "build__branch", "build__reason", "build_id", "build__started_at")
    told = jobs.values_list(*of_build, "name", "queued_at", "started_at", "run_seconds")
    found: dict[Place, _Found] = defaultdict(_Found)
    for scope, branch, reason, build, build_began, name, ready, started, seconds in told:
        is_pull = scope == Build.Scope.PULL
        here = found["" if is_pull else branch, not is_pull and reason == Build.Reason.SCHEDULE]
        if build_began and build_began >= start:
            here.builds.add(build)
        here.by_job[name][0] += seconds
        here.by_job[name][1] += 1
        here.by_build[build].append((name, min(ready or started, started), seconds))
    return found


def _row(day: date, place: Place, found: _Found) -> LoadDay:
    widest = max(found.by_build.values(), key=_at_once)
    return LoadDay(
        day=day,
        branch=place[0],
        nightly=place[1],
        builds=len(found.builds),
        jobs=found.by_job,
        widest=[[name, ready.timestamp(), seconds] for name, ready, seconds in widest],
    )


def _at_once(jobs: Iterable[Ran]) -> int:
    work = [Work(0, name, ready, ready + timedelta(seconds=seconds)) for name, ready, seconds in jobs]
    return peak(work, max(each.started_at for each in work))
