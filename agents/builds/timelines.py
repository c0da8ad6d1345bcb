"""The timeline of a build → rows for its stages and jobs, one for each attempt; right rows are not written."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from agents.charts.arithmetic import seconds_between
from agents.charts.periods import mark_stale
from agents.failures.causes import cause_of_log
from agents.failures.rules import Cause
from agents.machines.places import Places
from agents.models import Agent, Build, Job, Stage, StaleCommit
from agents.models.builds import BAD_RESULTS
from flinkci_dashboard.clients.facts import JobFacts, Result, Status, Timeline

LOW_DISK = "Free disk space on"  # how the agent's warning begins: "Free disk space on / is lower than 5%; …"
STAGE_FIELDS = ["name", "order", "status", "result", "started_at", "finished_at", "latest"]
JOB_FIELDS = [
    *STAGE_FIELDS,
    "stage_key",
    "record_id",
    "pool",
    "queue_id",
    "worker_name",
    "agent",
    "host",
    "head_read",
    "queued_at",
    "wait_seconds",
    "run_seconds",
    "log_id",
    "failed_log_id",
    "failed_step_id",
    "failed_step_at",
    "errors",
    "warnings",
    "issues",
    "low_disk",
    "tests_pending",
    "cause",
    "cause_line",
]
BUILD_FIELDS = ["attempt", "hosts", "failed_jobs", "jobs_pending", "jobs_tried_at", "jobs_missing_at", "jobs_etag"]
GIVE_UP = timedelta(days=1)  # after the ends of a finished build's jobs were first missed
COPIED = (
    *("name", "order", "stage_key", "record_id", "queue_id", "worker_name", "log_id", "failed_step_id"),
    "failed_step_at",
    *("errors", "warnings"),
)
Key = tuple[str, int]  # what it is called in every attempt, and which attempt


@dataclass
class Known:
    """The rows that a build has already."""

    stages: dict[Key, Stage]
    jobs: dict[Key, Job]


def known_rows(builds: Iterable[Build]) -> dict[int, Known]:
    """Return the rows of these builds, by the build's primary key: two queries."""
    found = {build.pk: Known({}, {}) for build in builds}
    for stage in Stage.objects.filter(build__in=found):
        found[stage.build_id].stages[stage.key, stage.attempt] = stage
    for job in Job.objects.filter(build__in=found).select_related("agent", "pool"):
        found[job.build_id].jobs[job.key, job.attempt] = job
    return found


def lacks_attempts(known: Known, timeline: Timeline) -> bool:
    """Tell whether an attempt before those in the timeline is not in our rows, or not with its end."""
    return any(
        (before := known.jobs.get((job.key, job.attempt - 1))) is None or before.status != Status.FINISHED
        for job in timeline.jobs
        if job.attempt > 1
    )


def save_timelines(build: Build, timelines: list[Timeline], known: Known, places: Places, now: datetime) -> int:
    """Write what the timelines (the latest first, then earlier ones) say of a build; returns how many jobs changed.

    Figures that are older than the change are marked as stale in the same transaction.
    """
    stages = _stages(build, timelines, known)
    jobs = _jobs(build, timelines, known, places)
    changed_stages = [row for row in stages if row.is_changed]  # type: ignore[attr-defined]
    changed_jobs = [row for row in jobs if row.is_changed]  # type: ignore[attr-defined]
    with transaction.atomic():
        _keep_exact(changed_jobs)
        _upsert(Stage, changed_stages, STAGE_FIELDS)
        _upsert(Job, changed_jobs, JOB_FIELDS)
        _save_build(build, stages, jobs, now, timelines[0].whole)
        mark_stale(changed_jobs)
        StaleCommit.mark([build.version] if changed_jobs else [])
        _tell_agents(changed_jobs)
    return len(changed_jobs)


def _keep_exact(jobs: list[Job]) -> None:
    """Keep what requests for agents have told since these rows were read, of since when a job waits: it is exact."""
    rough = {job.pk: job for job in jobs if job.pk and not job.queued_exactly}
    if not rough:
        return
    rows = Job.objects.select_for_update(no_key=True).filter(pk__in=rough).order_by("pk")
    for key, exactly, queued_at in rows.values_list("pk", "queued_exactly", "queued_at"):
        if exactly:
            rough[key].queued_at = queued_at
            rough[key].wait_seconds = seconds_between(queued_at, rough[key].started_at)


def _tell_agents(jobs: list[Job]) -> None:
    """Note on the agents when they last worked and warned: where nobody may list the pool, builds alone tell."""
    worked: dict[int, datetime] = {}
    warned: dict[int, datetime] = {}
    for job in jobs:
        if job.agent_id and (at := job.finished_at or job.started_at):
            worked[job.agent_id] = max(at, worked.get(job.agent_id, at))
            if job.low_disk:
                warned[job.agent_id] = max(at, warned.get(job.agent_id, at))
    for field, moments in (("last_job_at", worked), ("low_disk_at", warned)):
        for agent, at in moments.items():
            earlier = Q(**{field: None}) | Q(**{f"{field}__lt": at})
            Agent.objects.filter(earlier, pk=agent).update(**{field: at})


def _stages(build: Build, timelines: list[Timeline], known: Known) -> list[Stage]:
    rows = dict(known.stages)
    for facts in _each_once(stage for timeline in timelines for stage in timeline.stages):
        row = rows.setdefault((facts.key, facts.attempt), Stage(build=build, key=facts.key, attempt=facts.attempt))
        _assign(row, {name: value for name, value in asdict(facts).items() if name in STAGE_FIELDS})
    return _with_latest(rows)


