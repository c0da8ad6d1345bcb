"""What the sandbox's GitHub Actions keeps: workflows, runs, and jobs whose whole life is planned when they are made."""

from dataclasses import dataclass, field
from datetime import datetime

QUEUED, RUNNING, COMPLETED = "queued", "in_progress", "completed"


@dataclass
class Workflow:
    """A workflow of a repository."""

    id: int
    repo: str
    file: str
    name: str
    state: str = "active"


@dataclass
class Job:
    """One execution of a job: what it is at a moment follows from its times."""

    id: int
    name: str
    attempt: int
    created_at: datetime
    begins_at: datetime
    ends_at: datetime
    conclusion: str  # that it will have
    runner: str = ""  # "": no machine ever takes it
    labels: tuple[str, ...] = ("ubuntu-24.04",)
    module: str = ""
    tests: tuple[str, ...] = ()  # that fail in it
    enqueued_as_started: bool = False  # while it waits, its start is its enqueueing

    def status(self, now: datetime) -> str:
        """Return how far it has come."""
        if now >= self.ends_at:
            return COMPLETED
        return RUNNING if self.runner and now >= self.begins_at else QUEUED

    def cut(self, now: datetime, conclusion: str = "cancelled") -> None:
        """End it now."""
        if self.status(now) == COMPLETED:
            return
        if self.status(now) == QUEUED:
            self.runner = ""
        self.begins_at, self.ends_at, self.conclusion = min(self.begins_at, now), now, conclusion


@dataclass
class Run:
    """A run with all its attempts."""

    id: int
    number: int
    workflow: Workflow
    repo: str
    head_repo: str
    branch: str
    sha: str
    event: str
    actor: str
    message: str
    created_at: datetime
    started_at: datetime
    attempts: list[list[Job]] = field(default_factory=list)
    conclusion: str = ""  # where no job decides it: startup_failure, action_required, stale
    touched_at: datetime | None = None  # when somebody cancelled it, or ran it again

    @property
    def jobs(self) -> list[Job]:
        """Return the jobs of the latest attempt, with those that it inherits."""
        return self.attempts[-1] if self.attempts else []

    def status(self, now: datetime) -> str:
        """Return how far it has come."""
        if self.conclusion:
            return COMPLETED
        states = {job.status(now) for job in self.jobs}
        if states == {COMPLETED}:
            return COMPLETED
        newest = {job.status(now) for job in self.jobs if job.attempt == len(self.attempts)}
        return QUEUED if newest <= {QUEUED} else RUNNING

    def outcome(self, now: datetime) -> str | None:
        """Return how it ended; None until it has."""
        if self.conclusion or self.status(now) != COMPLETED:
            return self.conclusion or None
        found = {job.conclusion for job in self.jobs}
        order = ("failure", "timed_out", "cancelled", "success")
        return next((each for each in order if each in found), "skipped")

    def updated_at(self, now: datetime) -> datetime:
        """Return its last change."""
        times = [at for job in self.jobs for at in (job.begins_at if job.runner else job.created_at, job.ends_at)]
        return max([at for at in (self.created_at, self.started_at, self.touched_at, *times) if at and at <= now])
