"""What the agents' pages show: hosts side by side, each machine with its figures, who waits, and since when."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q, Sum

from agents.charts.arithmetic import DAY, midnight, percentile
from agents.charts.drawing import Bar, bar
from agents.machines.judge import BAD_DAYS, PoolState, Score, Verdict, judge, why_stuck
from agents.models import Agent, AgentDay, Build, Host, Job, Pool, Waiting, Watermark
from agents.models.builds import Status
from flinkci_dashboard.web.durations import duration

LOW_DISK_SHOWN = timedelta(hours=24)
WEEK = timedelta(days=7)
SHOWN_WAITING = 30  # of those who wait, the ones that wait longest
MOST_WAITING = 500  # of those who wait, the ones that are counted
SHOWN_UNKNOWN = 10  # workers that no rule knows
TIMELINE_DAYS = 7
HOSTS = (Host.AZURE.value, Host.ALIBABA.value)
BAR_KINDS = {"succeeded": "good", "partial": "good", "failed": "bad", "abandoned": "bad", "running": "open"}
NOTHING = Score(0, 0)
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


@dataclass(frozen=True)
class HostCard:
    """One host's machines in figures."""

    host: str
    name: str
    online: int
    busy: int
    idle: int
    offline: int
    disabled: int
    listed: bool  # whether Azure tells its agents
    queued: int
    oldest: Wait | None
    today: Waits
    week: Waits
    score: Score


@dataclass(frozen=True)
class AgentLine:
    """One machine in the list."""

    agent: Agent
    today: Score
    score: Score
    verdict: Verdict
    low_disk: bool


@dataclass(frozen=True)
class AgentsPage:
    """All of the page, and how old it is."""

    cards: list[HostCard]
    hosts: list[tuple[HostCard, list[AgentLine]]]
    others: list[AgentLine]  # of no known host
    waiting: list[Wait]
    waiting_more: int
    stuck: list[Wait]
    unknown: list[tuple[str, int]]  # worker names that no rule knows, with their jobs of the last days
    polled_at: datetime | None
    problem: str


@dataclass(frozen=True)
class DayRow:
    """One day of an agent's timeline."""

    start: datetime
    bars: list[Bar]
    score: Score
    busy: str


def agents_page(now: datetime) -> AgentsPage:
    """Collect the page in a number of queries that does not grow with builds or agents."""
    marks = {mark.name: mark for mark in Watermark.objects.filter(name="agents")}
    agents = list(Agent.objects.select_related("pool", "current_job__build"))
    waiting = waiting_jobs(now, agents)
    lines = agent_lines(agents, now)
    cards = [_card(host, agents, waiting, waits, lines) for host, waits in _waits(now).items()]
    of_host: dict[str, list[AgentLine]] = defaultdict(list)
    for line in lines:
        of_host[line.agent.host].append(line)
    return AgentsPage(
        cards=cards,
        hosts=[(card, of_host.get(card.host, [])) for card in cards],
        others=of_host.get(Host.UNKNOWN, []),
        waiting=waiting[:SHOWN_WAITING],
        waiting_more=max(len(waiting) - SHOWN_WAITING, 0),
        stuck=[wait for wait in waiting if wait.problem],
        unknown=_unknown_workers(now),
        polled_at=marks["agents"].at if marks else None,
        problem=marks["agents"].note if marks else "",
    )


def agent_days(agent: Agent, now: datetime) -> list[DayRow]:
    """Return the last days of an agent, today first, with a bar for each job."""
    first = midnight((now - (TIMELINE_DAYS - 1) * DAY).date())
    jobs = list(
        Job.objects.filter(agent=agent, started_at__gte=first - DAY)
        .filter(Q(finished_at=None) | Q(finished_at__gte=first))
        .select_related("build")
        .order_by("started_at")
    )
    days = {row.day: row for row in AgentDay.objects.filter(agent=agent, day__gte=first.date())}
    rows = []
    for number in range(TIMELINE_DAYS):
        start = midnight((now - number * DAY).date())
        row = days.get(start.date(), AgentDay())
        bars = [drawn for job in jobs if (drawn := _job_bar(job, start, now))]
        rows.append(DayRow(start, bars, Score(row.finished, row.failed), duration(row.busy_seconds)))
    return rows


def agent_score(agent: Agent, now: datetime) -> tuple[Score, Verdict]:
    """Return how an agent did lately, and what that says against its host's other machines."""
    since = (now - BAD_DAYS * DAY).date()
    sums = AgentDay.objects.filter(day__gt=since, agent__host=agent.host).aggregate(
        all=Sum("finished", default=0),
        all_failed=Sum("failed", default=0),
        own=Sum("finished", filter=Q(agent=agent), default=0),
        own_failed=Sum("failed", filter=Q(agent=agent), default=0),
    )
    own = Score(sums["own"], sums["own_failed"])
    return own, _verdict(agent, own, Score(sums["all"], sums["all_failed"]))


def is_low_on_disk(agent: Agent, now: datetime) -> bool:
    """Tell whether a job warned lately that the agent's disk is almost full."""
    return agent.low_disk_at is not None and now - agent.low_disk_at < LOW_DISK_SHOWN


def _job_bar(job: Job, start: datetime, now: datetime) -> Bar | None:
    if job.started_at is None:
        return None
    end = job.finished_at or now
    words = f"{job.name}, build {job.build}: {job.state}, {duration((end - job.started_at).total_seconds())}"
    return bar(job.started_at, end, (start, start + DAY), BAR_KINDS.get(job.state, "other"), words)


