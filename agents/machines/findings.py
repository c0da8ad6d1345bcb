"""What is wrong with machines: pools without an agent, long waits, bad ones, full disks."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse

from agents.machines.figures import AgentLine
from agents.machines.judge import BAD_DAYS
from agents.machines.waiting import Wait
from agents.models import Agent, HostPeriod
from agents.models.builds import Provider
from agents.silent import NEEDS
from flinkci_dashboard.alerts.findings import Finding, Severity
from flinkci_dashboard.models import Area
from flinkci_dashboard.web.durations import duration

AGENTS = (*NEEDS[Provider.AZURE.value], "job:poll_agents")
FEW = 10  # jobs: too few for a share of them
STEP = 300  # seconds that a sentence about waits counts by


def empty_pool(waits: Sequence[Wait], now: datetime, patience: timedelta) -> Finding | None:
    """Judge the jobs that wait for one pool (the longest first): no agent of it is online, and the service waits on."""
    stuck = [wait for wait in waits if wait.nobody and now - wait.queued_at >= patience]
    if not stuck:
        return None
    pool = stuck[0].pool
    jobs = "a job has" if len(stuck) == 1 else f"{len(stuck)} jobs have"
    first = "" if len(stuck) == 1 else ", the first"
    text = f"no agent of pool {pool} is online, and {jobs} waited for one{first} for {{time}}"
    return _of_machines(
        "pool_empty",
        pool,
        Severity.BAD,
        text,
        stuck[0].queued_at,
        ends_when="an agent of it comes online",
        cause_of=(f"pool:{pool}", "pool"),
        tags=_host(stuck[0].host),
    )


def longest(waits: Sequence[Wait], now: datetime, limit: timedelta) -> Finding | None:
    """Judge the job that has waited longest for a pool."""
    first = waits[0]
    if now - first.queued_at <= limit:
        return None
    pool = first.pool or "unknown pool"
    text = f"{first.job_name} of {first.branch or 'a build'} has waited for {{time}} for an agent of {pool}"
    facts: dict[str, Any] = {"ends_when": "no job waits longer than the limit", "under": (*AGENTS, f"pool:{pool}")}
    facts |= {"tags": _host(first.host)}
    return _of_machines("wait_oldest", pool, Severity.WARN, text, first.queued_at, **facts)


def slow(period: HostPeriod, limit: timedelta) -> Finding | None:
    """Judge how long nine of ten jobs waited today at most."""
    if period.wait_p90 is None or period.wait_p90 <= limit.total_seconds() or period.started < FEW:
        return None
    host, least = period.get_host_display(), period.wait_p90 - period.wait_p90 % STEP
    text = f"one in ten jobs on {host} machines has waited longer than {duration(least)} today, first seen {{time}} ago"
    ends, tags = "a day with shorter waits begins", _host(period.host)
    return _of_machines("wait_p90", host, Severity.WARN, text, None, ends_when=ends, tags=tags)


def bad_machine(line: AgentLine) -> Finding | None:
    """Judge a machine against the others of its host."""
    if not line.verdict.bad or not line.score.rate or line.agent.state == Agent.State.GONE:
        return None
    jobs = f"{line.score.finished} jobs in {BAD_DAYS} days"
    share = f"{100 * line.score.rate:.0f} % of its jobs"
    text = f"{line.agent} fails {share}, more than the others ({jobs}), first seen {{time}} ago"
    return _of_machine(line, "machine_bad", text, None, "it fails no more than the others")


def low_disk(line: AgentLine) -> Finding | None:
    """Judge what a machine's jobs warned of."""
    if not line.low_disk or line.agent.state == Agent.State.GONE:
        return None
    text = f"{line.agent} is almost out of disk space, as a job on it first warned {{time}} ago"
    return _of_machine(line, "machine_disk", text, None, "no job has warned for as long as the rule has it")


def _of_machine(line: AgentLine, rule: str, text: str, since: datetime | None, ends_when: str) -> Finding:
    url = reverse("agent", args=[line.agent.pk])
    tags = _host(line.agent.host)
    return _of_machines(rule, line.agent.name, Severity.WARN, text, since, ends_when=ends_when, url=url, tags=tags)


def _host(host: str) -> tuple[str, ...]:
    return (f"host:{host}",) if host else ()


def _of_machines(
    rule: str, subject: str, severity: Severity, text: str, since: datetime | None, **facts: Any
) -> Finding:
    defaults = {"url": reverse("agents"), "area": Area.AGENTS, "under": AGENTS}
    return Finding(rule, subject, severity, text, since, **defaults | facts)
