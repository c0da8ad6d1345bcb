"""GitHub Actions lives: runs are started, cancelled by newer ones, run again; nothing but the clock moves them."""

import copy
import itertools
import random
import threading
from datetime import datetime, timedelta

from flinkci_dashboard.sandbox.actions.data import COMPLETED, Job, Run, Workflow
from flinkci_dashboard.sandbox.actions.workflows import CANCELS, NAMES, NIGHTLY, JobPlan, plan
from flinkci_dashboard.sandbox.azure.pipeline import TESTS
from flinkci_dashboard.sandbox.clock import Clock

RERUN_FOR = timedelta(days=30)
MOST_ATTEMPTS = 50
BOT = "github-actions[bot]"
TOO_OLD = "Unable to retry this workflow run because it was created over a month ago"
SWITCHED_OFF = "Unable to retry this workflow run because the workflow is disabled"


class RefusalError(Exception):
    """What GitHub does not do, and its words for it."""


class Actions:
    """Workflows and runs of all repositories; `pace` is how long jobs take, as a share of what Flink's take."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self.pace = 1.0
        self.flaky = 0.0  # share of test jobs that fail for no reason of their commit
        self.broken: set[tuple[str, str]] = set()  # (branch, job's name)
        self.workflows: dict[int, Workflow] = {}
        self.runs: dict[int, Run] = {}
        self.unknown: set[str] = set()  # repositories that are not there (any more)
        self.others: dict[str, bool] = {}  # repositories without git here, and whether they are archived
        self._dice = random.Random(5)  # noqa: S311
        self._ids = itertools.count(17_000_000_001, 7)
        self._numbers = itertools.count(1)

    def rename(self, repo: str, name: str) -> None:
        """Let all that ran in a repository be under its new name."""
        with self.lock:
            for workflow in self.workflows.values():
                workflow.repo = name if workflow.repo == repo else workflow.repo
            for run in self.runs.values():
                run.repo = name if run.repo == repo else run.repo

    def workflow(self, repo: str, file: str) -> Workflow:
        """Return a workflow of a repository, made when it is new."""
        with self.lock:
            found = [each for each in self.workflows.values() if (each.repo, each.file) == (repo, file)]
            made = found[0] if found else Workflow(next(self._ids), repo, file, NAMES.get(file, file))
            return self.workflows.setdefault(made.id, made)

    def repositories(self) -> set[str]:
        """Return the repositories that have workflows, or are there without git."""
        with self.lock:
            return {each.repo for each in self.workflows.values()} | set(self.others)

    def start(
        self,
        repo: str,
        file: str,
        branch: str,
        sha: str,
        event: str = "push",
        actor: str = "ada",
        head_repo: str = "",
        message: str = "",
        at: datetime | None = None,
        conclusion: str = "",
    ) -> Run:
        """Start a run; with a conclusion (startup_failure, action_required, stale) it ends before any job exists."""
        with self.lock:
            workflow, now = self.workflow(repo, file), at or self._now()
            if file in CANCELS:
                self._cancel_older(repo, file, branch, now)
            facts = (head_repo or repo, branch, sha, event, actor, message or "[FLINK-1] Change something")
            run = Run(next(self._ids), next(self._numbers), workflow, repo, *facts, now, now, conclusion=conclusion)
            if not conclusion:
                run.attempts.append(self._jobs(run, plan(file, branch), 1, now))
            self.runs[run.id] = run
            return run

    def nightly(self, repo: str, branch: str, sha: str, at: datetime | None = None) -> Run:
        """Start a nightly, which another workflow dispatches."""
        return self.start(repo, NIGHTLY, branch, sha, "workflow_dispatch", BOT, at=at)

    def finish(self, id: int, conclusion: str = "success", failing: dict[str, tuple[str, ...]] | None = None) -> None:
        """Let a run end now; of a failed one the jobs in `failing` (name → tests) fail, or the last one."""
        with self.lock:
            run, now = self.runs[id], self._now()
            bad = failing or ({run.jobs[-1].name: ()} if conclusion == "failure" else {})
            for job in run.jobs:
                if job.status(now) != COMPLETED or job.name in bad:
                    job.runner, job.created_at = job.runner or self._runner(), min(job.created_at, now)
                    job.begins_at = min(job.begins_at, now)
                    job.ends_at = min(job.ends_at, now)
                    job.conclusion = "failure" if job.name in bad else "success" if bad else conclusion
                    job.tests = bad.get(job.name, ())
            run.touched_at = now

    def cancel(self, id: int, at: datetime | None = None) -> None:
        """Cancel a run."""
        with self.lock:
            run, now = self.runs[id], at or self._now()
            for job in run.jobs:
                job.cut(now)
            run.touched_at = now

    def rerun(self, id: int, everything: bool = False, actor: str = "", at: datetime | None = None) -> None:
        """Run the failed jobs again, or all: a new attempt, which inherits the others. Raises RefusalError."""
        with self.lock:
            run, now = self.runs[id], at or self._now()
            if run.status(now) != COMPLETED or len(run.attempts) >= MOST_ATTEMPTS:
                raise RefusalError("This workflow run cannot be rerun")
            if now - run.created_at > RERUN_FOR:
                raise RefusalError(TOO_OLD)
            if run.workflow.state.startswith("disabled"):
                raise RefusalError(SWITCHED_OFF)
            again, replaced = _again(run, everything)
            kept = [job for job in run.jobs if job.name not in replaced]
            run.attempts.append([*kept, *self._jobs(run, again, len(run.attempts) + 1, now)])
            run.conclusion, run.started_at, run.touched_at = "", now, now
            run.actor = actor or run.actor

    def remembered(self) -> "Actions":
        """Return it as it is now."""
        then = copy.copy(self)
        with self.lock:
            then.workflows, then.runs = copy.deepcopy(self.workflows), copy.deepcopy(self.runs)
        return then

    # ------------------------------------------------------------------------------------------

    def _now(self) -> datetime:
        return self.clock.now().replace(microsecond=0)

    def _cancel_older(self, repo: str, file: str, branch: str, now: datetime) -> None:
        for run in list(self.runs.values()):
            same = (run.repo, run.workflow.file, run.branch) == (repo, file, branch)
            if same and run.status(now) != COMPLETED:
                self.cancel(run.id, now)

    def _jobs(self, run: Run, plans: list[JobPlan], attempt: int, now: datetime) -> list[Job]:
        """Plan the lives of jobs: each waits for what it needs, and for a machine; what it needs decides, too."""
        made: dict[str, Job] = {}
        for each in plans:
            needed = made.get(each.needs)
            if needed and needed.conclusion != "success":
                name = each.matrix or each.name  # a matrix that never unfolds is one job
                at = needed.ends_at
                made.setdefault(name, Job(next(self._ids), name, attempt, at, at, at, "skipped"))
                continue
            made[each.name] = self._job(run, each, attempt, needed.ends_at if needed else now)
        return list(made.values())

    def _job(self, run: Run, planned: JobPlan, attempt: int, created: datetime) -> Job:
        begins = created + timedelta(minutes=self._dice.uniform(0.2, 6) * self.pace)
        ends = begins + timedelta(minutes=planned.minutes * self._dice.uniform(0.9, 1.1) * self.pace)
        is_broken = (run.branch, planned.name) in self.broken
        fails = is_broken or (bool(planned.module) and self._dice.random() < self.flaky)
        tests = TESTS.get(planned.module, ())
        failing = (tests[0] if is_broken else self._dice.choice(tests),) if fails and tests else ()
        labels = ("macos-14",) if planned.name.endswith("macos") else ("ubuntu-24.04",)
        return Job(
            next(self._ids),
            planned.name,
            attempt,
            created.replace(microsecond=0),
            begins.replace(microsecond=0),
            ends.replace(microsecond=0),
            "failure" if fails else "success",
            self._runner(),
            labels,
            planned.module,
            failing,
        )

    def _runner(self) -> str:
        return f"GitHub Actions {1_000_000_000 + self._dice.randrange(10**8)}"


def _again(run: Run, everything: bool) -> tuple[list[JobPlan], set[str]]:
    """Return the jobs that a re-run runs, with those that depend on them; and the names of jobs that they replace."""
    failed = ("failure", "cancelled", "timed_out")
    wanted = {job.name for job in run.jobs if everything or job.conclusion in failed}
    chosen = []
    for each in plan(run.workflow.file, run.branch):
        if each.name in wanted or each.needs in wanted:
            chosen.append(each if each.needs in wanted else JobPlan(each.name, each.minutes, "", each.module))
            wanted.add(each.name)
    return chosen, wanted | {each.matrix for each in chosen if each.matrix}
