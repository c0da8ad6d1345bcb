"""GitHub's check runs: what the Azure Pipelines app reports on commits of flink-ci's repositories."""

from typing import Any

from flinkci_dashboard.sandbox.accounts import Account
from flinkci_dashboard.sandbox.azure.state import COMPLETED, Build, Job
from flinkci_dashboard.sandbox.calls import Answer, Call
from flinkci_dashboard.sandbox.github.answers import paged, refuse
from flinkci_dashboard.sandbox.github.state import GitHub
from flinkci_dashboard.sandbox.routing import Router

router = Router()
APP = {"id": 9426, "slug": "azure-pipelines", "name": "Azure Pipelines"}
CONCLUSIONS = {"succeeded": "success", "failed": "failure", "canceled": "cancelled", "skipped": "skipped"}
PARAMETERS = ("check_name", "status", "filter", "page", "per_page")


@router.route("GET", "/repos/{owner}/{name}/commits/{sha}/check-runs", *PARAMETERS)
def check_runs(github: GitHub, call: Call, account: Account | None, owner: str, name: str, sha: str) -> Answer:
    """List the check runs of a commit: one for each build, one for each of its jobs."""
    full_name = github.repositories.known(f"{owner}/{name}")
    if github.repositories.commit_facts(full_name, sha) is None:
        return refuse(422, f"No commit found for SHA: {sha}")
    github.azure.move()
    with github.azure.lock:
        builds = [b for b in github.azure.builds.values() if (b.repo, b.version, b.kept) == (full_name, sha, True)]
        shown = [each for build in builds for each in _runs(github, call, build)]
    wanted = {"name": call.query.get("check_name"), "status": call.query.get("status")}
    found = [each for each in shown if all(value in (None, each[field]) for field, value in wanted.items())]
    answer = paged(call, found)
    if answer.status == 200:
        answer.body = {"total_count": len(found), "check_runs": answer.body}
    return answer


def _runs(github: GitHub, call: Call, build: Build) -> list[dict[str, Any]]:
    name = next(name for name, repo in github.azure.definitions.values() if repo == build.repo)
    return [_run(call, build, name, build), *(_run(call, build, f"{name} ({j.plan.name})", j) for j in build.jobs)]


def _run(call: Call, build: Build, name: str, what: Build | Job) -> dict[str, Any]:
    done = (what.status if isinstance(what, Build) else what.state) == COMPLETED
    number = build.id * 1000 + (0 if isinstance(what, Build) else what.request_id % 999 + 1)
    stamps = {"started_at": what.started_at, "completed_at": what.finished_at if done else None}
    return {
        "id": number,
        "name": name,
        "head_sha": build.version,
        "external_id": f"{build.id}|{number}",
        "status": "completed" if done else "in_progress" if what.started_at else "queued",
        "conclusion": CONCLUSIONS.get(what.result or "", "neutral") if done else None,
        "details_url": f"{call.host}/azure/apache-flink/apache-flink/_build/results?buildId={build.id}&view=results",
        "app": APP,
    } | {field: at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else None for field, at in stamps.items()}
