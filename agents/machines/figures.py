"""What the agents' pages show: hosts side by side, each machine with its figures, who waits, and since when."""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q, Sum

from agents.charts.arithmetic import DAY, midnight
from agents.charts.drawing import Bar, bar
from agents.machines.judge import BAD_DAYS, DISK, RULE, MachineVerdict, Score, judge
from agents.machines.waiting import Wait, Waits, waiting_jobs, waits_by_host
from agents.models import Agent, AgentDay, Host, Job, Watermark
from agents.models.builds import Status
from flinkci_dashboard.alerts.findings import Rule
from flinkci_dashboard.alerts.limits import as_set
from flinkci_dashboard.web.durations import duration

SHOWN_UNKNOWN = 10  # workers that no rule knows
TIMELINE_DAYS = 7
BAR_KINDS = {
    **dict.fromkeys(("succeeded", "partial"), "good"),
    **dict.fromkeys(("failed", "abandoned", "timed_out"), "bad"),
    "running": "open",
}
NOTHING = Score(0, 0)
State = Agent.State


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
    listed: bool  # whether its service tells its agents
    has_machines: bool  # that are known by name; else each job has its own, and none stays
    queued: int
    oldest: Wait | None
    today: Waits
    week: Waits
    score: Score

    @property
    def is_used(self) -> bool:
        """Tell whether any job was on its machines lately, is, or waits."""
        return bool(self.busy or self.queued or self.today.count or self.week.count)

    @property
    def swatch(self) -> str:
        """Return the class that gives its colour in charts."""
        return f"host-{self.host or 'unknown'}"


@dataclass(frozen=True)
class AgentLine:
    """One machine in the list."""

    agent: Agent
    today: Score
    score: Score
    verdict: MachineVerdict
    low_disk: bool


