"""How builds, timelines, test results and agents look in Azure DevOps' JSON."""

from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from flinkci_dashboard.sandbox.azure.pipeline import HOSTED, STAGES
from flinkci_dashboard.sandbox.azure.service import COMPLETED, Agent, Azure, Build, Job
from flinkci_dashboard.sandbox.http import Call

HEAD_LOG, WORK_LOG = 5_000, 10_000  # what the logs of a job's two tasks are numbered above its own
POOL_IDS = {"Default": 1, HOSTED: 2}
LOW_DISK = "Free disk space on / is lower than 5%; Currently used: 95.61%"


def build_json(azure: Azure, call: Call, build: Build) -> dict[str, Any]:
    """Return a build as the API shows it."""
    definition = next(id for id, (_, repo) in azure.definitions.items() if repo == build.repo)
    address = f"{call.address}/apache-flink/apache-flink"
    shown = {
        "id": build.id,
        "buildNumber": build.number,
        "status": build.status,
        "result": build.result,
        "queueTime": stamp(build.queued_at),
        "startTime": stamp(build.started_at),
        "finishTime": stamp(build.finished_at),
        "sourceBranch": f"refs/heads/{build.branch}",
        "sourceVersion": build.version,
        "reason": build.reason,
        "priority": "normal",
        "definition": {"id": definition, "name": azure.definitions[definition][0], "type": "build"},
        "project": {"id": uid("project"), "name": "apache-flink", "visibility": "public"},
        "queue": {"id": 11, "name": "Default", "pool": {"id": 1, "name": "Default"}},
        "repository": {"id": build.repo, "type": "GitHub", "url": None},
        "requestedFor": {"displayName": build.requested_for, "id": uid(build.requested_for)},
        "triggerInfo": {"ci.sourceBranch": build.branch, "ci.sourceSha": build.version, "ci.message": build.message},
        "url": f"{address}/_apis/build/Builds/{build.id}",
        "_links": {"web": {"href": f"{address}/_build/results?buildId={build.id}"}},
    }
    return {name: value for name, value in shown.items() if value is not None}


def definition_json(azure: Azure, id: int, full: bool = True) -> dict[str, Any]:
    """Return a pipeline as the API shows it: in short, or with all properties."""
    name, repo = azure.definitions[id]
    variables = {"MAVEN_CACHE_FOLDER": {"value": "$(Pipeline.Workspace)/.m2/repository"}}
    groups: list[dict[str, Any]] = (
        [{"id": 3, "name": "flink-mirror-secrets"}] if repo == "flink-ci/flink-mirror" else []
    )
    shown = {"id": id, "name": name, "type": "build", "queueStatus": "enabled", "path": "\\"}
    if not full:
        return shown
    return shown | {"repository": {"id": repo, "type": "GitHub"}, "variables": variables, "variableGroups": groups}


def timeline_json(call: Call, build: Build, timeline: str = "") -> dict[str, Any]:
    """Return the records of the latest attempts, or those of the timeline of an earlier one."""
    records: list[dict[str, Any]] = []
    for name in dict.fromkeys(job.plan.stage for job in build.jobs):
        jobs = [job for job in build.jobs if job.plan.stage == name]
        if timeline:
            jobs = [old for job in jobs for old in job.earlier if timeline_id(build, old.attempt) == timeline]
        if jobs:
            records += _stage(call, build, name, jobs)
    id = timeline or timeline_id(build, max(job.attempt for job in build.jobs))
    return {"id": id, "changeId": 7, "lastChangedBy": uid("system"), "records": records}


