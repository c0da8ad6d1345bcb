"""What a CI service tells, in words that belong to no service; and what can go wrong when asking it. PURE"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

RUNS_ON_A_PAGE = 100  # of GitHub Actions
RUNS_TOLD = 1000  # by a list with a filter, however many there are (GitHub's docs, "List workflow runs")


class Status(StrEnum):
    """How far a build, stage or job has come."""

    QUEUED = "queued"  # waits for an agent, or for what comes before it
    RUNNING = "running"
    CANCELLING = "cancelling"  # asked to stop, has not yet
    FINISHED = "finished"


class Result(StrEnum):
    """How a finished build, stage or job ended."""

    NONE = ""  # not finished, or the service does not say
    SUCCEEDED = "succeeded"
    PARTIAL = "partial"  # ended with issues: something that is allowed to fail did
    FAILED = "failed"
    CANCELED = "canceled"
    SKIPPED = "skipped"  # a condition was not met
    ABANDONED = "abandoned"  # the agent was lost
    TIMED_OUT = "timed_out"  # it took longer than it may
    STARTUP_FAILURE = "startup_failure"  # it ended before any job existed
    ACTION_REQUIRED = "action_required"  # somebody has to approve it before it runs
    STALE = "stale"  # its service gave it up


class Reason(StrEnum):
    """Why a build was started."""

    PUSH = "push"
    SCHEDULE = "schedule"
    MANUAL = "manual"
    PULL_REQUEST = "pull_request"
    OTHER = "other"


@dataclass(frozen=True)
class BuildFacts:
    """A build as its service describes it now. Times are aware, UTC."""

    provider: str
    external_id: int
    number: str
    definition_id: int | None
    definition: str
    repository: str  # owner/name, "" where not told
    branch: str  # without refs/heads/; other refs are whole
    version: str  # commit SHA
    message: str  # first line of the commit's message, "" where not told
    reason: Reason
    status: Status
    result: Result
    queued_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    requested_for: str
    web_url: str
    asked_at: datetime | None = None  # when the question left us that this answers
    attempt: int = 0  # the latest one; 0 where not told
    workflow: str = ""  # the file that describes it
    event: str = ""  # what started it, in its service's own word
    head_repository: str = ""  # whose commit it builds
    moved_at: datetime | None = None  # its last change; None where not told
    pull: int | None = None  # the pull request of apache/flink that it was found for
    aside: bool = False  # it tests no branch and no pull request of Flink's


@dataclass(frozen=True)
class RunList:
    """One page of a list of runs; `changed` is False when it is what the ETag stands for, and then it holds nothing."""

    items: tuple[BuildFacts, ...]
    etag: str
    total: int = 0  # that the whole list has
    next: str = ""  # where the list goes on, to be handed in as `at`; "" at its end
    changed: bool = True
    unreadable: int = 0  # items that have not the shape of a run


@dataclass(frozen=True)
class DefinitionFacts:
    """A pipeline or a workflow: what builds are instances of."""

    external_id: int
    name: str
    repository: str
    path: str = ""  # of the file that describes it, where that tells workflows apart
    state: str = "active"  # else in the service's own word


@dataclass(frozen=True)
class Issue:
    """A warning or an error that a job reported."""

    error: bool
    message: str


@dataclass(frozen=True)
class StageFacts:
    """One attempt of a stage."""

    key: str  # the same in every attempt
    name: str
    attempt: int
    order: int
    status: Status
    result: Result
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True)
class JobFacts:
    """One attempt of a job."""

    key: str  # the same in every attempt
    record_id: str  # this attempt's own id, "" where not told
    name: str
    stage_key: str
    attempt: int
    order: int
    status: Status
    result: Result
    ready_at: datetime | None  # when nothing but an agent was missing any more
    started_at: datetime | None
    finished_at: datetime | None
    worker_name: str
    queue_id: int | None
    log_id: int | None
    failed_log_ids: tuple[int, ...]  # logs of the steps that failed
    errors: int
    warnings: int
    issues: tuple[Issue, ...]
    failed_step_id: str = ""  # of the last step that failed and has a log
    failed_step_at: datetime | None = None  # when it began, where all steps have one log
    ready_exactly: bool = False  # `ready_at` is what its service says of this attempt
    host: str = ""  # whose machine it asks for, where its service says so


@dataclass(frozen=True)
class Timeline:
    """The stages and jobs of a build, and the names of the timelines that hold earlier attempts."""

    stages: tuple[StageFacts, ...]
    jobs: tuple[JobFacts, ...]
    earlier: tuple[str, ...]
    whole: bool = False  # a build that has ended has no more jobs than these, be there none


@dataclass(frozen=True)
class PoolFacts:
    """A pool of agents."""

    external_id: int
    name: str
    hosted: bool | None  # None where not told
    size: int | None


@dataclass(frozen=True)
class QueueFacts:
    """A project's door to a pool."""

    external_id: int
    pool_id: int | None
    pool_name: str


