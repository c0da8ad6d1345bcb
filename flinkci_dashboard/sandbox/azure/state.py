"""What Azure Pipelines keeps: agents, builds, and the attempts of their jobs."""

from dataclasses import dataclass, field
from datetime import datetime

from flinkci_dashboard.sandbox.azure.causes import Break, Cause
from flinkci_dashboard.sandbox.azure.pipeline import DEFAULT, EXIT, HOSTED, NO_SPACE, TESTS, JobPlan
from flinkci_dashboard.sandbox.azure.pipeline import test_errors as errors_of_test

PENDING, RUNNING, COMPLETED = "pending", "inProgress", "completed"
LOST = (
    "We stopped hearing from agent {agent}. Verify the agent machine is running and has a healthy network connection. "
    "Anything that terminates an agent process, starves it for CPU, or blocks its network access can cause this error."
)


WORDS = {  # with which jobs fail where no test does
    Cause.DISK: (f"[ERROR] {NO_SPACE}",),
    Cause.COMPILE: ("[ERROR] COMPILATION ERROR : ", "Compiling Flink failed."),
    Cause.STYLE: (
        "[ERROR] src/main/java/org/apache/flink/Foo.java:[31,8] (imports) UnusedImports: Unused import.",
        "License Check failed. See previous output for details.",
    ),
    Cause.NETWORK: ("fatal: unable to access 'https://github.com/apache/flink/': Could not resolve host: github.com",),
}


@dataclass
class Agent:
    """A machine's agent."""

    id: int
    pool: str
    name: str
    machine: str
    online: bool = True
    enabled: bool = True
    full_disk: bool = False  # its jobs warn of it
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
    cause: Cause = Cause.TEST
    chosen: int = 0  # which of its module's tests fails
    test: str = ""  # or which other one
    truth: str = ""  # whose its failure is
    ready_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    agent: Agent | None = None
    low_disk: bool = False
    published: list[tuple[str, str]] = field(default_factory=list)  # failing tests, each with a message
    warnings: list[str] = field(default_factory=list)
    says: list[str] = field(default_factory=list)  # in its log, before its end
    earlier: list["Job"] = field(default_factory=list)

    @property
    def log_id(self) -> int:
        """Return the id of its log; those of its tasks are some thousands higher."""
        return 10 + 200 * (self.attempt - 1) + self.number

    @property
    def failing_test(self) -> str:
        """Return the test that made it fail, if one did."""
        tests = (self.test,) if self.test else TESTS.get(self.plan.module, ())
        fails = self.result == "failed" and self.cause == Cause.TEST
        return tests[self.chosen % len(tests)] if fails and tests else ""

    @property
    def error(self) -> str:
        """Return the message of the error that ended it."""
        if self.result != "failed":
            return ""
        return LOST.format(agent=self.agent.name) if self.cause == Cause.LOST and self.agent else EXIT

    @property
    def error_lines(self) -> list[str]:
        """Return how its log ends when it failed; a lost agent writes nothing more."""
        if self.result != "failed" or self.cause == Cause.LOST:
            return []
        if words := WORDS.get(self.cause):
            return [*words, f"##[error]{EXIT}"]
        return errors_of_test(self.failing_test, self.plan.module) if self.failing_test else [f"##[error]{EXIT}"]


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
    breaks: tuple[Break, ...] = ()  # what its commit makes fail

    @property
    def number(self) -> str:
        """Return the number that people call it by."""
        return f"{self.queued_at:%Y%m%d}.{self.id % 100}"

    def job(self, key: str) -> Job:
        """Return the latest attempt of a job by its key, such as "test_ci.core". Raises StopIteration."""
        return next(job for job in self.jobs if job.plan.key == key)


def machines() -> dict[int, Agent]:
    """Return seven donated machines with four agents each, and ten VMs of Azure's."""
    agents: dict[int, Agent] = {}
    for machine in range(1, 8):
        for number in range(1, 5):
            id = len(agents) + 1
            agents[id] = Agent(id, DEFAULT, f"AlibabaCI{machine:03}-agent{number:02}", f"AlibabaCI{machine:03}")
    for number in range(1, 11):
        id = len(agents) + 101
        agents[id] = Agent(id, HOSTED, f"Azure Pipelines {number}", f"fv-az{500 + number}")
    return agents
