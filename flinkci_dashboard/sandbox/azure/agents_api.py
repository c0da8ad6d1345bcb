"""Azure DevOps' agents: pools, who works in them, what they are asked to do, and the queues that lead there."""

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
    name, finished = azure.pools[pool_id], int(call.query.get("completedRequestCount", 25))
    wanted = call.query.get("agentId")
    jobs = [job for build in azure.builds.values() for job in build.jobs if build.kept and _in_pool(job, name)]
    jobs = [job for job in jobs if wanted is None or (job.agent and str(job.agent.id) == wanted)]
    ended = sorted((job for job in jobs if job.finished_at), key=lambda job: job.finished_at, reverse=True)  # type: ignore[arg-type,return-value]
    found = [job for job in jobs if not job.finished_at] + ended[:finished]
    return listed([request_json(call, job) for job in found[: int(call.query.get("$top", 10_000))]])


def _in_pool(job: Job, pool: str) -> bool:
    return job.plan.pool == pool and job.ready_at is not None


@router.route("GET", f"{PROJECT}/distributedtask/queues", "queueIds", "queueNames", "actionFilter")
def queues(azure: Azure, call: Call) -> Answer:
    """List the project's queues."""
    wanted = call.query.get("queueIds")
    ids = [int(id) for id in wanted.split(",")] if wanted else [id + 10 for id in azure.pools]
    return listed([queue_json(azure, id) for id in ids if id - 10 in azure.pools])