def agent_lines(agents: list[Agent], now: datetime) -> list[AgentLine]:
    """Return each machine with how it did lately, the bad ones first."""
    scores = _scores(now)
    hosts: dict[str, Score] = defaultdict(lambda: NOTHING)
    for agent in agents:
        own, host = scores[agent.pk][0], hosts[agent.host]
        hosts[agent.host] = Score(host.finished + own.finished, host.failed + own.failed)
    lines = [_line(agent, scores[agent.pk], hosts[agent.host], now) for agent in agents]
    return sorted(lines, key=_bad_first)


def _line(agent: Agent, scores: tuple[Score, Score], host: Score, now: datetime) -> AgentLine:
    lately, today = scores
    return AgentLine(agent, today, lately, _verdict(agent, lately, host), is_low_on_disk(agent, now))


def _scores(now: datetime) -> dict[int, tuple[Score, Score]]:
    """Return by agent how it did lately, and today."""
    today = Q(day=now.date())
    rows = AgentDay.objects.filter(day__gt=(now - BAD_DAYS * DAY).date()).values_list("agent")
    sums = rows.annotate(
        all=Sum("finished"),
        bad=Sum("failed"),
        all_today=Sum("finished", filter=today, default=0),
        bad_today=Sum("failed", filter=today, default=0),
    )
    found: dict[int, tuple[Score, Score]] = defaultdict(lambda: (NOTHING, NOTHING))
    for agent, finished, failed, finished_today, failed_today in sums:
        found[agent] = Score(finished, failed), Score(finished_today, failed_today)
    return found


def _bad_first(line: AgentLine) -> tuple[bool, bool, list[tuple[int, str]]]:
    return not line.verdict.bad, line.agent.state == State.GONE, _natural(line.agent.name)


def _verdict(agent: Agent, own: Score, host: Score) -> Verdict:
    if agent.host == Host.AZURE:
        return Verdict(False, "Azure makes a new machine for each job: the name says nothing about a machine.")
    return judge(own, host)


def _natural(name: str) -> list[tuple[int, str]]:
    """Sort "Azure Pipelines 9" before "Azure Pipelines 10"."""
    words = "".join(letter if letter.isdigit() else f" {letter} " for letter in name).split()
    return [(int(word), "") if word.isascii() and word.isdigit() else (0, word) for word in words]


def _card(
    host: str, agents: Sequence[Agent], waiting: list[Wait], waits: tuple[Waits, Waits], lines: list[AgentLine]
) -> HostCard:
    states = Counter(agent.state for agent in agents if agent.host == host)
    queue = [wait for wait in waiting if wait.host == host]
    own = [line.score for line in lines if line.agent.host == host]
    return HostCard(
        host=host,
        name=Host(host).label,
        online=states[State.BUSY] + states[State.IDLE] + states[State.DISABLED],
        busy=states[State.BUSY],
        idle=states[State.IDLE],
        offline=states[State.OFFLINE],
        disabled=states[State.DISABLED],
        listed=bool(states.keys() - {State.SEEN}),
        queued=len(queue),
        oldest=queue[0] if queue else None,
        today=waits[0],
        week=waits[1],
        score=Score(sum(score.finished for score in own), sum(score.failed for score in own)),
    )


def _waits(now: datetime) -> dict[str, tuple[Waits, Waits]]:
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
    if rows:
        return [_wait(row.job_name, row.pool, row.build, row.queued_at, pools, now) for row in rows]
    jobs = Job.objects.filter(status=Status.QUEUED, started_at=None, queued_at__isnull=False)
    jobs = jobs.exclude(build__status=Status.FINISHED).select_related("pool", "build").order_by("queued_at")
    jobs = jobs.only("name", "queued_at", "pool", "build__provider", "build__external_id", "build__branch")
    return [_wait(job.name, job.pool, job.build, job.queued_at or now, pools, now) for job in jobs[:MOST_WAITING]]


def _wait(
    job_name: str,
    pool: Pool | None,
    build: Build | None,
    queued_at: datetime,
    pools: dict[int, Counter[str]],
    now: datetime,
) -> Wait:
    states = pools.get(pool.pk, Counter()) if pool else Counter()
    problem, nobody = "", False
    if pool and pool.seen_at and not pool.hosted:
        nobody = states[State.BUSY] + states[State.IDLE] == 0
        away = states[State.OFFLINE] + states[State.DISABLED]
        problem = why_stuck(queued_at, PoolState(pool.name, states[State.BUSY], states[State.IDLE], away), now)
    return Wait(
        job_name=job_name,
        pool=pool.name if pool else "",
        host=pool.host if pool else "",
        queued_at=queued_at,
        build_id=build.external_id if build else None,
        build_url=build.get_absolute_url() if build else "",
        branch=build.branch if build else "",
        problem=problem,
        nobody=nobody,
    )


def _unknown_workers(now: datetime) -> list[tuple[str, int]]:
    """Return the workers of no known host, lately: an admin may write a rule for them."""
    jobs = Job.objects.filter(host="", started_at__gt=now - BAD_DAYS * DAY).exclude(worker_name="")
    return list(
        jobs.values_list("worker_name").annotate(jobs=Count("pk")).order_by("-jobs", "worker_name")[:SHOWN_UNKNOWN]
    )
