"""Builds, their jobs, and the agents that these ran on, for programs."""

from collections import defaultdict
from dataclasses import asdict
from datetime import datetime

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Query, Router, Schema

from agents.failures.figures import Figures, chosen, figures
from agents.failures.match import name_of
from agents.migration.api import router as migration
from agents.models import Agent, Build, Failure, Job, TestFailure
from flinkci_dashboard.api.lists import Listing, Paging, Text, answers, listing

router = Router()
router.add_router("", migration)
EXACT = {"provider": "provider", "branch": "branch", "pull": "pull_number", "sha": "version", "result": "result"}


class BuildFilters(Schema):
    """What may be asked of builds; `branch` is without refs/heads/."""

    provider: Text | None = None
    branch: Text | None = None
    pull: int | None = None
    sha: Text | None = None
    result: Text | None = None


class BuildOut(Schema):
    """A build of a CI service; `provider` and `id` name it."""

    provider: str
    id: int
    number: str
    repository: str
    branch: str
    sha: str
    pull: int | None
    reason: str
    status: str
    result: str | None
    attempt: int
    queued_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    url: str


class BuildJobOut(Schema):
    """One attempt of a job of a build."""

    name: str
    attempt: int
    status: str
    result: str | None
    host: str | None
    agent: str | None
    queued_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    failing_tests: list[str]
    cause: str | None


class WholeBuildOut(BuildOut):
    """A build with its jobs."""

    jobs: list[BuildJobOut]


class FailureFilters(Schema):
    """What may be asked of failures: whether a ticket knows them, and which."""

    known: bool | None = None
    ticket: Text | None = None


class FailureOut(Schema):
    """Something that failed at least once; `key` names it, and hits count builds."""

    key: str
    kind: str
    ticket: str | None
    title: str
    summary: str
    hits_1d: int
    hits_7d: int
    hits_30d: int
    first_seen: datetime | None
    last_seen: datetime | None
    providers: list[str]
    branches: list[str]


class AgentFilters(Schema):
    """What may be asked of agents."""

    host: Text | None = None
    state: Text | None = None


class AgentOut(Schema):
    """A machine that runs jobs; `job` is what it runs now."""

    name: str
    host: str | None
    state: str
    job: str | None
    since: datetime | None
    last_seen: datetime | None


@router.get("/builds", response=answers(Listing[BuildOut]))
def builds(request: HttpRequest, filters: Query[BuildFilters], paging: Query[Paging]) -> dict[str, object]:
    """Return builds, those that we saw last first."""
    asked = filters.dict(exclude_none=True)
    rows = Build.objects.filter(**{EXACT[name]: value for name, value in asked.items()})
    return listing(request, rows, paging, "pk", _build)


@router.get("/builds/{provider}/{build_id}", response=answers(WholeBuildOut))
def build(request: HttpRequest, provider: str, build_id: int) -> dict[str, object]:
    """Return one build with its jobs, all attempts."""
    row = get_object_or_404(Build, provider=provider, external_id=build_id)
    failing: dict[int, list[str]] = defaultdict(list)
    for job_id, name in TestFailure.objects.filter(build=row).order_by("pk").values_list("job_id", "test__name"):
        failing[job_id].append(name_of(name).key)
    jobs = row.jobs.select_related("agent").order_by("order", "name", "attempt")
    return _build(row) | {"jobs": [_job(job, failing[job.pk]) for job in jobs]}


@router.get("/agents", response=answers(Listing[AgentOut]))
def agents(request: HttpRequest, filters: Query[AgentFilters], paging: Query[Paging]) -> dict[str, object]:
    """Return every agent that is known."""
    rows = Agent.objects.filter(**filters.dict(exclude_none=True)).select_related("current_job")
    return listing(request, rows, paging, "pk", _agent, newest_first=False)


@router.get("/failures", response=answers(Listing[FailureOut]))
def failures(request: HttpRequest, filters: Query[FailureFilters], paging: Query[Paging]) -> dict[str, object]:
    """Return what has failed, those first that we saw for the first time last."""
    page = listing(request, chosen(filters.known, filters.ticket or ""), paging, "pk", lambda row: row)
    seen = figures(page["results"], timezone.now())
    return page | {"results": [_failure(row, seen[row.pk]) for row in page["results"]]}


def _build(row: Build) -> dict[str, object]:
    return {
        "provider": row.provider,
        "id": row.external_id,
        "number": row.number,
        "repository": row.repository,
        "branch": row.branch,
        "sha": row.version,
        "pull": row.pull_number,
        "reason": row.reason,
        "status": row.status,
        "result": row.result or None,
        "attempt": row.attempt,
        "queued_at": row.queued_at,
        "started_at": row.started_at,
        "finished_at": row.finished_at,
        "url": row.web_url,
    }


def _job(row: Job, failing_tests: list[str]) -> dict[str, object]:
    return {
        "name": row.name,
        "attempt": row.attempt,
        "status": row.status,
        "result": row.result or None,
        "host": row.host or None,
        "agent": row.worker_name or None,
        "queued_at": row.queued_at,
        "started_at": row.started_at,
        "finished_at": row.finished_at,
        "failing_tests": failing_tests,
        "cause": row.cause or None,
    }


def _failure(row: Failure, seen: Figures) -> dict[str, object]:
    told = {name: value for name, value in asdict(seen).items() if name in FailureOut.model_fields}
    return told | {
        "key": row.key,
        "kind": row.kind,
        "ticket": row.ticket_key or None,
        "title": row.key.rpartition(".")[2] if row.test_id else row.key,
        "summary": row.ticket.summary if row.ticket else "",
    }


def _agent(row: Agent) -> dict[str, object]:
    job = row.current_job.name if row.current_job else row.current_name
    return {
        "name": row.name,
        "host": row.host or None,
        "state": row.state,
        "job": job or None,
        "since": row.current_since if job else row.state_since,
        "last_seen": row.seen_at,
    }