@dataclass(frozen=True)
class AgentsPage:
    """All of the page, and how old it is."""

    cards: list[HostCard]
    lines: list[AgentLine]  # of all hosts, the bad ones first
    waiting: list[Wait]
    stuck: list[Wait]
    unknown: list[tuple[str, int]]  # worker names that no rule knows, with their jobs of the last days
    polled_at: datetime | None
    problem: str

    @property
    def is_known(self) -> bool:
        """Tell whether anything has told of any machine yet."""
        return bool(self.polled_at or self.lines or any(card.is_used for card in self.cards))


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
    cards = [_card(host, agents, waiting, waits, lines) for host, waits in waits_by_host(now).items()]
    cards = [card for card in cards if card.has_machines or card.is_used]
    return AgentsPage(
        cards=cards,
        lines=lines,
        waiting=waiting,
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
        .only("name", "started_at", "finished_at", "status", "result", "build__number", "build__external_id")
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


def agent_score(agent: Agent, now: datetime) -> tuple[Score, MachineVerdict]:
    """Return how an agent did lately, and what that says against its host's other machines."""
    since = (now - BAD_DAYS * DAY).date()
    sums = AgentDay.objects.filter(day__gt=since, agent__host=agent.host).aggregate(
        all=Sum("finished", default=0),
        all_failed=Sum("failed", default=0),
        own=Sum("finished", filter=Q(agent=agent), default=0),
        own_failed=Sum("failed", filter=Q(agent=agent), default=0),
    )
    own = Score(sums["own"], sums["own_failed"])
    return own, _verdict(agent, own, Score(sums["all"], sums["all_failed"]), as_set(RULE))


def bad_agents(agents: Collection[int], now: datetime) -> set[int]:
    """Return those of some agents (by primary key) that were sick lately: one query, none without agents."""
    if not agents:
        return set()
    days = AgentDay.objects.filter(day__gt=(now - BAD_DAYS * DAY).date(), agent__host=Host.ALIBABA)
    sums = days.order_by().values_list("agent").annotate(Sum("finished"), Sum("failed"))
    scores = {agent: Score(finished, failed) for agent, finished, failed in sums}
    host = Score(sum(each.finished for each in scores.values()), sum(each.failed for each in scores.values()))
    rule = as_set(RULE)
    return {agent for agent in agents if agent in scores and judge(scores[agent], host, rule).bad}


def is_low_on_disk(agent: Agent, now: datetime, rule: Rule) -> bool:
    """Tell whether a job warned lately that the agent's disk is almost full, by a rule as admins set it."""
    return agent.low_disk_at is not None and now - agent.low_disk_at < timedelta(hours=rule.limit or 0)


def _job_bar(job: Job, start: datetime, now: datetime) -> Bar | None:
    end = job.finished_at or now
    if job.started_at is None or end < start or job.started_at > start + DAY:
        return None
    words = f"{job.name}, build {job.build}: {job.state}, {duration((end - job.started_at).total_seconds())}"
    return bar(job.started_at, end, (start, start + DAY), BAR_KINDS.get(job.state, "other"), words)


def agent_lines(agents: list[Agent], now: datetime) -> list[AgentLine]:
    """Return each machine with how it did lately, the bad ones first."""
    scores = _scores(now)
    hosts: dict[str, Score] = defaultdict(lambda: NOTHING)
    for agent in agents:
        own, host = scores[agent.pk][0], hosts[agent.host]
        hosts[agent.host] = Score(host.finished + own.finished, host.failed + own.failed)
    rules = as_set(RULE), as_set(DISK)
    lines = [_line(agent, scores[agent.pk], hosts[agent.host], now, *rules) for agent in agents]
    return sorted(lines, key=_bad_first)


def _line(agent: Agent, scores: tuple[Score, Score], host: Score, now: datetime, bad: Rule, disk: Rule) -> AgentLine:
    lately, today = scores
    return AgentLine(agent, today, lately, _verdict(agent, lately, host, bad), is_low_on_disk(agent, now, disk))


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
    return not line.verdict.bad, line.agent.state == State.GONE, natural(line.agent.name)


def _verdict(agent: Agent, own: Score, host: Score, rule: Rule) -> MachineVerdict:
    if agent.host == Host.AZURE:
        return MachineVerdict(False, "A new machine is made for each job: the name says nothing about a machine.")
    return judge(own, host, rule)


def natural(name: str) -> list[tuple[int, str]]:
    """Sort "Azure Pipelines 9" before "Azure Pipelines 10"."""
    words = "".join(letter if letter.isdigit() else f" {letter} " for letter in name).split()
    return [(int(word), "") if word.isascii() and word.isdigit() else (0, word) for word in words]


def _card(
    host: str, agents: Sequence[Agent], waiting: list[Wait], waits: tuple[Waits, Waits], lines: list[AgentLine]
) -> HostCard:
    states = Counter(agent.state for agent in agents if agent.host == host)
    queue = [wait for wait in waiting if wait.host == host]
    own = [line.score for line in lines if line.agent.host == host]
    has_machines = host != Host.GITHUB
    running = 0 if has_machines else running_on(host)
    return HostCard(
        host=host,
        name=Host(host).label,
        online=Agent.count_online(states),
        busy=states[State.BUSY] if has_machines else running,
        idle=states[State.IDLE],
        offline=states[State.OFFLINE],
        disabled=states[State.DISABLED],
        listed=bool(states.keys() - {State.SEEN}),
        has_machines=has_machines,
        queued=len(queue),
        oldest=queue[0] if queue else None,
        today=waits[0],
        week=waits[1],
        score=Score(sum(score.finished for score in own), sum(score.failed for score in own)),
    )


def _unknown_workers(now: datetime) -> list[tuple[str, int]]:
    """Return the workers of no known host, lately: an admin may write a rule for them."""
    jobs = Job.objects.filter(host="", started_at__gt=now - BAD_DAYS * DAY).exclude(worker_name="")
    return list(
        jobs.values_list("worker_name").annotate(jobs=Count("pk")).order_by("-jobs", "worker_name")[:SHOWN_UNKNOWN]
    )


def running_on(host: str) -> int:
    """Count the jobs that run on a host, one machine each: so many are busy where nobody lists machines."""
    return Job.objects.filter(host=host, status=Status.RUNNING).count()
