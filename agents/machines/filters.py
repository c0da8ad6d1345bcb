"""What people may ask of the agents' list, and its columns; the URL holds it."""

from collections.abc import Iterable
from operator import attrgetter

from agents.machines.figures import AgentLine, natural
from agents.models import Agent, Host
from flinkci_dashboard.web.filters import Choice, FilterForm, Text, unquoted
from flinkci_dashboard.web.tables import Column, Table, count, own

UNKNOWN_HOST = "unknown"  # in addresses, for agents of no known host
AGENTS = Table(
    "agents",
    (
        Column("agent", "Agent", lambda line: line.agent.name, lambda line: natural(line.agent.name)),
        Column("host", "", lambda line: line.agent.host),
        Column("pool", "", lambda line: str(line.agent.pool or "")),
        Column("state", "State", lambda line: line.agent.state, lambda line: line.agent.state),
        Column("since", "", lambda line: line.agent.state_since),
        Column("does", "Does", lambda line: str(line.agent.current_job or line.agent.current_name)),
        Column(
            "jobs_today",
            "Jobs today",
            lambda line: line.today.finished,
            attrgetter("today.finished"),
            True,
            number=True,
        ),
        Column("failed_today", "", lambda line: line.today.failed),
        Column("jobs", "", lambda line: line.score.finished),
        Column("failed", "Failed in 14 days", lambda line: line.score.failed, attrgetter("score.failed"), True),
        Column("bad", "", lambda line: line.verdict.bad),
        Column("low_disk", "", lambda line: line.low_disk),
        Column("seen", "Last seen", lambda line: line.agent.heard_at, lambda line: line.agent.heard_at, True),
    ),
    per_page=500,
)
WAITING = Table(
    "waiting-jobs",
    (
        Column("job", "Job", lambda wait: wait.job_name, lambda wait: wait.job_name),
        Column("build", "Build", lambda wait: wait.build_id, lambda wait: wait.build_id),
        Column("branch", "", lambda wait: wait.branch),
        Column("pool", "Pool", lambda wait: wait.pool, lambda wait: wait.pool),
        Column("since", "Since", lambda wait: wait.queued_at, lambda wait: wait.queued_at),
        Column("problem", "", lambda wait: wait.problem),
    ),
    per_page=30,
)
DAYS = Table(
    "days-of-agent",
    (
        own("day", "Day (UTC)", lambda day: day.start, falling=True),
        Column("bars", "Jobs from 0 to 24 h"),
        count("ended", "Ended", lambda day: day.score.finished),
        count("failed", "Failed", lambda day: day.score.failed),
        Column("busy", "Busy", lambda day: day.busy, number=True),
    ),
)
RAN = Table(
    "jobs-of-agent",
    (
        Column("job", "Job", lambda job: job.name, "name"),
        Column("build", "Build", lambda job: job.build.external_id),
        Column("state", "Result", lambda job: job.state),
        Column("started", "Started", lambda job: job.started_at, "started_at", falling=True),
        Column("finished", "", lambda job: job.finished_at),
        Column(
            "waited_seconds", "Waited", lambda job: job.wait_seconds, "wait_seconds", True, nullable=True, number=True
        ),
        Column("ran_seconds", "Ran", lambda job: job.run_seconds, "run_seconds", True, nullable=True, number=True),
        Column("cause", "", lambda job: job.cause),
    ),
    "-started",
    per_page=30,
)


class AgentFilter(FilterForm):
    """The filter of the agents' list."""

    name = Text("Name")
    host = Choice("Host", [(value or UNKNOWN_HOST, label) for value, label in Host.choices])
    state = Choice("State", Agent.State.choices)

    def narrow(self, lines: Iterable[AgentLine]) -> list[AgentLine]:
        """Return the machines that are asked for."""
        asked = self.asked()
        name, exact = unquoted(asked.get("name", "").lower())
        host, state = asked.get("host"), asked.get("state")
        return [
            line
            for line in lines
            if (line.agent.name.lower() == name if exact else name in line.agent.name.lower())
            and host in (None, line.agent.host or UNKNOWN_HOST)
            and state in (None, line.agent.state)
        ]
