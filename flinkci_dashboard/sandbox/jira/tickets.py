"""Jira's tickets: their state, and the verbs that move it."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from flinkci_dashboard.sandbox.clock import Clock

# Names of Flink's own components, blanks as they are.
COMPONENTS = (
    "API / Core", "API / DataStream", "API / Python", "API / Type Serialization System", "Benchmarks",
    "Build System", "Build System / Azure Pipelines", "chinese-translation", "Client / Job Submission",
    "Command Line Client", "Connectors / ElasticSearch", "Connectors / FileSystem", "Connectors / Hive",
    "Connectors / JDBC", "Connectors / Kafka", "Connectors/ RabbitMQ", "Deployment / Kubernetes",
    "Deployment / YARN", "Documentation", "Documentation / Training / Exercises", "Examples",
    "Formats (JSON, Avro, Parquet, ORC, SequenceFile)", "fs", "Runtime / Checkpointing", "Runtime / Configuration",
    "Runtime / Coordination", "Runtime / Metrics", "Runtime / Network", "Runtime / REST", "Runtime / State Backends",
    "Runtime / Task", "Table SQL / API", "Table SQL / Planner", "Table SQL / Runtime", "Test Infrastructure", "Tests",
)  # fmt: skip


@dataclass
class Comment:
    """What somebody said of a ticket."""

    id: int
    author: str
    body: str
    created: datetime


@dataclass
class Ticket:
    """A ticket as Jira keeps it."""

    id: int
    key: str
    summary: str
    components: tuple[str, ...]
    created: datetime
    updated: datetime
    status: str = "Open"
    assignee: str | None = None
    fix_versions: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    comments: list[Comment] = field(default_factory=list)


class Jira:
    """Tickets of all projects; a ticket that moved is found by its old keys too."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self.by_id: dict[int, Ticket] = {}
        self.ids: dict[str, int] = {}  # by every key that a ticket has or had
        self.components = list(COMPONENTS)
        self.login_fails = False  # a good token is answered as nobody's: 200, with a header that says so
        self.search_finds_moved = True  # whether JQL accepts old keys
        self.page_limit = 1000  # the most that one search answers
        self.utc_offset = 0.0  # hours by which the server's zone is ahead of UTC

    def find(self, key: str) -> Ticket | None:
        """Return a ticket by any of its keys."""
        with self.lock:
            found = self.ids.get(key.upper())
            return self.by_id[found] if found else None

    def create(
        self,
        key: str,
        components: Iterable[str] = (),
        summary: str = "Something is wrong",
        status: str = "Open",
        assignee: str | None = None,
        fix_versions: Iterable[str] = (),
        labels: Iterable[str] = (),
    ) -> Ticket:
        """Open a ticket under a given key."""
        with self.lock:
            now, id = self.clock.now(), len(self.by_id) + 13_000_000
            more = (status, assignee, tuple(fix_versions), tuple(labels))
            ticket = Ticket(id, key, summary, tuple(components), now, now, *more)
            self.by_id[id], self.ids[key] = ticket, id
            return ticket

    def many(self, count: int, start: int = 30_000) -> None:
        """Open tickets in bulk: FLINK-<start> and on, each with a component."""
        for number in range(start, start + count):
            self.create(f"FLINK-{number}", [self.components[number % len(self.components)]], f"Ticket {number}")

    def edit(self, key: str, **facts: object) -> None:
        """Change facts of a ticket: components=[…], summary="…", status="…", assignee="…"; none is a mere comment."""
        with self.lock:
            ticket = self._existing(key)
            for name, value in facts.items():
                setattr(ticket, name, tuple(value) if isinstance(value, list) else value)
            ticket.updated = self.clock.now()

    def comment(self, key: str, body: str, author: str = "flinkbot") -> Comment:
        """Say something of a ticket, which counts as a change of it."""
        with self.lock:
            ticket = self._existing(key)
            number = 17_000_000 + sum(len(each.comments) for each in self.by_id.values())
            ticket.comments.append(Comment(number, author, body, self.clock.now()))
            ticket.updated = self.clock.now()
            return ticket.comments[-1]

    def move(self, key: str, new_key: str) -> None:
        """Give a ticket another key; the old one goes on to lead to it."""
        with self.lock:
            ticket = self._existing(key)
            ticket.key, ticket.updated = new_key, self.clock.now()
            self.ids[new_key] = ticket.id

    def delete(self, key: str) -> None:
        """Delete a ticket, or make it invisible: Jira's answer is the same."""
        with self.lock:
            ticket = self._existing(key)
            del self.by_id[ticket.id]
            self.ids = {each: id for each, id in self.ids.items() if id != ticket.id}

    def _existing(self, key: str) -> Ticket:
        ticket = self.find(key)
        if ticket is None:
            raise KeyError(key)
        return ticket
