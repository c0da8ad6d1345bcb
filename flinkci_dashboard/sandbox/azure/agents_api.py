"""Azure DevOps' agents: pools, who works in them, what they are asked to do, and the queues that lead there."""

from operator import attrgetter

from flinkci_dashboard.sandbox.azure.answers import PROJECT, listed
from flinkci_dashboard.sandbox.azure.engine import Azure
from flinkci_dashboard.sandbox.azure.shapes import agent_json, pool_json, queue_json, request_json
from flinkci_dashboard.sandbox.azure.state import Job
from flinkci_dashboard.sandbox.calls import Answer, Call
from flinkci_dashboard.sandbox.routing import Router

router = Router()


@router.route("GET", "/_apis/distributedtask/pools", "poolName", "properties", "poolType", "actionFilter")
def pools(azure: Azure, call: Call) -> Answer:
    """List the pools."""
    return listed([pool_json(azure, id, name) for id, name in azure.pools.items()])


AGENT_PARAMETERS = (
    "includeCapabilities",
    "includeAssignedRequest",
    "includeLastCompletedRequest",
    "agentName",
    "demands",
)


@router.route("GET", "/_apis/distributedtask/pools/{pool_id}/agents", *AGENT_PARAMETERS)
def agents(azure: Azure, call: Call, pool_id: int) -> Answer:
    """List a pool's agents."""
    name = azure.pools[pool_id]
    wanted = call.query.get("agentName")
    found = [agent for agent in azure.agents.values() if agent.pool == name and wanted in (None, agent.name)]
    return listed([agent_json(call, agent) for agent in found])


@router.route("GET", "/_apis/distributedtask/pools/{pool_id}/jobrequests", "$top", "completedRequestCount", "agentId")
def job_requests(azure: Azure, call: Call, pool_id: int) -> Answer:
    """List a pool's requests: waiting, running, and the latest finished ones."""
    jobs = _asked_for(azure, azure.pools[pool_id], call.query.get("agentId"))
    ended = sorted((job for job in jobs if job.finished_at), key=attrgetter("finished_at"), reverse=True)
    found = [job for job in jobs if not job.finished_at] + ended[: int(call.query.get("completedRequestCount", 25))]
    return listed([request_json(call, job) for job in found[: int(call.query.get("$top", 10_000))]])


def _asked_for(azure: Azure, pool: str, agent: str | None) -> list[Job]:
    """Return the jobs that have asked a pool for an agent, or those that one agent was given."""
    kept = (job for build in azure.builds.values() if build.kept for job in build.jobs)
    jobs = [job for job in kept if job.plan.pool == pool and job.ready_at]
    return [job for job in jobs if agent is None or (job.agent and str(job.agent.id) == agent)]


@router.route("GET", f"{PROJECT}/distributedtask/queues", "queueIds", "queueNames", "actionFilter")
def queues(azure: Azure, call: Call) -> Answer:
    """List the project's queues."""
    wanted = call.query.get("queueIds")
    ids = [int(id) for id in wanted.split(",")] if wanted else [id + 10 for id in azure.pools]
    return listed([queue_json(azure, id) for id in ids if id - 10 in azure.pools])
