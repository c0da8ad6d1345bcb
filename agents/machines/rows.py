"""Agents, and who waits for one, as their service tells them → rows; right rows are not written."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from agents.builds.requests import jobs_of
from agents.machines.hosts import host_of
from agents.machines.places import Places
from agents.models import Agent, Build, Job, Pool, Waiting
from flinkci_dashboard.clients.facts import AgentFacts, RequestFacts
from flinkci_dashboard.models.writing import Changes

State = Agent.State
SEEN_EVERY = timedelta(minutes=5)  # how exactly "last seen" is kept while nothing else changes


def save_agents(pool: Pool, listed: list[AgentFacts], provider: str, places: Places, now: datetime) -> int:
    """Write a pool's agents; returns how many changed.

    One that was registered anew goes on in the row of its name; one that two passes do not find listed is gone. Where
    `poll_builds` makes the same agent known at the same moment, its row stays, and the next pass fills it in.
    """
    ours = Agent.objects.filter(Q(pool=pool) | Q(pool=None))
    rows = {agent.name: agent for agent in sorted(ours, key=lambda agent: agent.pool_id is not None)}
    jobs = jobs_of((facts.current for facts in listed if facts.current), provider, now)
    changes: Changes[Agent] = Changes()
    names = {facts.name for facts in listed}
    for row in rows.values():
        if row.pool_id == pool.pk and row.name not in names:
            changes.put(row, _absent(row, now))
    for facts in {facts.name: facts for facts in listed}.values():
        row = rows.get(facts.name) or Agent(name=facts.name)
        changes.put(row, _values(row, facts, pool, places, now) | _doing(facts.current, jobs))
    Agent.objects.bulk_create(changes.new, ignore_conflicts=True)
    created, changes.new = len(changes.new), []
    return created + changes.write()


def save_queue(
    requests: Iterable[tuple[Pool, RequestFacts]], unread: Iterable[Pool], provider: str, now: datetime
) -> None:
    """Write who waits for an agent. Who waited for a pool that did not answer (`unread`) is taken to wait still."""
    waiting = [(pool, request) for pool, request in requests if _is_waiting(request)]
    ids = {request.build_id for _, request in waiting if request.build_id}
    builds = {row.external_id: row for row in Build.objects.filter(provider=provider, external_id__in=ids)}
    rows = [
        Waiting(
            pool=pool,
            request_id=request.request_id,
            build=builds.get(request.build_id or 0),
            job_name=request.job_name,
            queued_at=request.queued_at or now,
        )
        for pool, request in waiting
    ]
    fields = ["pool", "build", "job_name", "queued_at"]
    with transaction.atomic():
        gone = Waiting.objects.exclude(pool__in=unread).exclude(request_id__in=[row.request_id for row in rows])
        gone.delete()
        Waiting.objects.bulk_create(rows, update_conflicts=True, unique_fields=["request_id"], update_fields=fields)


def state_of(facts: AgentFacts) -> State:
    """Return what an agent is doing; one that runs a job is busy even when an admin has disabled it for the next."""
    if not facts.online:
        return State.OFFLINE
    if facts.current:
        return State.BUSY
    return State.IDLE if facts.enabled else State.DISABLED


def _values(row: Agent, facts: AgentFacts, pool: Pool, places: Places, now: datetime) -> dict[str, Any]:
    state = state_of(facts)
    again = row.external_id is not None and row.external_id != facts.external_id
    ended = [row.last_job_at, facts.last.finished_at if facts.last else None]
    values = {
        "pool_id": pool.pk,
        "host": host_of(pool.host, facts.name, places.rules) or row.host,
        "external_id": facts.external_id,
        "state": state.value,
        "state_since": _since(row, facts, state, now),
        "version": facts.version,
        "os": facts.os,
        "capabilities": facts.capabilities,
        "registered_at": facts.registered_at,
        "registrations": row.registrations + again,
        "last_job_at": max((moment for moment in ended if moment), default=None),
        "missing_at": None,
    }
    if facts.online and (row.seen_at is None or now - row.seen_at >= SEEN_EVERY or row.state != state):
        values["seen_at"] = now
    return values


def _doing(current: RequestFacts | None, jobs: Mapping[int, Job]) -> dict[str, Any]:
    job = jobs.get(current.request_id) if current else None
    return {
        "current_job_id": job.pk if job else None,
        "current_name": current.job_name if current else "",
        "current_since": (current.assigned_at or current.queued_at) if current else None,
    }


def _since(row: Agent, facts: AgentFacts, state: State, now: datetime) -> datetime:
    """Return since when: its service tells it of the network and of the job; else it is when we first saw it."""
    if state == State.BUSY and facts.current and facts.current.assigned_at:
        return facts.current.assigned_at
    if state == State.OFFLINE and facts.status_since:
        return facts.status_since
    return row.state_since if row.state == state and row.state_since else now


def _absent(row: Agent, now: datetime) -> dict[str, Any]:
    """An agent that a list leaves out is missing at first; when the next list does, too, it is gone."""
    if row.state == State.GONE:
        return {}
    if row.missing_at is None or row.missing_at >= now:
        return {"missing_at": now}
    return {"state": State.GONE.value, "state_since": now, "current_job_id": None, "current_name": ""}


def _is_waiting(request: RequestFacts) -> bool:
    return not (request.assigned_at or request.finished_at or request.result)
