"""Azure Pipelines: builds that move with the clock over pools of agents, and the verbs that meddle with them."""

import random
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from flinkci_dashboard.sandbox.clock import Clock
from flinkci_dashboard.sandbox.pipeline import DEFAULT, HOSTED, JobPlan, plan

PENDING, RUNNING, COMPLETED = "pending", "inProgress", "completed"


@dataclass
class Agent:
    """A machine's agent."""

    id: int
    pool: str
    name: str
    machine: str
    online: bool = True
    enabled: bool = True
    full_disk: bool = False
    failing: float = 0.0  # how often its jobs fail, 0 to 1
    since: datetime | None = None  # of the last change between online and offline
    job: "Job | None" = None
    last: "Job | None" = None


@dataclass
class Job:
    """One attempt of a job of a build."""

    build: "Build"
    plan: JobPlan
    number: int  # its place in the build, for log ids
    request_id: int
    attempt: int = 1
    state: str = PENDING
    result: str | None = None
    ready_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    agent: Agent | None = None
    low_disk: bool = False
    earlier: list["Job"] = field(default_factory=list)

    @property
    def log_id(self) -> int:
        """Return the id of its log."""
        return 10 + 200 * (self.attempt - 1) + self.number


@dataclass
class Build:
    """A build and its jobs, each in its latest attempt."""

    id: int
    repo: str
    branch: str
    version: str
    reason: str
    queued_at: datetime
    message: str = ""
    requested_for: str = "GitHub"
    status: str = "notStarted"
    result: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    jobs: list[Job] = field(default_factory=list)
    kept: bool = True
    changed_at: datetime | None = None


