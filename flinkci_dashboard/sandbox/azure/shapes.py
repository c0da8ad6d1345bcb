"""How builds, pools, agents and requests look in Azure DevOps' JSON."""

from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from flinkci_dashboard.sandbox.azure.engine import Azure
from flinkci_dashboard.sandbox.azure.pipeline import HOSTED
from flinkci_dashboard.sandbox.azure.state import Agent, Build, Job
from flinkci_dashboard.sandbox.calls import Call

POOL_IDS = {"Default": 1, HOSTED: 2}


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
    address = f"{call.address}/apache-flink/apache-flink/_build/results?buildId={job.build.id}"
    shown = {
        "requestId": job.request_id,
        "queueTime": stamp(job.ready_at),
        "assignTime": stamp(job.started_at),
        "receiveTime": stamp(job.started_at),
        "finishTime": stamp(job.finished_at),
        "result": job.result,
        "planType": "Build",
        "jobId": job_id(job),
        "jobName": job.plan.name,
        "poolId": POOL_IDS[job.plan.pool],
        "definition": {"id": 1, "name": job.build.repo},
        "owner": {"id": job.build.id, "name": str(job.build.id), "_links": {"web": {"href": address}}},
        "reservedAgent": {"id": job.agent.id, "name": job.agent.name} if job.agent else None,
    }
    return {name: value for name, value in shown.items() if value is not None}


def job_id(job: Job) -> str:
    """Return the id of a job's attempt: it is made of names, and so the same in every build."""
    return uid("job", job.plan.stage, job.plan.key, job.attempt)


def uid(*parts: object) -> str:
    """Return an id that is always the same for the same thing."""
    return str(uuid5(NAMESPACE_URL, "/".join(map(str, parts))))


def stamp(at: datetime | None) -> str | None:
    """Return a time as Azure writes it: seven digits of a second."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond:06}0Z" if at else None
