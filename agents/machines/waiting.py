"""Who waits for an agent, why nobody may come, and how long jobs have waited."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import BooleanField, Case, Count, Value, When

from agents.charts.arithmetic import midnight, percentile
from agents.machines.judge import PoolState, why_stuck
from agents.models import Agent, Build, Host, Job, Waiting
from agents.models.builds import Status
from flinkci_dashboard.web.addresses import address

WEEK = timedelta(days=7)
MOST_WAITING = 500  # of those who wait, the ones that are counted
HOSTS = tuple(host.value for host in Host if host)
State = Agent.State
# What is told of a wait beside its own: of its pool, whether its agents are known and stay, and of its build.
LASTING = Case(When(pool__seen_at__isnull=False, pool__hosted=False, then=True), default=False)
FACTS = ("pool", "pool__name", "pool__host", LASTING, "build__provider", "build__external_id", "build__branch")


@dataclass(frozen=True)
class Wait:
    """One job that waits for an agent."""

    job_name: str
    pool: str
    host: str
    queued_at: datetime
    build_id: int | None  # the number that its service has given it
    provider: str  # "" where its build is not known
    branch: str
    problem: str  # why no agent will take it, "" when one may
    nobody: bool = False  # no agent of its pool is online

    @property
    def build_url(self) -> str:
        """Return the address of its build's page; "" where that is not known."""
        return address("build", self.provider, self.build_id) if self.provider and self.build_id else ""


@dataclass(frozen=True)
class Waits:
    """How long jobs of a host waited for an agent, in seconds, over some time."""

    count: int
    p50: float | None
    p90: float | None


def waits_by_host(now: datetime) -> dict[str, tuple[Waits, Waits]]:
    """Return by host the waits of today and of the seven days before."""
    today = midnight(now.date())
    jobs = Job.objects.filter(host__in=HOSTS, wait_seconds__isnull=False, started_at__gte=today - WEEK)
    is_today = Case(When(started_at__gte=today, then=True), default=False, output_field=BooleanField())
    counted = jobs.order_by().values_list("host", is_today, "wait_seconds").annotate(Count("pk"))
    found: dict[tuple[str, bool], list[int]] = defaultdict(list)
    for host, of_today, seconds, count in counted:
        found[host, of_today] += [seconds] * count
    return {host: (_summary(found[host, True]), _summary(found[host, False])) for host in HOSTS}


def _summary(seconds: list[int]) -> Waits:
    return Waits(len(seconds), percentile(seconds, 0.5), percentile(seconds, 0.9))


def waiting_jobs(now: datetime, agents: Iterable[Agent]) -> list[Wait]:
    """Return who waits, the longest first: by requests where we may read them, else by the jobs of open builds."""
    pools: dict[int, Counter[str]] = defaultdict(Counter)
    for agent in agents:
        if agent.pool_id:
            pools[agent.pool_id][agent.state] += 1
    rows = Waiting.objects.values_list("job_name", Value(""), "queued_at", *FACTS)
    asked = [_wait(row, pools, now) for row in rows[:MOST_WAITING]]
    jobs = Job.objects.filter(status=Status.QUEUED, started_at=None, queued_at__isnull=False)
    jobs = jobs.filter(host=Host.GITHUB) if asked else jobs  # whose requests nobody lists
    jobs = jobs.exclude(host=Host.GITHUB, build__scope=Build.Scope.PULL)  # a fork waits for machines of its own
    jobs = jobs.exclude(build__status=Status.FINISHED).order_by("queued_at")
    told = [_wait(row, pools, now) for row in jobs.values_list("name", "host", "queued_at", *FACTS)[:MOST_WAITING]]
    return sorted([*asked, *told], key=lambda wait: wait.queued_at)


def _wait(row: tuple[Any, ...], pools: dict[int, Counter[str]], now: datetime) -> Wait:
    job_name, host, queued_at, pool, pool_name, pool_host, lasting, provider, build_id, branch = row
    states = pools.get(pool, Counter()) if pool else Counter()
    problem, nobody = "", False
    if lasting:
        nobody = states[State.BUSY] + states[State.IDLE] == 0
        away = states[State.OFFLINE] + states[State.DISABLED]
        problem = why_stuck(queued_at, PoolState(pool_name, states[State.BUSY], states[State.IDLE], away), now)
    return Wait(
        job_name=job_name,
        pool=pool_name if pool else str(Host(host).label) if host else "",
        host=pool_host if pool else host,
        queued_at=queued_at,
        build_id=build_id,
        provider=provider or "",
        branch=branch or "",
        problem=problem,
        nobody=nobody,
    )
