"""The ledger of red as rows: made anew when a branch's builds or jobs changed."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max, QuerySet

from agents.builds.nightly import WHOLE, JobRun, Run, died_unborn, streaks
from agents.builds.nightly import Streak as Found
from agents.models import Build, Job, Streak, Watermark
from agents.models.nightly import Kind

RUNS = 40  # of each branch, kind and service
RECENT = timedelta(days=60)  # a branch without builds for so long is not looked at any more
FIELDS = (
    *("name", "publishes", "red_runs", "red_nights", "first_red_id", "last_green_id", "latest_id"),
    *("may_be_older", "unborn"),
)
Wanted = dict[tuple[str, str, str, str], dict[str, Any]]  # by series and job
Series = tuple[str, str, str]  # branch, kind, provider


def refresh_streaks(now: datetime) -> int:
    """Make the ledger anew where builds changed since it was last made; returns how many rows changed."""
    mark, _ = Watermark.objects.get_or_create(name="streaks")
    seen = _fingerprint(now)
    if mark.note == seen:
        return 0
    changed = _write(_wanted(now))
    mark.at, mark.note = now, seen
    mark.save(update_fields=["at", "note"])
    return changed


def _fingerprint(now: datetime) -> str:
    """Return what changes when a build of a branch changes, or a job of one ends: each is found by an index."""
    changed = _builds().filter(queued_at__gt=now - RECENT).aggregate(at=Max("changed_at"))["at"]
    jobs = Job.objects.filter(build__scope=Build.Scope.BRANCH, finished_at__isnull=False).order_by("-finished_at")
    return f"{changed} {list(jobs.values_list('pk', 'attempt', 'result')[:1])}"


def _builds() -> QuerySet[Build]:
    return Build.objects.filter(scope=Build.Scope.BRANCH).exclude(branch="")


def _wanted(now: datetime) -> Wanted:
    wanted: Wanted = {}
    for series, runs in _runs(now).items():
        for found in streaks(runs):
            if found.key == WHOLE or found.red_runs or found.publishes:
                wanted[(*series, found.key)] = _facts(found, runs)
    return wanted


def _runs(now: datetime) -> dict[Series, list[Run]]:
    """Return the last runs of each branch, kind and service, oldest first."""
    builds: dict[Series, list[Build]] = defaultdict(list)
    recent = _builds().filter(queued_at__gt=now - RECENT).order_by("-queued_at", "-id")
    for build in recent.only(
        "branch", "reason", "provider", "queued_at", "version", "status", "result", "jobs_pending"
    ):
        kind = Kind.NIGHTLY if build.reason == Build.Reason.SCHEDULE else Kind.PUSH
        known = builds[build.branch, kind.value, build.provider]
        if len(known) < RUNS:
            known.append(build)
    jobs = _jobs(each.pk for found in builds.values() for each in found)
    return {series: [_run(build, jobs[build.pk]) for build in reversed(found)] for series, found in builds.items()}


def _jobs(builds: Iterable[int]) -> dict[int, dict[str, JobRun]]:
    found: dict[int, dict[str, JobRun]] = defaultdict(dict)
    rows = Job.objects.filter(build__in=list(builds), latest=True)
    for build, key, name, stage, status, result in rows.values_list(
        "build_id", "key", "name", "stage_key", "status", "result"
    ).iterator():
        found[build][key] = JobRun(name, result or status, stage)
    return found


def _run(build: Build, jobs: dict[str, JobRun]) -> Run:
    at = build.queued_at
    assert at is not None  # noqa: S101 - filtered by it
    return Run(build.pk, at, build.version, build.state, jobs, jobs_known=not build.jobs_pending)


def _facts(found: Found, runs: list[Run]) -> dict[str, Any]:
    ended = [run for run in runs if run.state not in ("queued", "running", "cancelling")]
    return {
        "name": found.name,
        "publishes": found.publishes,
        "red_runs": found.red_runs,
        "red_nights": found.red_nights,
        "first_red_id": found.first_red.pk if found.first_red else None,
        "last_green_id": found.last_green.pk if found.last_green else None,
        "latest_id": found.latest.pk if found.latest else None,
        "may_be_older": found.may_be_older,
        "unborn": found.key == WHOLE and died_unborn(ended[-1] if ended else None),
    }


def _write(wanted: Wanted) -> int:
    rows = {(row.branch, row.kind, row.provider, row.key): row for row in Streak.objects.all()}
    gone = [row.pk for key, row in rows.items() if key not in wanted]
    new, moved = [], []
    for key, facts in wanted.items():
        if row := rows.get(key):
            if any(getattr(row, name) != value for name, value in facts.items()):
                for name, value in facts.items():
                    setattr(row, name, value)
                moved.append(row)
        else:
            branch, kind, provider, job = key
            new.append(Streak(branch=branch, kind=kind, provider=provider, key=job, **facts))
    with transaction.atomic():
        Streak.objects.filter(pk__in=gone).delete()
        Streak.objects.bulk_update(moved, [name.removesuffix("_id") for name in FIELDS], batch_size=200)
        Streak.objects.bulk_create(new, batch_size=200)
    return len(gone) + len(moved) + len(new)
