"""How runs and jobs look in GitHub's JSON."""

from datetime import datetime, timedelta
from typing import Any

from flinkci_dashboard.sandbox.actions.data import COMPLETED, RUNNING, Job, Run, Workflow
from flinkci_dashboard.sandbox.actions.workflows import FOLDER
from flinkci_dashboard.sandbox.calls import Call


def run_json(call: Call, run: Run, now: datetime) -> dict[str, Any]:
    """Return a run as the API shows it; the time that it took is not among it."""
    address = f"{call.address}/repos/{run.repo}/actions/runs/{run.id}"
    actor = {"login": run.actor, "type": "Bot" if run.actor.endswith("[bot]") else "User"}
    return {
        "id": run.id,
        "name": run.workflow.name,
        "path": f"{FOLDER}/{run.workflow.file}",
        "workflow_id": run.workflow.id,
        "run_number": run.number,
        "run_attempt": max(len(run.attempts), 1),
        "event": run.event,
        "status": run.status(now),
        "conclusion": run.outcome(now),
        "head_branch": run.branch,
        "head_sha": run.sha,
        "display_title": run.message.partition("\n")[0],
        "head_commit": {"id": run.sha, "message": run.message},
        "actor": actor,
        "triggering_actor": actor,
        "pull_requests": [],
        "repository": _repository(run.repo),
        "head_repository": _repository(run.head_repo),
        "created_at": stamp(run.created_at),
        "updated_at": stamp(run.updated_at(now)),
        "run_started_at": stamp(run.started_at),
        "url": address,
        "html_url": f"{call.host}/git/{run.repo}/actions/runs/{run.id}",
        "jobs_url": f"{address}/jobs",
    }


def job_json(call: Call, run: Run, job: Job, now: datetime) -> dict[str, Any]:
    """Return a job as the API shows it."""
    status = job.status(now)
    done, ran = status == COMPLETED, bool(job.runner) and now >= job.begins_at
    facts = {
        "id": job.id,
        "run_id": run.id,
        "run_attempt": job.attempt,
        "workflow_name": run.workflow.name,
        "head_branch": run.branch,
        "head_sha": run.sha,
        "name": job.name,
        "status": status,
        "conclusion": job.conclusion if done else None,
        "created_at": stamp(job.created_at),
        "started_at": _started(job, ran or done),
        "completed_at": stamp(job.ends_at) if done else None,
        "labels": [] if job.conclusion == "skipped" and done else list(job.labels),
        "steps": _steps(job, status) if ran else [],
        "html_url": f"{call.host}/git/{run.repo}/actions/runs/{run.id}/job/{job.id}",
    }
    return facts | _runner(job, ran)


def _started(job: Job, begun: bool) -> str | None:
    if begun:
        return stamp(job.begins_at)
    return stamp(job.created_at) if job.enqueued_as_started else None


def _runner(job: Job, ran: bool) -> dict[str, Any]:
    if not ran:
        return {"runner_id": 0, "runner_name": "", "runner_group_id": None, "runner_group_name": None}
    facts = {"runner_id": job.id % 10_000, "runner_name": job.runner}
    return facts | {"runner_group_id": 0, "runner_group_name": "GitHub Actions"}


def workflow_json(call: Call, workflow: Workflow) -> dict[str, Any]:
    """Return a workflow as the API shows it."""
    path = f"{FOLDER}/{workflow.file}"
    facts = {"id": workflow.id, "name": workflow.name, "path": path, "state": workflow.state}
    return facts | {"html_url": f"{call.host}/git/{workflow.repo}/blob/master/{path}"}


def stamp(at: datetime) -> str:
    """Return a time as GitHub writes it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _steps(job: Job, status: str) -> list[dict[str, Any]]:
    ends = {"status": status, "conclusion": job.conclusion if status == COMPLETED else None}
    first = {"name": "Set up job", "number": 1, "status": COMPLETED, "conclusion": "success"}
    work = {"name": "Run tests" if job.module else "Work", "number": 2} | ends
    if status not in (RUNNING, COMPLETED):
        return []
    later = job.begins_at + timedelta(seconds=1)
    return [first | {"started_at": stamp(job.begins_at)}, work | {"started_at": stamp(later)}]


def _repository(name: str) -> dict[str, Any]:
    return {"full_name": name, "name": name.rpartition("/")[2], "fork": not name.startswith("apache/")}