@dataclass(frozen=True)
class RequestFacts:
    """A job's request for an agent."""

    request_id: int
    pool_id: int | None
    build_id: int | None
    job_id: str  # the record id of the job's attempt
    job_name: str
    agent_id: int | None
    agent_name: str
    result: Result
    queued_at: datetime | None
    assigned_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True)
class AgentFacts:
    """A registered agent."""

    external_id: int
    pool_id: int
    name: str
    enabled: bool
    online: bool
    version: str
    os: str
    parallel_jobs: int
    registered_at: datetime | None
    status_since: datetime | None
    capabilities: dict[str, str]
    current: RequestFacts | None
    last: RequestFacts | None


@dataclass(frozen=True)
class Tail:
    """The last lines of a log, and which line the first of them is (from 1); 0 where nobody counted those before.

    `step` is the line with which the step begins that one asked for, where all steps have one log.
    """

    first: int
    lines: tuple[str, ...]
    step: int = 1


@dataclass(frozen=True)
class LogFacts:
    """A log of a build, without its text."""

    log_id: int
    lines: int


@dataclass(frozen=True)
class TestFailureFacts:
    """A test that failed, as published by the build itself."""

    __test__ = False  # for pytest, which collects what is called so

    test: str
    message: str
    stage_key: str  # "" where not told
    job_key: str  # "" where not told
    attempt: int | None  # of the job; None where not told
    seconds: float | None = None  # it ran; None where not told
    run_tests: int = 0  # how many ran together with it, and how many of those failed; 0 where not told
    run_failed: int = 0


@dataclass(frozen=True)
class Pipeline:
    """A pipeline's definition, as far as secrets go. Names only: no value is ever read."""

    id: int
    name: str
    repository: str  # owner/name
    variables: frozenset[str] = frozenset()  # those that are set in the pipeline, secret or not
    secret_variables: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()  # variable groups that the definition names
    builds_forks: bool = False  # pull requests from forks start it
    forks_see_secrets: bool = False


@dataclass(frozen=True)
class VariableGroup:
    """A variable group, and which pipelines may use it from their YAML."""

    name: str
    has_secrets: bool
    for_all_pipelines: bool
    pipelines: frozenset[int] = frozenset()
    variables: frozenset[str] = frozenset()  # names, secret or not
    secret_variables: frozenset[str] = frozenset()


@dataclass(frozen=True)
class TokenVerdict:
    """How a service answered to a token. `works` is None when it did not answer: nothing is known then."""

    works: bool | None
    problem: str = ""
    account: str = ""
    scopes: frozenset[str] | None = None  # None: the service does not tell
    missing: frozenset[str] = frozenset()  # wanted, and found not to be allowed
    expires_at: datetime | None = None  # None: never, or the service does not tell
    quota_left: int | None = None  # requests, in the current window
    quota_limit: int | None = None