def _stage(call: Call, build: Build, name: str, jobs: list[Job]) -> list[dict[str, Any]]:
    attempt = max(job.attempt for job in jobs)
    stage = uid("stage", build.id, name, attempt)
    earlier = [
        {"attempt": n, "timelineId": timeline_id(build, n), "recordId": uid("stage", build.id, name, n)}
        for n in range(1, attempt)
    ]
    started = [job.started_at for job in jobs if job.started_at]
    done = all(job.state == COMPLETED for job in jobs)
    ended = [job.finished_at for job in jobs if job.finished_at] if done else []
    results = {job.result for job in jobs}
    result = next((each for each in ("canceled", "failed") if each in results), "succeeded") if done else None
    state = "completed" if done else "inProgress" if started else "pending"
    record = _record(
        stage, None, "Stage", STAGES[name], name, state, result, min(started, default=None), max(ended, default=None)
    )
    record |= {"attempt": attempt, "previousAttempts": earlier, "order": 1}
    return [record, *(each for place, job in enumerate(jobs, 1) for each in _job(call, build, job, stage, place))]


def _job(call: Call, build: Build, job: Job, stage: str, place: int) -> list[dict[str, Any]]:
    key = f"{job.plan.stage}.{job.plan.key}"
    phase, record = uid("phase", build.id, key, job.attempt), uid("job", build.id, key, job.attempt)
    facts = (job.state, job.result, job.started_at, job.finished_at)
    log = _log(call, job.log_id) if job.agent else None
    error = [{"type": "error", "category": "General", "message": job.error}] if job.error else []
    warning = [{"type": "warning", "category": None, "message": LOW_DISK}] if job.low_disk else []
    earlier = [
        {
            "attempt": old.attempt,
            "timelineId": timeline_id(build, old.attempt),
            "recordId": uid("job", build.id, key, old.attempt),
        }
        for old in job.earlier
    ]
    above = _record(phase, stage, "Phase", job.plan.key, key, job.state, job.result, job.ready_at, job.finished_at)
    itself = _record(record, phase, "Job", job.plan.name, f"{key}.__default", *facts) | {
        "workerName": job.agent.name if job.agent else None,
        "queueId": 10 + POOL_IDS[job.plan.pool],
        "attempt": job.attempt,
        "previousAttempts": earlier,
        "log": log,
        "issues": error + warning,
        "errorCount": len(error),
        "warningCount": len(warning),
        "order": place,
    }
    records = [above | {"attempt": job.attempt, "order": place}, itself]
    if job.agent:
        first = _record(uid("init", build.id, key, job.attempt), record, "Task", "Initialize job", None, *facts)
        first |= {"state": COMPLETED, "result": "succeeded", "finishTime": first["startTime"]}
        work = _record(uid("task", build.id, key, job.attempt), record, "Task", _task_name(job), None, *facts)
        records.append(first | {"log": _log(call, job.log_id + HEAD_LOG), "order": 1})
        more = {"log": _log(call, job.log_id + WORK_LOG), "order": 2, "issues": error, "errorCount": len(error)}
        records.append(work | more)
    return records


def _log(call: Call, id: int) -> dict[str, Any]:
    return {"id": id, "type": "Container", "url": f"{call.address}/logs/{id}"}


def _task_name(job: Job) -> str:
    if job.plan.module:
        return f"Test - {job.plan.module}"
    return "Run e2e tests" if job.plan.key.startswith("e2e") else "Build"


def _record(
    id: str,
    parent: str | None,
    type: str,
    name: str,
    identifier: str | None,
    state: str,
    result: str | None,
    started: datetime | None,
    finished: datetime | None,
) -> dict[str, Any]:
    return {
        "id": id,
        "parentId": parent,
        "type": type,
        "name": name,
        "identifier": identifier,
        "state": state,
        "result": result,
        "startTime": stamp(started),
        "finishTime": stamp(finished),
        "attempt": 1,
        "previousAttempts": [],
        "issues": None,
    }


