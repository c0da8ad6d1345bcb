"""Azure DevOps' addresses of pipelines and builds: lists, single ones, and what one may do to them."""

import json
from datetime import datetime

from flinkci_dashboard.sandbox.azure.answers import PROJECT, kept, listed, refuse
from flinkci_dashboard.sandbox.azure.engine import Azure
from flinkci_dashboard.sandbox.azure.shapes import build_json, definition_json
from flinkci_dashboard.sandbox.azure.state import COMPLETED, Build
from flinkci_dashboard.sandbox.calls import Answer, Call
from flinkci_dashboard.sandbox.routing import Router

INVALID_KIND = "BuildRequestValidationFailedException"
INVALID = "Could not queue the build because there were validation errors or warnings."
BODY_WITH_RETRY = "The request body must be empty when the retry parameter is specified."
LIST_PARAMETERS = (
    "statusFilter", "resultFilter", "reasonFilter", "queryOrder", "minTime", "maxTime", "$top", "continuationToken",
    "branchName", "buildIds", "definitions", "buildNumber", "repositoryId", "repositoryType",
)  # fmt: skip
ORDERS = ("Ascending", "Descending")
ALLOWED = {  # values of parameters that are enumerations
    "statusFilter": {"inProgress", "completed", "cancelling", "postponed", "notStarted", "all", "none"},
    "resultFilter": {"succeeded", "partiallySucceeded", "failed", "canceled", "none"},
    "reasonFilter": {
        "manual",
        "individualCI",
        "batchedCI",
        "schedule",
        "pullRequest",
        "resourceTrigger",
        "all",
        "none",
    },
    "queryOrder": {f"{moment}Time{way}" for moment in ("queue", "start", "finish") for way in ORDERS},
}
router = Router()


@router.route("GET", f"{PROJECT}/build/definitions", "name", "includeAllProperties", "$top", "repositoryId")
def definitions(azure: Azure, call: Call) -> Answer:
    """List the pipelines, with what they build only when all properties are asked for."""
    query = call.query
    known = azure.definitions.items()
    found = [id for id, names in known if query.get("name", names[0]) == names[0]]
    found = [id for id in found if query.get("repositoryId", azure.definitions[id][1]) == azure.definitions[id][1]]
    full = query.get("includeAllProperties", "").lower() == "true"
    return listed([definition_json(azure, id, full) for id in found[: int(query.get("$top", 10_000))]])


@router.route("GET", f"{PROJECT}/build/builds", *LIST_PARAMETERS)
def builds(azure: Azure, call: Call) -> Answer:
    """List builds by status, branch, id or time, in the order asked for."""
    query = call.query
    if problem := _problem(query):
        return refuse(400, "InvalidArgumentValueException", problem)
    found = _ordered(azure, query)
    start, size = int(query.get("continuationToken") or 0), int(query.get("$top") or 1000)
    answer = listed([build_json(azure, call, build) for build in found[start : start + size]])
    if start + size < len(found):
        answer.headers["X-MS-ContinuationToken"] = str(start + size)
    return answer


def _ordered(azure: Azure, query: dict[str, str]) -> list[Build]:
    order = query.get("queryOrder", "queueTimeDescending")
    moment = {"queue": "queued_at", "start": "started_at", "finish": "finished_at"}[order.partition("Time")[0]]
    numbers = {repo: str(id) for id, (_, repo) in azure.definitions.items()}
    known = [each for each in azure.builds.values() if each.kept and each.id not in azure.hidden]
    found = [each for each in known if _fits(each, numbers[each.repo], query, moment)]
    found.sort(key=lambda build: (getattr(build, moment) or build.queued_at, build.id), reverse="Descending" in order)
    return found


def _problem(query: dict[str, str]) -> str:
    """Return what is wrong with the parameters of a list of builds."""
    for name, allowed in ALLOWED.items():
        strange = set(query[name].split(",")) - allowed if name in query else set()
        if strange:
            return f"The value {sorted(strange)} is not valid for {name}."
    if "repositoryId" in query and "repositoryType" not in query:
        return "A repository type is required with a repository id."
    return ""


