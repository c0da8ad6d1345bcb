"""Azure DevOps' JSON → values. Missing, null or odd fields are normal: they become None, "" or the nearest word."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from flinkci_dashboard.clients.facts import (
    AgentFacts,
    BuildFacts,
    DefinitionFacts,
    Issue,
    JobFacts,
    LogFacts,
    PoolFacts,
    QueueFacts,
    Reason,
    RequestFacts,
    Result,
    StageFacts,
    Status,
    Timeline,
)
from flinkci_dashboard.clients.values import (
    LARGEST_SIZE,
    address,
    attempt_of,
    identity,
    inner,
    number,
    size,
    text,
    when,
)

AZURE = "azure"
MAX_ISSUES = 10  # of a job
MAX_MESSAGE = 500  # characters of an issue
SHOWN_CAPABILITIES = ("Agent.ComputerName", "Agent.OSArchitecture", "Agent.OSVersion", "Agent.HomeDirectory", "docker")

BUILD_STATUS = {
    "inProgress": Status.RUNNING,
    "cancelling": Status.CANCELLING,
    "completed": Status.FINISHED,
    "notStarted": Status.QUEUED,
    "postponed": Status.QUEUED,
}
RECORD_STATUS = {"pending": Status.QUEUED, "inProgress": Status.RUNNING, "completed": Status.FINISHED}
RESULT = {
    "succeeded": Result.SUCCEEDED,
    "succeededWithIssues": Result.PARTIAL,
    "partiallySucceeded": Result.PARTIAL,
    "failed": Result.FAILED,
    "canceled": Result.CANCELED,
    "cancelled": Result.CANCELED,
    "skipped": Result.SKIPPED,
    "abandoned": Result.ABANDONED,
}
REASON = {
    "individualCI": Reason.PUSH,
    "batchedCI": Reason.PUSH,
    "schedule": Reason.SCHEDULE,
    "scheduleForced": Reason.SCHEDULE,
    "manual": Reason.MANUAL,
    "userCreated": Reason.MANUAL,
    "pullRequest": Reason.PULL_REQUEST,
}


def build(data: dict[str, Any], asked_at: datetime) -> BuildFacts:
    """Read a build, as it was answered to a question of `asked_at`."""
    definition, repository = inner(data, "definition"), inner(data, "repository")
    trigger = inner(data, "triggerInfo")
    return BuildFacts(
        provider=AZURE,
        external_id=identity(data["id"]),
        number=text(data.get("buildNumber"), 64),
        definition_id=number(definition.get("id")),
        definition=text(definition.get("name"), 255),
        repository=text(repository.get("id") if repository.get("type") != "TfsGit" else repository.get("name"), 140),
        branch=text(data.get("sourceBranch"), 255).removeprefix("refs/heads/"),
        version=text(data.get("sourceVersion"), 40),
        message=text(trigger.get("ci.message"), 4000).partition("\n")[0][:500],
        reason=REASON.get(str(data.get("reason")), Reason.OTHER),
        status=BUILD_STATUS.get(str(data.get("status")), Status.QUEUED),
        result=RESULT.get(str(data.get("result")), Result.NONE),
        queued_at=when(data.get("queueTime")),
        started_at=when(data.get("startTime")),
        finished_at=when(data.get("finishTime")),
        requested_for=text(inner(data, "requestedFor").get("displayName"), 255),
        web_url=address(inner(inner(data, "_links"), "web").get("href")),
        asked_at=asked_at,
    )


def definition(data: dict[str, Any]) -> DefinitionFacts:
    """Read a pipeline's definition."""
    repository = text(inner(data, "repository").get("id"), 140)
    return DefinitionFacts(identity(data["id"]), text(data.get("name"), 255), repository)


def timeline(data: dict[str, Any] | None) -> Timeline:
    """Read a timeline: a tree of records (stage → phase → job → task). It is empty before the build starts."""
    records = [record for record in (data or {}).get("records") or [] if isinstance(record, dict)]
    tree = _Tree(records)
    stages = [record for record in records if record.get("type") == "Stage"]
    jobs = [record for record in records if record.get("type") == "Job"]
    return Timeline(
        tuple(map(_stage, stages)), tuple(_job(record, tree) for record in jobs), _earlier([*stages, *jobs])
    )


def _earlier(records: list[dict[str, Any]]) -> tuple[str, ...]:
    """Return the timelines that hold earlier attempts."""
    attempts = [attempt for record in records for attempt in record.get("previousAttempts") or []]
    return tuple(sorted({str(each["timelineId"]) for each in attempts if each.get("timelineId")}))


def pool(data: dict[str, Any]) -> PoolFacts:
    """Read an agent pool."""
    name, hosted = text(data.get("name"), 255), bool(data.get("isHosted"))
    return PoolFacts(identity(data["id"], LARGEST_SIZE), name, hosted, size(data.get("size")))


def queue(data: dict[str, Any]) -> QueueFacts:
    """Read an agent queue."""
    led_to = inner(data, "pool")
    name = text(led_to.get("name") or data.get("name"), 255)
    return QueueFacts(identity(data["id"], LARGEST_SIZE), number(led_to.get("id")), name)