def test_results(build: Build) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Return the test runs that were published, each with its failed results. Python's tests publish none."""
    shown = []
    for job in build.jobs:
        test = job.failing_test if job.plan.module != "python" else ""
        if test:
            run = {
                "id": build.id * 1000 + job.number,
                "name": job.plan.name,
                "state": "Completed",
                "pipelineReference": {
                    "pipelineId": build.id,
                    "stageReference": {"stageName": job.plan.stage, "attempt": job.attempt},
                    "jobReference": {"jobName": f"{job.plan.stage}.{job.plan.key}.__default", "attempt": job.attempt},
                },
            }
            failure = {"id": 100000, "outcome": "Failed", "automatedTestName": test, "testCaseTitle": test}
            shown.append((run, [failure | {"errorMessage": "java.lang.AssertionError: expected: 4 but was: 3"}]))
    return shown


def pool_json(azure: Azure, id: int, name: str) -> dict[str, Any]:
    """Return a pool as the API shows it."""
    size = len([agent for agent in azure.agents.values() if agent.pool == name])
    return {
        "id": id,
        "name": name,
        "isHosted": name == HOSTED,
        "poolType": "automation",
        "size": size,
        "isLegacy": False,
    }


def queue_json(azure: Azure, id: int) -> dict[str, Any]:
    """Return a queue as the API shows it."""
    name = azure.pools[id - 10]
    return {"id": id, "name": name, "pool": {"id": id - 10, "name": name, "isHosted": name == HOSTED}}


def agent_json(call: Call, agent: Agent) -> dict[str, Any]:
    """Return an agent as the API shows it, with what was asked for."""
    shown = {
        "id": agent.id,
        "name": agent.name,
        "version": "4.258.1",
        "osDescription": "Linux 5.15.0-139-generic #149-Ubuntu SMP",
        "enabled": agent.enabled,
        "status": "online" if agent.online else "offline",
        "provisioningState": "Provisioned",
        "maxParallelism": 1,
        "createdOn": "2021-03-04T09:11:12.123Z",
        "statusChangedOn": stamp(agent.since),
    }
    capabilities = {"Agent.ComputerName": agent.machine, "Agent.OS": "Linux", "Agent.OSArchitecture": "X64"}
    extras = {
        "systemCapabilities": ("includeCapabilities", capabilities),
        "assignedRequest": ("includeAssignedRequest", request_json(call, agent.job) if agent.job else None),
        "lastCompletedRequest": ("includeLastCompletedRequest", request_json(call, agent.last) if agent.last else None),
    }
    wanted = {name: value for name, (flag, value) in extras.items() if call.query.get(flag, "").lower() == "true"}
    return {name: value for name, value in (shown | wanted).items() if value is not None}


def request_json(call: Call, job: Job) -> dict[str, Any]:
    """Return a job's request for an agent as the API shows it."""
    key = f"{job.plan.stage}.{job.plan.key}"
    address = f"{call.address}/apache-flink/apache-flink/_build/results?buildId={job.build.id}"
    shown = {
        "requestId": job.request_id,
        "queueTime": stamp(job.ready_at),
        "assignTime": stamp(job.started_at),
        "receiveTime": stamp(job.started_at),
        "finishTime": stamp(job.finished_at),
        "result": job.result,
        "planType": "Build",
        "jobId": uid("job", job.build.id, key, job.attempt),
        "jobName": job.plan.name,
        "poolId": POOL_IDS[job.plan.pool],
        "definition": {"id": 1, "name": job.build.repo},
        "owner": {"id": job.build.id, "name": str(job.build.id), "_links": {"web": {"href": address}}},
        "reservedAgent": {"id": job.agent.id, "name": job.agent.name} if job.agent else None,
    }
    return {name: value for name, value in shown.items() if value is not None}


def timeline_id(build: Build, attempt: int) -> str:
    """Return the id of the timeline of an attempt."""
    return uid("timeline", build.id, attempt)


def uid(*parts: object) -> str:
    """Return an id that is always the same for the same thing."""
    return str(uuid5(NAMESPACE_URL, "/".join(map(str, parts))))


def stamp(at: datetime | None) -> str | None:
    """Return a time as Azure writes it: seven digits of a second."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond:06}0Z" if at else None