def _fits(build: Build, definition: str, query: dict[str, str], moment: str) -> bool:
    at = getattr(build, moment)
    wanted: dict[str, list[str | None]] = {
        "branchName": [f"refs/heads/{build.branch}"],
        "statusFilter": [build.status, "all"],
        "resultFilter": [build.result],
        "reasonFilter": [build.reason, "all"],
        "buildIds": [str(build.id)],
        "definitions": [definition],
        "buildNumber": [build.number],
        "repositoryId": [build.repo],
    }
    if any(query.get(name) and not set(query[name].split(",")) & set(values) for name, values in wanted.items()):
        return False
    if query.get("minTime") and (at is None or at < _when(query["minTime"])):
        return False
    return not (query.get("maxTime") and (at is None or at > _when(query["maxTime"])))


def _when(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


@router.route("GET", f"{PROJECT}/build/builds/{{id}}")
def build(azure: Azure, call: Call, id: int) -> Answer:
    """Show one build."""
    return Answer(200, build_json(azure, call, kept(azure, id)))


@router.route("POST", f"{PROJECT}/build/builds")
def queue_build(azure: Azure, call: Call) -> Answer:
    """Queue a build of a branch at a version."""
    wanted = call.json()
    definition = azure.definitions.get(int((wanted.get("definition") or {}).get("id") or 0))
    if definition is None:
        return refuse(404, "DefinitionNotFoundException", "The requested build definition could not be found.")
    branch = str(wanted.get("sourceBranch") or "refs/heads/master").removeprefix("refs/heads/")
    heads = azure.heads(definition[1])
    if branch not in heads:
        return refuse(400, INVALID_KIND, f"Could not find the branch {branch}.")
    version = wanted.get("sourceVersion") or heads[branch]
    if problem := azure.invalid.get(branch) or azure.invalid.get(version):
        results = [{"result": "error", "message": problem}]
        return refuse(400, INVALID_KIND, INVALID, customProperties={"ValidationResults": results})
    made = azure.queue(definition[1], branch, version, "manual")
    return Answer(200, build_json(azure, call, made))


@router.route("PATCH", f"{PROJECT}/build/builds/{{id}}", "retry")
def update_build(azure: Azure, call: Call, id: int) -> Answer:
    """Cancel a build, or run its failed jobs again."""
    found = kept(azure, id)
    body = call.body()
    if call.query.get("retry", "").lower() == "true":
        refusal = _retry(azure, found, body)
    else:
        refusal = _cancel(azure, found, json.loads(body or b"{}"))
    return refusal or Answer(200, build_json(azure, call, found))


def _retry(azure: Azure, build: Build, body: bytes) -> Answer | None:
    if body and azure.retry_takes_no_body:
        return refuse(400, "InvalidRequestException", BODY_WITH_RETRY)
    if build.status != COMPLETED or build.result == "succeeded":
        return refuse(409, "BuildRetryException", f"Build {build.id} cannot be retried.")
    azure.retry(build.id)
    return None


def _cancel(azure: Azure, build: Build, wanted: dict[str, str]) -> Answer | None:
    if wanted.get("status", "").lower() != "cancelling":
        return refuse(400, "InvalidBuildException", "Nothing to change.")
    if build.status == COMPLETED:
        return refuse(400, "BuildStatusInvalidChangeException", "A completed build can't be cancelled.")
    azure.cancel(build.id)
    return None


@router.route("PATCH", f"{PROJECT}/build/builds/{{id}}/stages/{{stage}}")
def update_stage(azure: Azure, call: Call, id: int, stage: str) -> Answer:
    """Cancel a stage; one that has ended is left alone."""
    found = kept(azure, id)
    if str(stage).lower() not in {job.plan.stage for job in found.jobs}:
        return refuse(404, "StageNotFoundException", f"Build {id} has no stage {stage}.")
    if call.json().get("state") in ("cancel", 0) and found.status != COMPLETED:
        azure.cancel(id, stages=True)
    return Answer(200, None)