def _jobs(build: Build, timelines: list[Timeline], known: Known, places: Places) -> list[Job]:
    rows = dict(known.jobs)
    told = _each_once(job for timeline in timelines for job in timeline.jobs)
    for facts in sorted(told, key=lambda job: job.attempt):
        row = rows.setdefault((facts.key, facts.attempt), Job(key=facts.key, attempt=facts.attempt))
        row.build = build
        before = rows.get((facts.key, facts.attempt - 1))
        row.queued_exactly = row.queued_exactly or facts.ready_exactly
        told_before = row.queued_exactly and not facts.ready_exactly
        queued_at = row.queued_at if told_before else _ready_at(row, facts, before)
        _assign(row, _job_values(row, facts, places, queued_at))
    return _with_latest(rows)


def _ready_at(row: Job, facts: JobFacts, before: Job | None) -> datetime | None:
    """Return since when nothing but an agent was missing; None where nothing tells.

    What a later attempt depends on may have ended with the first one: then it is ready since it was asked for.
    """
    ended = before.finished_at if before else None
    if facts.attempt == 1 or facts.ready_exactly or (facts.ready_at and ended and facts.ready_at >= ended):
        return facts.ready_at
    if row.queued_at or row.build.retried_at is None:
        return row.queued_at
    return min(row.build.retried_at, facts.started_at or row.build.retried_at)


def _job_values(row: Job, facts: JobFacts, places: Places, queued_at: datetime | None) -> dict[str, Any]:
    place = places.of(row, facts)
    failed = facts.status is Status.FINISHED and facts.result in BAD_RESULTS
    return (
        {name: getattr(facts, name) for name in COPIED}
        | {
            "status": facts.status.value,
            "result": facts.result.value,
            "started_at": facts.started_at,
            "finished_at": facts.finished_at,
            "pool": place.pool,
            "agent": place.agent,
            "host": place.host,
            "head_read": place.head_read,
            "queued_at": queued_at,
            "wait_seconds": seconds_between(queued_at, facts.started_at),
            "run_seconds": seconds_between(facts.started_at, facts.finished_at),
            "failed_log_id": facts.failed_log_ids[-1] if facts.failed_log_ids else None,
            "issues": [asdict(issue) for issue in facts.issues],
            "low_disk": any(LOW_DISK in issue.message for issue in facts.issues),
            "tests_pending": row.tests_pending
            or (failed and row.status != Status.FINISHED and row.build.scope != Build.Scope.OTHER),
        }
        | _cause_without_log(facts)
    )


def _cause_without_log(facts: JobFacts) -> dict[str, str]:
    """Return why a job was cancelled, as its service tells it; what failed is judged by its log, later."""
    if facts.result is not Result.CANCELED:
        return {}
    found = cause_of_log([], told=[issue.message for issue in facts.issues], otherwise=Cause.CANCELLED)
    return {"cause": found.cause, "cause_line": found.line}


def _assign(row: Stage | Job, values: dict[str, Any]) -> None:
    """Set the values, and remember whether one of them was different."""
    row.is_changed = row.pk is None or getattr(row, "is_changed", False)  # type: ignore[union-attr]
    for name, value in values.items():
        if getattr(row, name) != value:
            row.is_changed = True  # type: ignore[union-attr]
            setattr(row, name, value)


def _each_once(facts: Iterable[Any]) -> Iterable[Any]:
    """Yield the first of those that are the same attempt of the same thing."""
    seen: set[Key] = set()
    for fact in facts:
        if (fact.key, fact.attempt) not in seen:
            seen.add((fact.key, fact.attempt))
            yield fact


def _with_latest(rows: dict[Key, Any]) -> list[Any]:
    newest: dict[str, int] = {}
    for key, attempt in rows:
        newest[key] = max(attempt, newest.get(key, 0))
    for (key, attempt), row in rows.items():
        _assign(row, {"latest": attempt == newest[key]})
    return list(rows.values())


def _upsert(model: type[Stage] | type[Job], rows: list[Any], fields: list[str]) -> None:
    model.objects.bulk_create(  # type: ignore[attr-defined]
        rows,
        update_conflicts=True,
        unique_fields=["build", "key", "attempt"],
        update_fields=fields,
        batch_size=500,
    )


def _save_build(build: Build, stages: list[Stage], jobs: list[Job], now: datetime, whole: bool) -> None:
    latest = [job for job in jobs if job.latest]
    build.attempt = max(build.attempt, *(row.attempt for row in (*stages, *jobs)), 1)
    build.hosts = ",".join(sorted({job.host for job in jobs if job.host}))
    build.failed_jobs = min(sum(job.result in BAD_RESULTS for job in latest), 32767)
    twice_empty = whole and build.jobs_missing_at is not None  # one answer is not the truth
    ran = bool(jobs) or build.started_at is None or twice_empty
    note_read(build, ran and all(job.status == Status.FINISHED for job in jobs), now)


def note_read(build: Build, complete: bool, now: datetime) -> None:
    """Note that a build's jobs were asked for, and whether the end of each is known.

    A finished build whose jobs are not all told is asked again, for a day; then nobody waits for them any more.
    """
    finished = build.status == Status.FINISHED
    build.jobs_tried_at = now
    build.jobs_missing_at = (build.jobs_missing_at or now) if finished and not complete else None
    given_up = build.jobs_missing_at is not None and now - build.jobs_missing_at >= GIVE_UP
    build.jobs_pending = not finished or not (complete or given_up)
    build.save(update_fields=BUILD_FIELDS)
    if given_up:
        Job.objects.filter(~Q(status=Status.FINISHED), build=build).update(status=Status.FINISHED)


def put_off(build: Build, now: datetime) -> None:
    """Note that a build's jobs could not be read: it comes again later, after the others."""
    Build.objects.filter(pk=build.pk).update(jobs_tried_at=now)
