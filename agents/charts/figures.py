"""The charts of machines and builds over 24 hours, 7 days or 30 days, from figures that are ready made."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from agents.charts.arithmetic import hour_of, midnight
from agents.charts.drawing import Chart, Point, Series, line_chart, nice_duration, percent, plain
from agents.models import Build, BuildPeriod, Host, HostPeriod
from agents.models.builds import Provider
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
BuildRows = dict[tuple[str, str], dict[datetime, BuildPeriod]]  # by service and scope


def charts(chosen: Range, now: datetime) -> list[Chart]:
    """Return all charts of a range: two queries."""
    moments = _moments(chosen, now)
    hosts = _by_name(HostPeriod.objects.filter(step=chosen.step, start__gte=moments[0]), "host")
    builds = _by_place(BuildPeriod.objects.filter(step=chosen.step, start__gte=moments[0]))
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


def _build_charts(rows: BuildRows, moments: list[datetime], unit: str) -> list[Chart]:
    services = [each for each in Provider if each == Provider.AZURE or any(place[0] == each for place in rows)]

    def line(service: Provider, scope: Build.Scope, kind: str, value: Value) -> Series:
        title = _title(scope, service, len(services))
        return Series(title, f"{kind} {service}", _points(rows[service, scope], moments, value))

    def lines(value: Value) -> list[Series]:
        kinds = list(zip(SCOPES, ("one", "two"), strict=True))
        return [line(service, scope, kind, value) for service in services for scope, kind in kinds]

    lasting, rate = lines(lambda row: row.duration_p50), lines(_rate)
    note = f"Of the builds that ended in each {unit}"
    return [
        line_chart("duration", "Duration of builds", f"{note}, half ran no longer.", lasting, duration, nice_duration),
        line_chart(
            "success", "Success rate of builds", f"{note}; without canceled ones.", rate, percent, lambda _: 1.0
        ),
    ]


def _title(scope: Build.Scope, service: Provider, services: int) -> str:
    """Name a line; its service is told where there are several."""
    return scope.label.capitalize() + (f", {service.label}" if services > 1 else "")


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


def _by_place(rows: Iterable[BuildPeriod]) -> BuildRows:
    found: BuildRows = defaultdict(dict)
    for row in rows:
        found[row.provider, row.scope][row.start] = row
    return found


def _points(rows: dict[datetime, Any], moments: list[datetime], value: Value) -> tuple[Point, ...]:
    return tuple((at, value(rows[at]) if at in rows else None) for at in moments)
