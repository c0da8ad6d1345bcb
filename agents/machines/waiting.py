"""Who waits for an agent, why nobody may come, and how long jobs have waited."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from agents.charts.arithmetic import midnight, percentile
from agents.machines.judge import PoolState, why_stuck
from agents.models import Agent, Build, Host, Job, Pool, Waiting
from agents.models.builds import Status

WEEK = timedelta(days=7)
MOST_WAITING = 500  # of those who wait, the ones that are counted
HOSTS = tuple(host.value for host in Host if host)
State = Agent.State


@dataclass(frozen=True)
class Wait:
    """One job that waits for an agent."""

    job_name: str
    pool: str
    host: str
    queued_at: datetime
    build_id: int | None  # the number that its service has given it
    build_url: str  # of its page; "" where it is not known
    branch: str
    problem: str  # why no agent will take it, "" when one may
    nobody: bool = False  # no agent of its pool is online


@dataclass(frozen=True)
class Waits:
    """How long jobs of a host waited for an agent, in seconds, over some time."""

    count: int
    p50: float | None
    p90: float | None


def waits_by_host(now: datetime) -> dict[str, tuple[Waits, Waits]]:
    """Return by host the waits of today and of the seven days before."""
    today = midnight(now.date())
    jobs = Job.objects.filter(host__in=HOSTS, wait_seconds__isnull=False)
    since, before = jobs.filter(started_at__gte=today), jobs.filter(started_at__gte=today - WEEK, started_at__lt=today)
    found: list[dict[str, list[int]]] = []
    for rows in (since, before):
        found.append(defaultdict(list))
        for host, seconds in rows.values_list("host", "wait_seconds"):
            found[-1][host].append(seconds or 0)
    return {host: (_summary(found[0][host]), _summary(found[1][host])) for host in HOSTS}


def _summary(seconds: list[int]) -> Waits:
    return Waits(len(seconds), percentile(seconds, 0.5), percentile(seconds, 0.9))


def waiting_jobs(now: datetime, agents: Iterable[Agent]) -> list[Wait]:
    """Return who waits, the longest first: by requests where we may read them, else by the jobs of open builds."""
    pools: dict[int, Counter[str]] = defaultdict(Counter)
    for agent in agents:
        if agent.pool_id:
            pools[agent.pool_id][agent.state] += 1
    rows = list(Waiting.objects.select_related("pool", "build")[:MOST_WAITING])
    asked = [_wait(row.job_name, row.pool, row.build, row.queued_at, pools, now) for row in rows]
    jobs = Job.objects.filter(status=Status.QUEUED, started_at=None, queued_at__isnull=False)
    jobs = jobs.filter(host=Host.GITHUB) if rows else jobs  # whose requests nobody lists
    jobs = jobs.exclude(host=Host.GITHUB, build__scope=Build.Scope.PULL)  # a fork waits for machines of its own
    jobs = jobs.exclude(build__status=Status.FINISHED).select_related("pool", "build").order_by("queued_at")
    fields = ("name", "host", "queued_at", "pool", "build__provider", "build__external_id", "build__branch")
    told = [
        _wait(job.name, job.pool, job.build, job.queued_at or now, pools, now, job.host)
        for job in jobs.only(*fields)[:MOST_WAITING]
    ]
    return sorted([*asked, *told], key=lambda wait: wait.queued_at)


def _wait(
    job_name: str,
    pool: Pool | None,
    build: Build | None,
    queued_at: datetime,
    pools: dict[int, Counter[str]],
    now: datetime,
    host: str = "",
) -> Wait:
    states = pools.get(pool.pk, Counter()) if pool else Counter()
    problem, nobody = "", False
    if pool and pool.seen_at and not pool.hosted:
        nobody = states[State.BUSY] + states[State.IDLE] == 0
        away = states[State.OFFLINE] + states[State.DISABLED]
        problem = why_stuck(queued_at, PoolState(pool.name, states[State.BUSY], states[State.IDLE], away), now)
    return Wait(
        job_name=job_name,
        pool=pool.name if pool else str(Host(host).label) if host else "",
        host=pool.host if pool else host,
        queued_at=queued_at,
        build_id=build.external_id if build else None,
        build_url=build.get_absolute_url() if build else "",
        branch=build.branch if build else "",
        problem=problem,
        nobody=nobody,
    )
