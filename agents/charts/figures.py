"""The charts of machines and builds over 24 hours, 7 days or 30 days, from figures that are ready made."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from agents.charts.arithmetic import hour_of, midnight
from agents.charts.drawing import Chart, Point, Series, line_chart, nice_duration, percent, plain
from agents.models import Build, BuildPeriod, Host, HostPeriod
from agents.models.statistics import Step
from flinkci_dashboard.web.durations import duration

HOSTS = tuple(host for host in Host if host)
SCOPES = (Build.Scope.BRANCH, Build.Scope.PULL)


@dataclass(frozen=True)
class Range:
    """How far back charts look, and in which steps."""

    key: str
    title: str
    length: timedelta
    step: Step


RANGES = {
    each.key: each
    for each in (
        Range("24h", "24 hours", timedelta(hours=24), Step.HOUR),
        Range("7d", "7 days", timedelta(days=7), Step.HOUR),
        Range("30d", "30 days", timedelta(days=30), Step.DAY),
    )
}
Value = Callable[[Any], float | None]
Rows = dict[str, dict[datetime, Any]]


def charts(chosen: Range, now: datetime) -> list[Chart]:
    """Return all charts of a range: two queries."""
    moments = _moments(chosen, now)
    hosts = _by_name(HostPeriod.objects.filter(step=chosen.step, start__gte=moments[0]), "host")
    builds = _by_name(BuildPeriod.objects.filter(step=chosen.step, start__gte=moments[0]), "scope")
    return [*_host_charts(hosts, moments, chosen.step), *_build_charts(builds, moments, chosen.step)]


def _host_charts(rows: Rows, moments: list[datetime], unit: str) -> list[Chart]:
    def lines(value: Value, share: str = "") -> list[Series]:
        return [
            Series(f"{host.label} {share}".strip(), f"host-{host} {share}".strip(), _points(rows[host], moments, value))
            for host in HOSTS
            if host in (Host.AZURE, Host.ALIBABA) or host in rows
        ]

    waits = [*lines(lambda row: row.wait_p50, "p50"), *lines(lambda row: row.wait_p90, "p90")]
    note = f"Of the jobs that began in each {unit}, half (p50) and nine in ten (p90) had waited no longer."
    busy, queued = lines(lambda row: row.busy), lines(lambda row: row.queued)
    return [
        line_chart("busy", "Agents busy", f"Mean of each {unit}.", busy, plain),
        line_chart("queue", "Jobs waiting for an agent", f"Mean of each {unit}.", queued, plain),
        line_chart("wait", "Time until an agent takes a job", note, waits, duration, nice_duration),
    ]


def _build_charts(rows: Rows, moments: list[datetime], unit: str) -> list[Chart]:
    def lines(value: Value) -> list[Series]:
        named = zip(SCOPES, ("one", "two"), strict=True)
        return [Series(scope.label.capitalize(), kind, _points(rows[scope], moments, value)) for scope, kind in named]

    lasting, rate = lines(lambda row: row.duration_p50), lines(_rate)
    note = f"Of the builds that ended in each {unit}"
    return [
        line_chart("duration", "Duration of builds", f"{note}, half ran no longer.", lasting, duration, nice_duration),
        line_chart(
            "success", "Success rate of builds", f"{note}; without canceled ones.", rate, percent, lambda _: 1.0
        ),
    ]


def _rate(row: BuildPeriod) -> float | None:
    said = row.succeeded + row.failed
    return row.succeeded / said if said else None


def _moments(chosen: Range, now: datetime) -> list[datetime]:
    step = timedelta(hours=1) if chosen.step == Step.HOUR else timedelta(days=1)
    last = hour_of(now) if chosen.step == Step.HOUR else midnight(now.date())
    count = chosen.length // step
    return [last - number * step for number in range(count - 1, -1, -1)]


def _by_name(rows: Iterable[Any], name: str) -> Rows:
    found: dict[str, dict[datetime, Any]] = defaultdict(dict)
    for row in rows:
        found[getattr(row, name)][row.start] = row
    return found


def _points(rows: dict[datetime, Any], moments: list[datetime], value: Value) -> tuple[Point, ...]:
    return tuple((at, value(rows[at]) if at in rows else None) for at in moments)