def agent(data: dict[str, Any], pool_id: int) -> AgentFacts:
    """Read an agent, with its current and last job where those were asked for."""
    capabilities = inner(data, "systemCapabilities") | inner(data, "userCapabilities")
    current, last = data.get("assignedRequest"), data.get("lastCompletedRequest")
    return AgentFacts(
        external_id=identity(data["id"], LARGEST_SIZE),
        pool_id=pool_id,
        name=text(data.get("name"), 255),
        enabled=data.get("enabled") is not False,
        online=data.get("status") == "online",
        version=text(data.get("version"), 64),
        os=text(data.get("osDescription"), 255),
        parallel_jobs=size(data.get("maxParallelism")) or 1,
        registered_at=when(data.get("createdOn")),
        status_since=when(data.get("statusChangedOn")),
        capabilities={name: text(capabilities[name], 255) for name in SHOWN_CAPABILITIES if name in capabilities},
        current=request(current, pool_id) if isinstance(current, dict) else None,
        last=request(last, pool_id) if isinstance(last, dict) else None,
    )


def request(data: dict[str, Any], pool_id: int | None = None) -> RequestFacts:
    """Read a job's request for an agent. `owner` is the build."""
    reserved = inner(data, "reservedAgent")
    return RequestFacts(
        request_id=identity(data["requestId"]),
        pool_id=number(data.get("poolId")) or pool_id,
        build_id=number(inner(data, "owner").get("id")),
        job_id=text(data.get("jobId"), 64),
        job_name=text(data.get("jobName"), 255),
        agent_id=number(reserved.get("id")),
        agent_name=text(reserved.get("name"), 255),
        result=RESULT.get(str(data.get("result")), Result.NONE),
        queued_at=when(data.get("queueTime")),
        assigned_at=when(data.get("assignTime")),
        finished_at=when(data.get("finishTime")),
    )


def log(data: dict[str, Any]) -> LogFacts:
    """Read a log's size."""
    return LogFacts(identity(data["id"]), number(data.get("lineCount")) or 0)


class _Tree:
    """The records of a timeline by id and by parent."""

    def __init__(self, records: list[dict[str, Any]]) -> None:
        self.by_id = {record.get("id"): record for record in records}
        self._children: dict[Any, list[dict[str, Any]]] = {}
        for record in records:
            self._children.setdefault(record.get("parentId"), []).append(record)

    def ancestors(self, record: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield parent, grandparent and so on; a loop in hostile data ends."""
        seen = set()
        while (parent := self.by_id.get(record.get("parentId"))) and parent.get("id") not in seen:
            seen.add(parent.get("id"))
            yield parent
            record = parent

    def children(self, record: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the records below this one, in the order of the run."""
        return sorted(self._children.get(record.get("id"), []), key=lambda child: number(child.get("order")) or 0)


def _stage(record: dict[str, Any]) -> StageFacts:
    return StageFacts(
        key=_key(record),
        name=text(record.get("name"), 255),
        attempt=attempt_of(record.get("attempt")),
        order=_order(record),
        status=RECORD_STATUS.get(str(record.get("state")), Status.QUEUED),
        result=RESULT.get(str(record.get("result")), Result.NONE),
        started_at=when(record.get("startTime")),
        finished_at=when(record.get("finishTime")),
    )


def _job(record: dict[str, Any], tree: _Tree) -> JobFacts:
    steps = tree.children(record)
    failed = [step for step in steps if step.get("result") == "failed" and _log_id(step) is not None]
    above = {str(parent.get("type")): parent for parent in tree.ancestors(record)}
    stage, phase = above.get("Stage"), above.get("Phase")
    facts = _stage(record)
    return JobFacts(
        key=facts.key,
        record_id=text(record.get("id"), 64),
        name=facts.name,
        stage_key=_key(stage) if stage else "",
        attempt=facts.attempt,
        order=facts.order,
        status=facts.status,
        result=facts.result,
        # The timeline has no queue time of a job; its phase starts when what it depends on has ended.
        ready_at=when((phase or stage or {}).get("startTime")),
        started_at=facts.started_at,
        finished_at=facts.finished_at,
        worker_name=text(record.get("workerName"), 255),
        queue_id=size(record.get("queueId")),
        log_id=_log_id(record),
        failed_log_ids=tuple(log for step in failed if (log := _log_id(step)) is not None),
        errors=_order(record, "errorCount"),
        warnings=_order(record, "warningCount"),
        issues=tuple(_issues([record, *steps])),
        failed_step_id=text(failed[-1].get("id"), 64) if failed else "",
    )


def _issues(records: Iterable[dict[str, Any]]) -> list[Issue]:
    found = dict.fromkeys(
        Issue(issue.get("type") == "error", text(issue.get("message"), MAX_MESSAGE))
        for record in records
        for issue in record.get("issues") or []
        if isinstance(issue, dict)
    )
    return sorted(found, key=lambda issue: not issue.error)[:MAX_ISSUES]


def _key(record: dict[str, Any]) -> str:
    return text(record.get("identifier") or record.get("name") or record.get("id"), 255)


def _order(record: dict[str, Any], field: str = "order") -> int:
    return min(max(number(record.get(field)) or 0, 0), LARGEST_SIZE)


def _log_id(record: dict[str, Any]) -> int | None:
    return number(inner(record, "log").get("id"))
