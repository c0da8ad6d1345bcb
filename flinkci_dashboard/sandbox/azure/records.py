"""How timelines and test results look in Azure DevOps' JSON."""

from datetime import datetime
from typing import Any

from flinkci_dashboard.sandbox.azure.engine import Azure
from flinkci_dashboard.sandbox.azure.pipeline import STAGES
from flinkci_dashboard.sandbox.azure.shapes import POOL_IDS, job_id, stamp, uid
from flinkci_dashboard.sandbox.azure.state import COMPLETED, Build, Job
from flinkci_dashboard.sandbox.calls import Call

HEAD_LOG, WORK_LOG = 5_000, 10_000  # what the logs of a job's two tasks are numbered above its own
LOW_DISK = "Free disk space on / is lower than 5%; Currently used: 95.61%"


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
    stage = uid("stage", name, attempt)
    earlier = [
        {"attempt": n, "timelineId": timeline_id(build, n), "recordId": uid("stage", name, n)}
        for n in range(1, attempt)
    ]
    record = _record(stage, None, "Stage", STAGES[name], name, *_whole(jobs))
    record |= {"attempt": attempt, "previousAttempts": earlier, "order": 1}
    return [record, *(each for place, job in enumerate(jobs, 1) for each in _job(call, build, job, stage, place))]


def _whole(jobs: list[Job]) -> tuple[str, str | None, datetime | None, datetime | None]:
    """Return a stage's state, result, start and end, as its jobs have them."""
    started = min((job.started_at for job in jobs if job.started_at), default=None)
    if any(job.state != COMPLETED for job in jobs):
        return "inProgress" if started else "pending", None, started, None
    results = {job.result for job in jobs}
    result = next((each for each in ("canceled", "failed") if each in results), "succeeded")
    return COMPLETED, result, started, max((job.finished_at for job in jobs if job.finished_at), default=None)


def _job(call: Call, build: Build, job: Job, stage: str, place: int) -> list[dict[str, Any]]:
    key = f"{job.plan.stage}.{job.plan.key}"
    phase, record = uid("phase", key, job.attempt), job_id(job)
    facts = (job.state, job.result, job.started_at, job.finished_at)
    log = _log(call, job.log_id) if job.agent else None
    error = [{"type": "error", "category": "General", "message": job.error}] if job.error else []
    warned = [LOW_DISK, *job.warnings] if job.low_disk else job.warnings
    warning = [{"type": "warning", "category": None, "message": message} for message in warned]
    earlier = [
        {
            "attempt": old.attempt,
            "timelineId": timeline_id(build, old.attempt),
            "recordId": job_id(old),
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
        first = _record(uid("init", key, job.attempt), record, "Task", "Initialize job", None, *facts)
        first |= {"state": COMPLETED, "result": "succeeded", "finishTime": first["startTime"]}
        work = _record(uid("task", key, job.attempt), record, "Task", _task_name(job), None, *facts)
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


def test_results(azure: Azure, build: Build) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Return the test runs that were published, each with its failed results. Python's tests publish none."""
    shown = []
    for job in build.jobs:
        failures = _failures(job)
        passing = azure.passing_runs if job.plan.module not in ("", "python") and job.result else 0
        runs = [*[[]] * passing, *([failures] if failures else [])]
        shown += [(_test_run(build, job, number, failed), failed) for number, failed in enumerate(runs)]
    return shown


def _failures(job: Job) -> list[dict[str, Any]]:
    test = job.failing_test if job.plan.module != "python" else ""
    published = [*([(test, "")] if test else []), *job.published]
    return [
        {
            "id": 100_000 + number,
            "outcome": "Failed",
            "automatedTestName": name,
            "testCaseTitle": name,
            "durationInMs": 61_000.0 + 500 * number,
            "errorMessage": message or "java.lang.AssertionError: expected: 4 but was: 3",
        }
        for number, (name, message) in enumerate(published)
    ]


def _test_run(build: Build, job: Job, number: int, failed: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a run as the API shows it: a matrix job is named in its own reference, a plain one in its phase's."""
    phase, _, name = job.plan.key.partition(".")
    return {
        "id": build.id * 10_000 + job.number * 100 + number,
        "name": job.plan.name,
        "state": "Completed",
        "totalTests": 1200,
        "passedTests": 1200 - len(failed),
        "incompleteTests": 0,
        "notApplicableTests": 0,
        "unanalyzedTests": len(failed),
        "pipelineReference": {
            "pipelineId": build.id,
            "stageReference": {"stageName": job.plan.stage, "attempt": job.attempt},
            "phaseReference": {"phaseName": phase, "attempt": job.attempt},
            "jobReference": {"jobName": name or "__default", "attempt": job.attempt},
        },
    }


def timeline_id(build: Build, attempt: int) -> str:
    """Return the id of the timeline of an attempt."""
    return uid("timeline", build.id, attempt)
