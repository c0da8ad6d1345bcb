"""Agents and requests as Azure tells them → rows; right rows are not written."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from agents.charts.arithmetic import seconds_between
from agents.charts.periods import mark_stale
from agents.machines.hosts import host_of
from agents.machines.places import Places
from agents.models import Agent, Build, Job, Pool, Waiting
from agents.models.builds import Provider
from flinkci_dashboard.clients.facts import AgentFacts, RequestFacts
from flinkci_dashboard.jobs.run import Pass

JobKey = tuple[int | None, str]  # the build's id and the record's, as Azure has them
State = Agent.State
SEEN_EVERY = timedelta(minutes=5)  # how exactly "last seen" is kept while nothing else changes
AGENT_FIELDS = [
    "host",
    "external_id",
    "state",
    "state_since",
    "version",
    "os",
    "capabilities",
    "registered_at",
    "registrations",
    "current_job",
    "current_name",
    "current_since",
    "last_job_at",
    "seen_at",
]


def save_agents(current: Pass, pool: Pool, told: list[AgentFacts], places: Places) -> None:
    """Write a pool's agents. One that was registered anew goes on in the row of its name; one not listed is gone.

    Where `poll_builds` makes the same agent known at the same moment, its row stays, and the next pass fills it in.
    """
    rows = {agent.name: agent for agent in Agent.objects.filter(pool=pool)}
    nameless = {agent.name: agent for agent in Agent.objects.filter(pool=None)}
    jobs = _jobs_of(facts.current for facts in told if facts.current)
    changed = []
    for facts in told:
        row = rows.get(facts.name) or nameless.get(facts.name) or Agent(name=facts.name)
        adopted = row.pk and row.pool_id is None
        row.pool = pool
        if adopted:
            row.save(update_fields=["pool"])
        if _assign(row, _values(row, facts, pool, jobs, places, current.now)):
            changed.append(row)
    missing = [row for name, row in rows.items() if name not in {facts.name for facts in told}]
    changed += [row for row in missing if _assign(row, _gone(row, current.now))]
    Agent.objects.bulk_create([row for row in changed if not row.pk], ignore_conflicts=True)
    Agent.objects.bulk_update([row for row in changed if row.pk], AGENT_FIELDS, batch_size=200)
    if changed:
        current.count("agents_changed", len(changed))


def save_requests(current: Pass, told: dict[Pool, list[RequestFacts]], unread: list[Pool], places: Places) -> None:
    """Write who waits for an agent, and what requests say of jobs: how long they waited, on which agent they ran.

    Who waited for a pool that did not answer (`unread`) is taken to wait still.
    """
    requests = [(pool, request) for pool, found in told.items() for request in found]
    _save_queue(requests, unread, current.now)
    jobs = _jobs_of(request for _, request in requests)
    changed = []
    for pool, request in requests:
        job = jobs.get(_key(request))
        if job and request.queued_at and _assign(job, _told_by(request, job, pool, places)):
            changed.append(job)
    fields = ["queued_at", "queued_exactly", "wait_seconds", "pool", "agent", "host"]
    with transaction.atomic():
        Job.objects.bulk_update(changed, fields, batch_size=200)
        mark_stale(changed)
    if changed:
        current.count("jobs_changed", len(changed))


def state_of(facts: AgentFacts) -> State:
    """Return what an agent is doing; one that runs a job is busy even when an admin has disabled it for the next."""
    if not facts.online:
        return State.OFFLINE
    if facts.current:
        return State.BUSY
    return State.IDLE if facts.enabled else State.DISABLED


def _values(
    row: Agent, facts: AgentFacts, pool: Pool, jobs: dict[JobKey, Job], places: Places, now: datetime
) -> dict[str, Any]:
    state, current = state_of(facts), facts.current
    again = row.external_id is not None and row.external_id != facts.external_id
    ended = [row.last_job_at, facts.last.finished_at if facts.last else None]
    values = {
        "host": host_of(pool.host, facts.name, places.rules) or row.host,
        "external_id": facts.external_id,
        "state": state.value,
        "state_since": _since(row, facts, state, now),
        "version": facts.version,
        "os": facts.os,
        "capabilities": facts.capabilities,
        "registered_at": facts.registered_at,
        "registrations": row.registrations + again,
        "current_job_id": jobs[_key(current)].pk if current and _key(current) in jobs else None,
        "current_name": current.job_name if current else "",
        "current_since": (current.assigned_at or current.queued_at) if current else None,
        "last_job_at": max((moment for moment in ended if moment), default=None),
    }
    online = facts.online
    if online and (row.seen_at is None or now - row.seen_at >= SEEN_EVERY or row.state != state):
        values["seen_at"] = now
    return values


def _since(row: Agent, facts: AgentFacts, state: State, now: datetime) -> datetime:
    """Return since when: Azure tells it of the network and of the job; else it is when we first saw it."""
    if state == State.BUSY and facts.current and facts.current.assigned_at:
        return facts.current.assigned_at
    if state == State.OFFLINE and facts.status_since:
        return facts.status_since
    return row.state_since if row.state == state and row.state_since else now


def _gone(row: Agent, now: datetime) -> dict[str, Any]:
    if row.state == State.GONE:
        return {}
    return {"state": State.GONE.value, "state_since": now, "current_job_id": None, "current_name": ""}


def _told_by(request: RequestFacts, job: Job, pool: Pool, places: Places) -> dict[str, Any]:
    values: dict[str, Any] = {
        "queued_at": request.queued_at,
        "queued_exactly": True,
        "wait_seconds": seconds_between(request.queued_at, request.assigned_at or job.started_at),
        "pool_id": pool.pk,
        "host": pool.host or job.host,
    }
    if request.agent_name:
        host = host_of(pool.host, request.agent_name, places.rules) or job.host
        values |= {"agent_id": places.agent(pool, request.agent_name, host).pk, "host": host}
    return values


def _save_queue(requests: list[tuple[Pool, RequestFacts]], unread: list[Pool], now: datetime) -> None:
    told = [(pool, request) for pool, request in requests if _is_waiting(request)]
    ids = {request.build_id for _, request in told if request.build_id}
    builds = {build.external_id: build for build in Build.objects.filter(provider="azure", external_id__in=ids)}
    rows = [
        Waiting(
            pool=pool,
            request_id=request.request_id,
            build=builds.get(request.build_id or 0),
            job_name=request.job_name,
            queued_at=request.queued_at or now,
        )
        for pool, request in told
    ]
    fields = ["pool", "build", "job_name", "queued_at"]
    with transaction.atomic():
        gone = Waiting.objects.exclude(pool__in=unread).exclude(request_id__in=[row.request_id for row in rows])
        gone.delete()
        Waiting.objects.bulk_create(rows, update_conflicts=True, unique_fields=["request_id"], update_fields=fields)


def _is_waiting(request: RequestFacts) -> bool:
    return not (request.assigned_at or request.finished_at or request.result)


def _key(request: RequestFacts) -> JobKey:
    return request.build_id, request.job_id


def _jobs_of(requests: Iterable[RequestFacts]) -> dict[JobKey, Job]:
    """Return the jobs that are asked for: a record's id is the same in every build, so the build is part of the key."""
    wanted = {_key(request) for request in requests if request.job_id and request.build_id}
    if not wanted:
        return {}
    builds, records = zip(*wanted, strict=True)
    found = Job.objects.filter(build__external_id__in=set(builds), record_id__in=set(records)).select_related("build")
    keyed = {(job.build.external_id, job.record_id): job for job in found.filter(build__provider=Provider.AZURE)}
    return {key: job for key, job in keyed.items() if key in wanted}


def _assign(row: Any, values: dict[str, Any]) -> bool:
    """Set the values; tells whether one of them was different, or the row is new."""
    different = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in different.items():
        setattr(row, name, value)
    return bool(different) or row.pk is None
