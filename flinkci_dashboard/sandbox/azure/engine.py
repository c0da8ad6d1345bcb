"""Azure Pipelines: builds that move with the clock over pools of agents, and the verbs that meddle with them."""

import copy
import heapq
import itertools
import threading
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial

from flinkci_dashboard.sandbox.azure.causes import Cause, Truth
from flinkci_dashboard.sandbox.azure.pipeline import plan
from flinkci_dashboard.sandbox.azure.state import COMPLETED, PENDING, RUNNING, Agent, Build, Job
from flinkci_dashboard.sandbox.azure.switches import Switches
from flinkci_dashboard.sandbox.azure.truth import fails
from flinkci_dashboard.sandbox.clock import Clock
from flinkci_dashboard.sandbox.replica import Replica

JOB_RESULTS = {"failed": "succeeded", "partiallySucceeded": "succeeded", "none": "skipped"}  # of a build → of its jobs
PATIENCE = 10  # minutes that Azure waits for an agent that went away in the middle of a job


class Azure(Switches):
    """One organization with one project."""

    def __init__(self, clock: Clock, heads: Callable[[str], dict[str, str]]) -> None:
        super().__init__()
        self.clock = clock
        self.heads = heads  # of a repository: a build is of a branch that exists
        self.lock = threading.RLock()
        self.builds: dict[int, Build] = {}
        self.replica: Replica[Azure] = Replica()
        self._requests = itertools.count(100_001)
        self._seen: dict[str, dict[str, str]] = {}
        self._open: dict[int, Build] = {}
        self._events: list[tuple[datetime, int, Callable[[], object]]] = []
        self._order = itertools.count()
        self._now = clock.now()

    # What the service does by itself ---------------------------------------------------------

    def time(self) -> datetime:
        """Return the time that counts."""
        return self.past or self.clock.now()

    def go_back(self, when: datetime) -> None:
        """Make history: what is done until `return_to_present` is done at this time, which never runs backwards."""
        with self.lock:
            if self.past is None:
                self._now = when
            self.past = when
            self.move()

    def return_to_present(self) -> None:
        """Let happen what had been going to happen until now."""
        with self.lock:
            self.past = None
            self.move()

    def hurry(self, pace: float) -> None:
        """Let jobs take that share of their real time from now on, those that run already included."""
        with self.lock:
            self.move()
            share, self.pace = pace / self.pace, pace
            self._events = [(self._now + (at - self._now) * share, turn, what) for at, turn, what in self._events]
            heapq.heapify(self._events)

    def pushed(self, repo: str, heads: dict[str, str], message: str = "") -> None:
        """Start a build for each branch of a repository that has moved since the last time."""
        with self.lock:
            before = self._seen.get(repo, {})
            self._seen[repo] = dict(heads)
            for branch, sha in heads.items() if self.start_builds else ():
                if before.get(branch) == sha:
                    continue
                if self.trigger_delay:
                    at = self.time() + self.trigger_delay
                    self._at(at, partial(self.queue, repo, branch, sha, "individualCI", message, at))
                else:
                    self.queue(repo, branch, sha, "individualCI", message)

    def seen(self, repo: str, heads: dict[str, str]) -> None:
        """Take branches for built already."""
        self._seen[repo] = dict(heads)

    def queue(
        self,
        repo: str,
        branch: str,
        version: str,
        reason: str = "manual",
        message: str = "",
        at: datetime | None = None,
    ) -> Build:
        """Put a build into the queue, now or as of an event that is being dealt with."""
        with self.lock:
            if at is None:
                self.move()
            number = max(self.builds, default=79_000) + 1
            build = Build(number, repo, branch, version, reason, at or self._now, message)
            jobs = plan(nightly=reason == "schedule")
            build.jobs = [Job(build, job, place, next(self._requests)) for place, job in enumerate(jobs)]
            self.builds[number] = self._open[number] = build
            self._look()
            return build

    def move(self) -> None:
        """Let everything happen that the clock says has happened by now."""
        with self.lock:
            now = self.time()
            while self._events and self._events[0][0] <= now:
                at, _, happen = heapq.heappop(self._events)
                self._now = max(self._now, at)
                happen()
                self._assign(self._now)
            self._now = max(self._now, now)
            self._assign(self._now)

    def _look(self) -> None:
        """Give waiting jobs to idle agents as of now, whenever the world moves next."""
        self._at(self._now, lambda: None)

    def _at(self, when: datetime, happen: Callable[[], object]) -> None:
        event = (when, next(self._order), happen)
        heapq.heappush(self._events, event)

    def _assign(self, now: datetime) -> None:
        for build in list(self._open.values()):
            ended = {job.plan.key: job.result for job in build.jobs if job.state == COMPLETED}
            for job in build.jobs:
                if job.state != PENDING or build.status == "cancelling":
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
            job.agent, job.state, job.started_at = self.dice.choice(idle) if self.lively else idle[0], RUNNING, now
            job.agent.job = job
            job.build.status = "inProgress"
            job.build.started_at = job.build.started_at or now
            minutes = job.plan.minutes * self.pace * (self.dice.uniform(0.85, 1.3) if self.lively else 1.0)
            self._at(now + timedelta(minutes=minutes), partial(self._due, job))

    def _due(self, job: Job) -> None:
        agent = job.agent
        if job.state != RUNNING or agent is None or (agent.since and not agent.online):
            return  # it was cancelled, or nobody hears of it any more
        self._end_job(job, "failed" if fails(self, job, agent) else "succeeded", self._now)

    def _lose(self, job: Job) -> None:
        if job.state == RUNNING and job.agent and not job.agent.online:
            job.cause, job.truth = Cause.LOST, Truth.MACHINE
            self._end_job(job, "failed", self._now)

    def _end_job(self, job: Job, result: str, now: datetime) -> None:
        job.state, job.result, job.finished_at = COMPLETED, result, now
        if job.agent and job.agent.job is job:
            job.low_disk = job.agent.full_disk
            job.agent.job, job.agent.last = None, job

    def _settle(self, build: Build, now: datetime) -> None:
        if all(job.state == COMPLETED for job in build.jobs):
            results = {job.result for job in build.jobs}
            self._end(build, next((each for each in ("canceled", "failed") if each in results), "succeeded"), now)

    def _end(self, build: Build, result: str, now: datetime) -> None:
        build.status, build.result, build.finished_at = "completed", result, now
        self._open.pop(build.id, None)

    # Verbs -----------------------------------------------------------------------------------

    def of(self, branch: str) -> list[Build]:
        """Return the builds of a branch, oldest first."""
        self.move()
        return [build for build in self.builds.values() if build.branch == branch and build.kept]

    def finish(self, id: int, result: str = "succeeded", failed_jobs: Iterable[str] = (), **jobs: str) -> None:
        """End a build now; `failed_jobs` are keys such as "test_ci.core", `jobs` other results by key.

        A build ends as succeeded, partiallySucceeded, failed, canceled or none (nothing of it ran); a job as
        succeeded, succeededWithIssues, failed, canceled, skipped or abandoned.
        """
        with self.lock:
            self.move()
            build, failed = self.builds[id], set(failed_jobs)
            build.started_at = build.started_at or self._now
            if result == "failed":
                failed = failed or {"test_ci.core"}
            for job in build.jobs:
                key = job.plan.key
                if job.state != COMPLETED or key in failed or key in jobs:
                    self._end_as(job, jobs.get(key) or ("failed" if key in failed else JOB_RESULTS.get(result, result)))
            self._end(build, result, self._now)

    def _end_as(self, job: Job, result: str) -> None:
        job.started_at = job.started_at or self._now
        job.agent = job.agent or next(a for a in self.agents.values() if a.pool == job.plan.pool)
        self._end_job(job, result, self._now)
        if result == "skipped":
            job.started_at, job.agent = None, None

    def publish(self, id: int, key: str, tests: Iterable[str], message: str = "") -> None:
        """Let a job of a build, such as "e2e_1_ci", have published failing tests, with a message of one's own."""
        with self.lock:
            self.builds[id].job(key).published += [(test, message) for test in tests]

    def warn(self, id: int, key: str, message: str) -> None:
        """Let a job of a build warn of something."""
        with self.lock:
            self.builds[id].job(key).warnings.append(message)

    def lag(self, then: "Azure | None" = None, path: str = "", times: int | None = None) -> None:
        """Answer questions to addresses like `path` as of `then`, from `remembered` (else from now), until told."""
        self.replica = Replica(then or self.remembered(), path, times)

    def catch_up(self) -> None:
        """Answer from the present again."""
        self.replica = Replica()

    def remembered(self) -> "Azure":
        """Return all this as it is, for `lag`: nothing moves there any more."""
        with self.lock:
            self.move()
            then = copy.copy(self)
            then.builds, then.agents = copy.deepcopy((self.builds, self.agents))
            then._open, then._events = {}, []
            return then

    def cancel(self, id: int, stages: bool = False) -> None:
        """Cancel a build, or its `stages`: after `cancel_delay`, what runs or waits ends as canceled."""
        with self.lock:
            self.move()
            build = self.builds[id]
            again, build.status = build.status == "cancelling", "cancelling"
            if self.cancel_sticks and not (stages and self.cancel_sticks == "stages"):
                return
            if not self.cancel_delay:
                self._end_cancelled(build)
            elif not again:
                self._at(self._now + self.cancel_delay, partial(self._end_cancelled, build))

    def _end_cancelled(self, build: Build) -> None:
        if build.status != "cancelling":
            return
        for job in build.jobs:
            if job.state != COMPLETED:
                self._end_job(job, "canceled", self._now)
        self._end(build, "canceled", self._now)

    def retry(self, id: int) -> None:
        """Run the failed, canceled and skipped jobs of a build again, as "Rerun failed jobs" does."""
        with self.lock:
            self.move()
            build = self.builds[id]
            for place, job in enumerate(build.jobs):
                if job.result != "succeeded":
                    again = Job(
                        build, job.plan, job.number, next(self._requests), job.attempt + 1, earlier=[*job.earlier, job]
                    )
                    build.jobs[place] = again
            build.status, build.result, build.finished_at = "inProgress", None, None
            self._open[build.id] = build
            self._look()

    def expire(self, id: int) -> None:
        """Delete a build, as retention does."""
        with self.lock:
            self.builds[id].kept = False

    def agent(self, name: str) -> Agent:
        """Return an agent by name. Raises StopIteration."""
        return next(agent for agent in self.agents.values() if agent.name == name)

    def set_online(self, name: str, online: bool) -> None:
        """Take an agent off the network, or back on; Azure gives its job up after a while."""
        with self.lock:
            self.move()
            agent = self.agent(name)
            agent.online, agent.since = online, self._now
            if agent.job:
                wait, then = (0.0, self._due) if online else (PATIENCE * self.pace, self._lose)
                self._at(self._now + timedelta(minutes=wait), partial(then, agent.job))
