"""Requests for agents as a service tells them → the jobs that they are for: since when each waited, where it ran."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from agents.charts.arithmetic import seconds_between
from agents.charts.periods import mark_stale
from agents.machines.hosts import host_of
from agents.machines.places import Places
from agents.models import Build, Job, Pool
from flinkci_dashboard.clients.facts import RequestFacts
from flinkci_dashboard.models.writing import Changes

JUST_FINISHED = timedelta(days=1)  # requests of builds that ended before that tell nothing new


def jobs_of(requests: Iterable[RequestFacts], provider: str, now: datetime) -> dict[int, Job]:
    """Return the job of each request, by the request's id, where we know the job.

    A job's id is made of its name, and so the same in every build: the build is part of the key. Attempts may share it
    too; a request is for the last attempt that it can have been for.
    """
    wanted = [request for request in requests if request.build_id and request.job_id]
    if not wanted:
        return {}
    recent = Q(finished_at=None) | Q(finished_at__gt=now - JUST_FINISHED)
    builds = Build.objects.filter(recent, provider=provider, external_id__in={each.build_id for each in wanted})
    numbers = dict(builds.values_list("pk", "external_id"))
    jobs = Job.objects.filter(build__in=numbers, record_id__in={each.job_id for each in wanted})
    attempts: dict[tuple[int | None, str], list[Job]] = defaultdict(list)
    for job in jobs.order_by("attempt"):
        attempts[numbers[job.build_id], job.record_id].append(job)
    found: dict[int, Job] = {}
    for request in wanted:
        fitting = [job for job in attempts[request.build_id, request.job_id] if _may_be_for(request, job)]
        if fitting:
            found[request.request_id] = fitting[-1]
    return found


def save_waits(requests: Iterable[tuple[Pool, RequestFacts]], provider: str, places: Places, now: datetime) -> int:
    """Write what requests say of jobs: how long they waited, on which agent they ran; returns how many changed."""
    told = [(pool, request) for pool, request in requests if request.queued_at]
    jobs = jobs_of((request for _, request in told), provider, now)
    latest = {job.pk: (job, pool, request) for pool, request in told if (job := jobs.get(request.request_id))}
    changes: Changes[Job] = Changes()
    for job, pool, request in latest.values():
        changes.put(job, _values(request, job, pool, places))
    if changes:
        with transaction.atomic():
            changes.write()
            mark_stale(changes.changed)
    return len(changes.changed)


def _may_be_for(request: RequestFacts, job: Job) -> bool:
    """Tell whether a request and an attempt have a time in common."""
    began_after = request.finished_at and job.started_at and job.started_at > request.finished_at
    ended_before = request.queued_at and job.finished_at and job.finished_at < request.queued_at
    return not (began_after or ended_before)


def _values(request: RequestFacts, job: Job, pool: Pool, places: Places) -> dict[str, Any]:
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
