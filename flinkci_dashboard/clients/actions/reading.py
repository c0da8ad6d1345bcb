"""GitHub Actions' JSON → values: a run is a build, a called workflow is a stage, a job is a job."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from flinkci_dashboard.clients.facts import BuildFacts, DefinitionFacts, JobFacts, Reason, Result, StageFacts, Status
from flinkci_dashboard.clients.facts import Timeline as Jobs
from flinkci_dashboard.clients.values import address, attempt_of, identity, inner, number, text, when

ACTIONS = "actions"
HOSTED = "github"  # whose machines they are that no label asks for by another name
HOSTED_LABELS = ("ubuntu-", "windows-", "macos-")
OWN_LABEL = "self-hosted"
CALLS = " / "  # between the name of a job that calls a workflow and the name of a job in that workflow
STATUS = {"in_progress": Status.RUNNING, "completed": Status.FINISHED}  # all others wait: queued, requested, pending …
RESULT = {
    "success": Result.SUCCEEDED,
    "neutral": Result.PARTIAL,
    "failure": Result.FAILED,
    "cancelled": Result.CANCELED,
    "skipped": Result.SKIPPED,
    "timed_out": Result.TIMED_OUT,
    "startup_failure": Result.STARTUP_FAILURE,
    "action_required": Result.ACTION_REQUIRED,
    "stale": Result.STALE,
}
REASON = {
    "push": Reason.PUSH,
    "schedule": Reason.SCHEDULE,
    "workflow_dispatch": Reason.MANUAL,
    "repository_dispatch": Reason.MANUAL,
    "pull_request": Reason.PULL_REQUEST,
    "pull_request_target": Reason.PULL_REQUEST,
}
NIGHTLY = "nightly"  # stands in the file's name: another workflow starts these, so that their event tells nothing
# Workflows that test no code: they tidy up, publish the documentation, or start others.
UPKEEP = ("docs.yml", "docs-legacy.yml", "stale.yml", "community-review.yml", "nightly-trigger.yml")
NEVER_RAN = (Result.STARTUP_FAILURE, Result.ACTION_REQUIRED, Result.SKIPPED)
RAN = (Result.SUCCEEDED, Result.PARTIAL, Result.TIMED_OUT)  # no job ends so without a machine
BAD = (Result.FAILED, Result.TIMED_OUT)


def run(data: dict[str, Any], asked_at: datetime) -> BuildFacts:
    """Read a run, as it was answered to a question of `asked_at`; of a re-run it tells the latest attempt."""
    status, result = _state(data)
    finished = status is Status.FINISHED
    file = text(data.get("path"), 400).partition("@")[0][:255]
    repository = text(inner(data, "repository").get("full_name"), 140)
    told = inner(data, "head_commit").get("message") or data.get("display_title")
    return BuildFacts(
        provider=ACTIONS,
        external_id=identity(data["id"]),
        number=text(data.get("run_number"), 64),
        definition_id=number(data.get("workflow_id")),
        definition=text(data.get("name"), 255),
        repository=repository,
        branch=text(data.get("head_branch"), 255),
        version=text(data["head_sha"], 40),
        message=text(told, 4000).partition("\n")[0][:500],
        reason=_reason(text(data.get("event"), 40), file),
        status=status,
        result=result,
        queued_at=when(data.get("created_at")),
        started_at=_started(data, status, result),
        finished_at=when(data.get("updated_at")) if finished else None,
        requested_for=_login(data),
        web_url=address(data.get("html_url")),
        asked_at=asked_at,
        attempt=attempt_of(data.get("run_attempt")),
        workflow=file,
        event=text(data.get("event"), 40),
        head_repository=text(inner(data, "head_repository").get("full_name"), 140),
        moved_at=when(data.get("updated_at")),
        aside=file.rpartition("/")[2] in UPKEEP,
    )


def timeline(items: Iterable[Any], attempt: int) -> Jobs:
    """Read the jobs of one attempt; those that it inherits, which ended in an earlier one, count there."""
    ours = [each for each in items if isinstance(each, dict) and (number(each.get("run_attempt")) or 1) == attempt]
    seen: dict[str, int] = {}
    jobs = []
    for order, data in enumerate(ours):
        name = text(data.get("name"), 255)
        seen[name] = seen.get(name, 0) + 1
        jobs.append(_job(data, name if seen[name] == 1 else f"{name[:240]} ({seen[name]})", attempt, order))
    return Jobs(_stages(jobs, attempt), tuple(jobs), (), whole=True)


def workflow(data: dict[str, Any], repository: str) -> DefinitionFacts:
    """Read a workflow."""
    facts = (text(data.get("name"), 255), repository, text(data.get("path"), 255), text(data.get("state"), 20))
    return DefinitionFacts(identity(data["id"]), *facts)


def caller(name: str) -> str:
    """Return what called the workflow that a job belongs to: "Java 11" of "Java 11 / Compile"; "" where nothing did."""
    before, called, _ = name.partition(CALLS)
    return before if called else ""


def _state(data: dict[str, Any]) -> tuple[Status, Result]:
    """Return status and result; some answers give a result in the place of the status."""
    told = str(data.get("status"))
    if told in RESULT:
        return Status.FINISHED, RESULT[told]
    status = STATUS.get(told, Status.QUEUED)
    return status, RESULT.get(str(data.get("conclusion")), Result.NONE) if status is Status.FINISHED else Result.NONE


def _login(data: dict[str, Any]) -> str:
    return text((inner(data, "triggering_actor") or inner(data, "actor")).get("login"), 255)


def _started(data: dict[str, Any], status: Status, result: Result) -> datetime | None:
    if status is Status.QUEUED or result in NEVER_RAN:
        return None
    return when(data.get("run_started_at")) or when(data.get("created_at"))


def _reason(event: str, file: str) -> Reason:
    if event == "workflow_dispatch" and NIGHTLY in file.rpartition("/")[2]:
        return Reason.SCHEDULE
    return REASON.get(event, Reason.OTHER)


def _job(data: dict[str, Any], key: str, attempt: int, order: int) -> JobFacts:
    """Read a job. One that waits may carry a start: it runs only when a machine has it."""
    status, result, ran = _progress(data)
    name, steps = text(data.get("name"), 255), _steps(data)
    finished = status is Status.FINISHED
    bad_steps = [step for step in steps if step.get("conclusion") == "failure"]
    log = identity(data["id"]) if ran and finished else None
    return JobFacts(
        key=key,
        record_id=text(data["id"], 64),
        name=name,
        stage_key=caller(name),
        attempt=attempt,
        order=order,
        status=status,
        result=result,
        ready_at=when(data.get("created_at")),
        started_at=when(data.get("started_at")) if ran else None,
        finished_at=when(data.get("completed_at")) if finished else None,
        worker_name=text(data.get("runner_name"), 255),
        queue_id=None,
        log_id=log,
        failed_log_ids=(log,) if log and result in BAD else (),
        errors=len(bad_steps),
        warnings=0,
        issues=(),
        failed_step_id=text(bad_steps[0].get("number"), 64) if bad_steps else "",
        failed_step_at=when(bad_steps[0].get("started_at")) if bad_steps else None,
        ready_exactly=True,
        host=_host(data),
    )


def _progress(data: dict[str, Any]) -> tuple[Status, Result, bool]:
    """Return how far a job has come, how it ended, and whether a machine ever had it."""
    status, result = _state(data)
    had_machine = bool(text(data.get("runner_name"), 255))
    if status is not Status.FINISHED:
        runs = status is Status.RUNNING and had_machine
        return Status.RUNNING if runs else Status.QUEUED, result, runs
    ran = had_machine or bool(_steps(data)) or result in RAN
    return status, result, ran and result is not Result.SKIPPED


def _steps(data: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for step in data.get("steps") or [] if isinstance(step, dict)]


def _host(data: dict[str, Any]) -> str:
    labels = [str(label) for label in data.get("labels") or []]
    hosted = data.get("runner_group_name") == "GitHub Actions" or any(each.startswith(HOSTED_LABELS) for each in labels)
    return HOSTED if hosted and OWN_LABEL not in labels else ""


def _stages(jobs: list[JobFacts], attempt: int) -> tuple[StageFacts, ...]:
    names = dict.fromkeys(job.stage_key for job in jobs if job.stage_key)
    parts = {name: [job for job in jobs if job.stage_key == name] for name in names}
    return tuple(_stage(name, attempt, order, parts[name]) for order, name in enumerate(names))


def _stage(name: str, attempt: int, order: int, jobs: list[JobFacts]) -> StageFacts:
    starts = [job.started_at for job in jobs if job.started_at]
    ends = [job.finished_at for job in jobs if job.finished_at]
    ended = all(job.status is Status.FINISHED for job in jobs)
    going_on = Status.RUNNING if starts or ends else Status.QUEUED
    return StageFacts(
        key=name,
        name=name,
        attempt=attempt,
        order=order,
        status=Status.FINISHED if ended else going_on,
        result=_worst(jobs) if ended else Result.NONE,
        started_at=min(starts, default=None),
        finished_at=max(ends, default=None) if ended else None,
    )


def _worst(jobs: list[JobFacts]) -> Result:
    order = (*BAD, Result.CANCELED, Result.ACTION_REQUIRED, Result.STALE, Result.PARTIAL, Result.SUCCEEDED)
    found = {job.result for job in jobs}
    return next((result for result in order if result in found), Result.SKIPPED)
