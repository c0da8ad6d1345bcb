"""Figures of hours and days (UTC), made from jobs, builds and samples. Made anew, they come out the same."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Avg, Max, Q, QuerySet

from agents.charts.arithmetic import DAY, hour_of, midnight, percentile, seconds_between
from agents.migration.budget.loads import refresh_load_day
from agents.migration.budget.usage import refresh_hosted_day
from agents.models import AgentDay, Build, BuildPeriod, HostPeriod, Job, Sample, StaleDay
from agents.models.builds import BAD_RESULTS, Result
from agents.models.statistics import Step

DAYS_IN_A_PASS = 60  # stale days that one pass makes anew: a first start goes back in time over many passes
COUNTED = (Result.SUCCEEDED, Result.PARTIAL, *BAD_RESULTS)  # a canceled job says nothing about its machine
JOB_FIELDS = ["started", "wait_p50", "wait_p90", "finished", "failed"]
SAMPLE_FIELDS = ["busy", "idle", "offline", "queued", "busy_most", "queued_most"]
Key = tuple[str, datetime, str]  # step, start, host or scope


def refresh_stale_days(now: datetime) -> int:
    """Make the figures of stale days anew, newest first; returns how many."""
    stale = list(StaleDay.objects.order_by("-day")[:DAYS_IN_A_PASS])
    for row in stale:
        with transaction.atomic():
            _refresh_hosts(row.day)
            _refresh_agents(row.day)
            _refresh_builds(row.day)
            refresh_hosted_day(row.day, now)
            refresh_load_day(row.day)
            row.delete()
    return len(stale)


def refresh_samples(start: datetime, end: datetime) -> None:
    """Make the means of samples anew for the hours that begin in [start, end), and for their days."""
    rows = []
    for step, first in _starts(start, end):
        length = DAY if step == Step.DAY else timedelta(hours=1)
        for found in _within(Sample.objects, "at", first, first + length).values("host").annotate(**_means()):
            means = {name.removeprefix("mean_"): value for name, value in found.items()}
            rows.append(HostPeriod(step=step, start=first, **means))
    _upsert(rows, SAMPLE_FIELDS)


def _means() -> dict[str, Any]:
    means = {f"mean_{name}": Avg(name) for name in ("busy", "idle", "offline", "queued")}
    return means | {"busy_most": Max("busy"), "queued_most": Max("queued")}


def _refresh_hosts(day: date) -> None:
    waits: dict[Key, list[int]] = defaultdict(list)
    results: dict[Key, list[str]] = defaultdict(list)
    starts, ends = midnight(day), midnight(day) + DAY
    for at, host, wait in _within(Job.objects, "started_at", starts, ends).values_list(
        "started_at", "host", "wait_seconds"
    ):
        for key in _keys(at, host):
            waits[key] += [] if wait is None else [wait]
    ended = _within(Job.objects.filter(result__in=COUNTED), "finished_at", starts, ends)
    for at, host, result in ended.values_list("finished_at", "host", "result"):
        for key in _keys(at, host):
            results[key].append(result)
    rows = [
        HostPeriod(
            **_named(key, "host"),
            started=len(waits[key]),
            wait_p50=percentile(waits[key], 0.5),
            wait_p90=percentile(waits[key], 0.9),
            finished=len(results[key]),
            failed=sum(result in BAD_RESULTS for result in results[key]),
        )
        for key in sorted(waits.keys() | results.keys())
    ]
    _within(HostPeriod.objects, "start", starts, ends).update(started=0, finished=0, failed=0)
    _upsert(rows, JOB_FIELDS)


def _refresh_agents(day: date) -> None:
    rows: dict[int, AgentDay] = {}
    jobs = _within(Job.objects.exclude(agent=None), "finished_at", midnight(day), midnight(day) + DAY)
    for agent, result, seconds in jobs.values_list("agent", "result", "run_seconds"):
        row = rows.setdefault(agent, AgentDay(agent_id=agent, day=day))
        row.finished += result in COUNTED
        row.failed += result in BAD_RESULTS
        row.busy_seconds += seconds or 0
    AgentDay.objects.filter(day=day).delete()
    AgentDay.objects.bulk_create(rows.values())


def _refresh_builds(day: date) -> None:
    found: dict[tuple[Key, str], list[tuple[str, int | None]]] = defaultdict(list)
    told = Build.objects.exclude(scope=Build.Scope.OTHER)
    builds = _within(told, "finished_at", midnight(day), midnight(day) + DAY)
    for provider, scope, start, end, result in builds.values_list(
        "provider", "scope", "started_at", "finished_at", "result"
    ):
        for key in _keys(end, scope):
            found[key, provider].append((result, seconds_between(start, end)))
    rows = [
        BuildPeriod(**_named(key, "scope"), provider=provider, **_figures(ended))
        for (key, provider), ended in found.items()
    ]
    _within(BuildPeriod.objects, "start", midnight(day), midnight(day) + DAY).delete()
    BuildPeriod.objects.bulk_create(rows)


def _figures(ended: list[tuple[str, int | None]]) -> dict[str, Any]:
    """Count results; a build that was canceled has no duration that says anything."""
    lasted = [seconds for result, seconds in ended if seconds is not None and result != Result.CANCELED]
    return {
        "finished": len(ended),
        "succeeded": sum(result == Result.SUCCEEDED for result, _ in ended),
        "failed": sum(result in (Result.FAILED, Result.PARTIAL) for result, _ in ended),
        "duration_p50": percentile(lasted, 0.5),
        "duration_p90": percentile(lasted, 0.9),
    }


def _within(rows: Any, field: str, start: datetime, end: datetime) -> QuerySet:
    return rows.filter(Q(**{f"{field}__gte": start, f"{field}__lt": end}))


def _keys(at: datetime, name: str) -> tuple[Key, Key]:
    return (Step.HOUR.value, hour_of(at), name), (Step.DAY.value, midnight(at.date()), name)


def _named(key: Key, name: str) -> dict[str, Any]:
    return {"step": key[0], "start": key[1], name: key[2]}


def _starts(start: datetime, end: datetime) -> Iterable[tuple[Step, datetime]]:
    hours = range(int((end - start) / timedelta(hours=1)))
    moments = [start + number * timedelta(hours=1) for number in hours]
    yield from ((Step.HOUR, moment) for moment in moments)
    yield from ((Step.DAY, midnight(day)) for day in sorted({moment.date() for moment in moments}))


def _upsert(rows: list[HostPeriod], fields: list[str]) -> None:
    unique = ["step", "start", "host"]
    HostPeriod.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=unique, update_fields=fields, batch_size=500
    )


def mark_stale(rows: Iterable[Build | Job]) -> None:
    """Note the days whose figures count one of these builds or jobs; call it in the transaction that changes them."""
    days = {moment.date() for row in rows for moment in (row.started_at, row.finished_at) if moment}
    StaleDay.objects.bulk_create([StaleDay(day=day) for day in days], ignore_conflicts=True)