class Azure:
    """One organization with one project."""

    def __init__(self, clock: Clock, heads: Callable[[str], dict[str, str]]) -> None:
        self.clock = clock
        self.heads = heads  # of a repository: a build is of a branch that exists
        self.lock = threading.RLock()
        self.builds: dict[int, Build] = {}
        self.definitions = {
            1: ("apache-flink-ci.flink", "flink-ci/flink"),
            2: ("flink-mirror", "flink-ci/flink-mirror"),
        }
        self.pools = {1: DEFAULT, 2: HOSTED}
        self.agents = _machines()
        self.dice = random.Random(7)  # noqa: S311
        self.sign_in = 203  # how a bad token is answered: 203 (a page), 302 or 401
        self.start_builds = True  # whether a push starts one, as the pipelines' triggers do
        self._requests = 100_000
        self._seen: dict[str, dict[str, str]] = {}
        self._now = clock.now()

    # What the service does by itself ---------------------------------------------------------

    def pushed(self, repo: str, heads: dict[str, str], message: str = "") -> None:
        """Start a build for each branch of a repository that has moved since the last time."""
        with self.lock:
            before = self._seen.get(repo, {})
            self._seen[repo] = dict(heads)
            for branch, sha in heads.items() if self.start_builds else ():
                if before.get(branch) != sha:
                    self.queue(repo, branch, sha, "individualCI", message)

    def queue(self, repo: str, branch: str, version: str, reason: str = "manual", message: str = "") -> Build:
        """Put a build into the queue."""
        with self.lock:
            number = max(self.builds, default=79_000) + 1
            build = Build(number, repo, branch, version, reason, self.clock.now(), message)
            jobs = plan(nightly=reason == "schedule")
            build.jobs = [Job(build, job, place, self._request()) for place, job in enumerate(jobs)]
            self.builds[number] = build
            return build

    def move(self) -> None:
        """Let everything happen that the clock says has happened by now."""
        with self.lock:
            now = self.clock.now()
            while True:
                self._assign(self._now)
                following = min((at for at in self._ends() if at <= now), default=None)
                if following is None:
                    break
                self._now = max(self._now, following)
                self._finish_jobs(self._now)
            self._now = now

    def _ends(self) -> Iterable[datetime]:
        for build in self._unfinished():
            for job in build.jobs:
                if job.state == RUNNING and job.started_at:
                    yield job.started_at + timedelta(minutes=job.plan.minutes)

    def _unfinished(self) -> list[Build]:
        return [build for build in self.builds.values() if build.status not in ("completed",)]

    def _assign(self, now: datetime) -> None:
        for build in self._unfinished():
            ended = {job.plan.key: job.result for job in build.jobs if job.state == COMPLETED}
            for job in build.jobs:
                if job.state != PENDING:
                    continue
                needs = [ended.get(key) for key in job.plan.needs]
                if any(result not in (None, "succeeded") for result in needs):
                    self._end_job(job, "skipped", now)
                elif all(needs):
                    job.ready_at = job.ready_at or max(now, build.queued_at)
                    self._start(job, now)
            self._settle(build, now)

    def _start(self, job: Job, now: datetime) -> None:
        idle = [a for a in self.agents.values() if a.pool == job.plan.pool and a.online and a.enabled and not a.job]
        if idle:
            job.agent, job.state, job.started_at = idle[0], RUNNING, now
            idle[0].job = job
            job.build.status = "inProgress"
            job.build.started_at = job.build.started_at or now

    def _finish_jobs(self, now: datetime) -> None:
        for build in self._unfinished():
            for job in build.jobs:
                due = job.started_at and job.started_at + timedelta(minutes=job.plan.minutes) <= now
                if job.state == RUNNING and due and job.agent:
                    self._end_job(job, "failed" if self.dice.random() < job.agent.failing else "succeeded", now)

    def _end_job(self, job: Job, result: str, now: datetime) -> None:
        job.state, job.result, job.finished_at = COMPLETED, result, now
        if job.agent and job.agent.job is job:
            job.low_disk = job.agent.full_disk
            job.agent.job, job.agent.last = None, job

    def _settle(self, build: Build, now: datetime) -> None:
        if all(job.state == COMPLETED for job in build.jobs):
            results = {job.result for job in build.jobs}
            worst = next((each for each in ("canceled", "failed") if each in results), "succeeded")
            build.status, build.result, build.finished_at = "completed", worst, now

    def _request(self) -> int:
        self._requests += 1
        return self._requests

    # Verbs -----------------------------------------------------------------------------------

    def of(self, branch: str) -> list[Build]:
        """Return the builds of a branch, oldest first."""
        self.move()
        return [build for build in self.builds.values() if build.branch == branch and build.kept]

    def finish(self, id: int, result: str = "succeeded", failed_jobs: Iterable[str] = ()) -> None:
        """End a build now; `failed_jobs` are keys such as "test_ci.core"."""
        with self.lock:
            build, now, failed = self.builds[id], self.clock.now(), set(failed_jobs)
            build.started_at = build.started_at or now
            for job in build.jobs:
                if job.state != COMPLETED:
                    job.started_at = job.started_at or now
                    job.agent = job.agent or next(a for a in self.agents.values() if a.pool == job.plan.pool)
                    self._end_job(job, self._result_of(job, result, failed), now)
            build.status, build.result, build.finished_at = "completed", result, now

    def _result_of(self, job: Job, result: str, failed: set[str]) -> str:
        if result == "failed":
            failed = failed or {"test_ci.core"}
        if job.plan.key in failed:
            return "failed"
        return "canceled" if result == "canceled" else "succeeded"

    def cancel(self, id: int) -> None:
        """Cancel a build: what runs or waits ends as canceled."""
        with self.lock:
            build, now = self.builds[id], self.clock.now()
            for job in build.jobs:
                if job.state != COMPLETED:
                    self._end_job(job, "canceled", now)
            build.status, build.result, build.finished_at = "completed", "canceled", now

    def retry(self, id: int) -> None:
        """Run the failed, canceled and skipped jobs of a build again, as "Rerun failed jobs" does."""
        with self.lock:
            build = self.builds[id]
            for place, job in enumerate(build.jobs):
                if job.result != "succeeded":
                    again = Job(
                        build, job.plan, job.number, self._request(), job.attempt + 1, earlier=[*job.earlier, job]
                    )
                    build.jobs[place] = again
            build.status, build.result, build.finished_at = "inProgress", None, None

    def expire(self, id: int) -> None:
        """Delete a build, as retention does."""
        with self.lock:
            self.builds[id].kept = False

    def agent(self, name: str) -> Agent:
        """Return an agent by name. Raises StopIteration."""
        return next(agent for agent in self.agents.values() if agent.name == name)

    def set_online(self, name: str, online: bool) -> None:
        """Take an agent off the network, or back on; its job goes on waiting for it."""
        with self.lock:
            agent = self.agent(name)
            agent.online, agent.since = online, self.clock.now()


def _machines() -> dict[int, Agent]:
    agents: dict[int, Agent] = {}
    for machine in range(1, 8):
        for number in range(1, 5):
            id = len(agents) + 1
            agents[id] = Agent(id, DEFAULT, f"AlibabaCI{machine:03}-agent{number:02}", f"AlibabaCI{machine:03}")
    for number in range(1, 11):
        id = len(agents) + 101
        agents[id] = Agent(id, HOSTED, f"Azure Pipelines {number}", f"fv-az{500 + number}")
    return agents
