"""Azure DevOps' REST API, as its Python SDK speaks it: discovery, builds, timelines, logs, test results, pools."""

import base64
import binascii
from datetime import datetime
from typing import TYPE_CHECKING, Any

from flinkci_dashboard.sandbox.azure.json import (
    HEAD_LOG,
    WORK_LOG,
    build_json,
    definition_json,
    stamp,
    test_results,
    timeline_json,
)
from flinkci_dashboard.sandbox.azure.pipeline import head_lines, work_lines
from flinkci_dashboard.sandbox.azure.service import PENDING, Azure, Build, Job
from flinkci_dashboard.sandbox.http import Answer, Call
from flinkci_dashboard.sandbox.routing import Router

if TYPE_CHECKING:
    from flinkci_dashboard.sandbox.world import Sandbox

PROJECT = "/apache-flink/_apis"  # below the organization
SIGN_IN = "/_signin"
SIGN_IN_PAGE = "<!DOCTYPE html><html><head><title>Azure DevOps Services | Sign In</title></head><body></body></html>"
STAMP = "%Y-%m-%dT%H:%M:%S"
BUILD, TASKS = "{project}/_apis/build/builds/{buildId}", "_apis/distributedtask"
# id, area, resource, route, newest version: what the SDK asks for, by location id.
LOCATIONS = (
    # fmt: off
    ("e81700f7-3be2-46de-8624-2eb35882fcaa", "Location", "ResourceAreas", "_apis/{resource}/{areaId}", 1),
    ("0cd358e1-9217-4d94-8269-1c1ee6f93dcf", "build", "builds", "{project}/_apis/build/{resource}/{buildId}", 7),
    ("8baac422-4c6e-4de5-8532-db96d92acffa", "build", "timeline", BUILD + "/{resource}/{timelineId}", 2),
    ("35a80daf-7f30-45fc-86e8-6b813d9c90df", "build", "logs", BUILD + "/{resource}/{logId}", 2),
    ("b8aac6c9-744b-46e1-88fc-3550969f9313", "build", "stages", BUILD + "/{resource}/{stageRefName}", 1),
    (
        "dbeaf647-6167-421a-bda9-c9327b25e2e6",
        "build",
        "definitions",
        "{project}/_apis/build/{resource}/{definitionId}",
        7,
    ),
    ("a8c47e17-4d56-4a56-92bb-de7ea7dc65be", "distributedtask", "pools", TASKS + "/{resource}/{poolId}", 1),
    (
        "e298ef32-5878-4cab-993c-043836571f42",
        "distributedtask",
        "agents",
        TASKS + "/pools/{poolId}/{resource}/{agentId}",
        1,
    ),
    (
        "900fa995-c559-4923-aae7-f8424fe4fbea",
        "distributedtask",
        "queues",
        "{project}/" + TASKS + "/{resource}/{queueId}",
        1,
    ),
    ("cadb3810-d47d-4a3c-a234-fe5f3be50138", "Test", "Runs", "{project}/_apis/test/{resource}/{runId}", 3),
    ("4637d869-3a76-4468-8057-0bb02aa385cf", "Test", "Results", "{project}/_apis/test/Runs/{runId}/{resource}/{id}", 6),
    # fmt: on
)
AREAS = {
    "build": "965220d5-5bb9-42cf-8d67-9b146df2a5a4",
    "distributedtask": "a85b8835-c1a1-4aac-ae97-1c3d0ba72dbd",
    "Test": "c2aa639c-3ccc-4740-b3b6-ce2a1e1d984e",
}
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


class AzureService:
    """Answers REST calls below the organization's address."""

    def __init__(self, world: "Sandbox") -> None:
        self.world = world

    def __call__(self, call: Call) -> Answer:
        """Answer one call, after letting happen what has happened by now."""
        if call.path == SIGN_IN:
            return Answer(200, SIGN_IN_PAGE, {"Content-Type": "text/html; charset=utf-8"})
        if not call.path.startswith("/apache-flink"):
            return refuse(404, "TF200016", "The organization does not exist.")
        call.path = call.path.removeprefix("/apache-flink")
        known = self._authenticate(call)
        if known is None:
            return self._sign_in()
        route, values, unknown = router.find(call)
        if route is None:
            return refuse(404, "VssResourceNotFoundException", f"No HTTP resource was found at {call.path}.")
        if unknown - {"api-version"}:
            return refuse(400, "VssPropertyValidationException", f"Unknown query parameters: {sorted(unknown)}")
        if not known and ("distributedtask/pools" in call.path or call.method in ("POST", "PATCH")):
            return refuse(401, "UnauthorizedRequestException", "TF400813: The user is not authorized.")
        azure = self.world.azure
        azure.move()
        with azure.lock:
            try:
                return route.answer(azure, call, **{name: _number(value) for name, value in values.items()})
            except KeyError as error:
                return refuse(404, "BuildNotFoundException", f"The requested build {error} could not be found.")

    def _authenticate(self, call: Call) -> bool | None:
        """Return True for a good token, False for none, None for a bad one."""
        kind, _, value = call.headers.get("authorization", "").partition(" ")
        if not kind:
            return False
        if kind.lower() == "basic":
            try:
                value = base64.b64decode(value).decode().partition(":")[2]
            except (binascii.Error, UnicodeDecodeError):
                return None
        return True if value == self.world.azure_token else None

    def _sign_in(self) -> Answer:
        mode = self.world.azure.sign_in
        page = {"Content-Type": "text/html; charset=utf-8"}
        if mode == 401:
            return Answer(401, "", {"WWW-Authenticate": 'Basic realm="tfs"'} | page)
        return Answer(mode, SIGN_IN_PAGE, page | ({"Location": f"/azure{SIGN_IN}"} if mode == 302 else {}))


def refuse(status: int, kind: str, message: str) -> Answer:
    """Answer with an error as Azure DevOps writes it."""
    body = {"$id": "1", "innerException": None, "message": message, "typeKey": kind, "errorCode": 0, "eventId": 3000}
    return Answer(status, body, {"Content-Type": "application/json; charset=utf-8"})


def listed(values: list[Any]) -> Answer:
    """Answer with a collection."""
    return Answer(200, {"count": len(values), "value": values})


def _number(value: str) -> int | str:
    return int(value) if value.isdigit() else value


# Discovery ------------------------------------------------------------------------------------


@router.route("OPTIONS", "/_apis")
def locations(azure: Azure, call: Call) -> Answer:
    """List what this service offers, by location id."""
    fields = ("id", "area", "resourceName", "routeTemplate", "resourceVersion")
    versions = {"minVersion": "1.0", "maxVersion": "7.2", "releasedVersion": "7.1"}
    return listed([dict(zip(fields, place, strict=True)) | versions for place in LOCATIONS])


@router.route("GET", "/_apis/ResourceAreas")
def areas(azure: Azure, call: Call) -> Answer:
    """List where each area is served: all here."""
    address = f"{call.address}/apache-flink/"
    return listed([{"id": id, "name": name, "locationUrl": address} for name, id in AREAS.items()])


# Builds ---------------------------------------------------------------------------------------


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
    order = query.get("queryOrder", "queueTimeDescending")
    moment = {"queue": "queued_at", "start": "started_at", "finish": "finished_at"}[order.partition("Time")[0]]
    numbers = {repo: str(id) for id, (_, repo) in azure.definitions.items()}
    found = [each for each in azure.builds.values() if each.kept and _fits(each, numbers[each.repo], query, moment)]
    found.sort(key=lambda build: (getattr(build, moment) or build.queued_at, build.id), reverse="Descending" in order)
    start, size = int(query.get("continuationToken") or 0), int(query.get("$top") or 1000)
    answer = listed([build_json(azure, call, build) for build in found[start : start + size]])
    if start + size < len(found):
        answer.headers["X-MS-ContinuationToken"] = str(start + size)
    return answer


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
    return Answer(200, build_json(azure, call, _kept(azure, id)))


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
        return refuse(400, "BuildRequestValidationFailedException", f"Could not find the branch {branch}.")
    made = azure.queue(definition[1], branch, wanted.get("sourceVersion") or heads[branch], "manual")
    return Answer(200, build_json(azure, call, made))


@router.route("PATCH", f"{PROJECT}/build/builds/{{id}}", "retry")
def update_build(azure: Azure, call: Call, id: int) -> Answer:
    """Cancel a build, or run its failed jobs again."""
    found = _kept(azure, id)
    wanted = call.json()
    if call.query.get("retry", "").lower() == "true":
        if found.status != "completed" or found.result == "succeeded":
            return refuse(409, "BuildRetryException", f"Build {id} cannot be retried.")
        azure.retry(id)
    elif wanted.get("status", "").lower() == "cancelling":
        if found.status == "completed":
            return refuse(400, "BuildStatusInvalidChangeException", "A completed build can't be cancelled.")
        azure.cancel(id)
    else:
        return refuse(400, "InvalidBuildException", "Nothing to change.")
    return Answer(200, build_json(azure, call, found))


@router.route("PATCH", f"{PROJECT}/build/builds/{{id}}/stages/{{stage}}")
def update_stage(azure: Azure, call: Call, id: int, stage: str) -> Answer:
    """Cancel a stage; one that has ended is left alone."""
    found = _kept(azure, id)
    if str(stage).lower() not in {job.plan.stage for job in found.jobs}:
        return refuse(404, "StageNotFoundException", f"Build {id} has no stage {stage}.")
    if call.json().get("state") in ("cancel", 0) and found.status != "completed":
        azure.cancel(id)
    return Answer(200, None)


@router.route("GET", f"{PROJECT}/build/builds/{{id}}/timeline", "changeId", "planId")
def timeline(azure: Azure, call: Call, id: int) -> Answer:
    """Show the timeline; there is none before the build starts."""
    found = _kept(azure, id)
    if found.started_at is None and found.status == "notStarted":
        return Answer(204)
    return Answer(200, timeline_json(call, found))


@router.route("GET", f"{PROJECT}/build/builds/{{id}}/timeline/{{timeline}}", "changeId", "planId")
def earlier_timeline(azure: Azure, call: Call, id: int, timeline: str) -> Answer:
    """Show the timeline of an earlier attempt."""
    shown = timeline_json(call, _kept(azure, id), str(timeline))
    return Answer(200, shown) if shown["records"] else refuse(404, "TimelineNotFoundException", "No such timeline.")


@router.route("GET", f"{PROJECT}/build/builds/{{id}}/logs")
def logs(azure: Azure, call: Call, id: int) -> Answer:
    """List the logs."""
    shown = {log: (job, len(lines)) for job in _runs(_kept(azure, id)) for log, lines in _logs(job).items()}
    return listed(
        [
            {
                "id": log,
                "type": "Container",
                "lineCount": count,
                "createdOn": stamp(job.started_at),
                "lastChangedOn": stamp(job.finished_at or job.started_at),
            }
            for log, (job, count) in sorted(shown.items())
        ]
    )


@router.route("GET", f"{PROJECT}/build/builds/{{id}}/logs/{{log_id}}", "startLine", "endLine")
def log(azure: Azure, call: Call, id: int, log_id: int) -> Answer:
    """Show some lines of a log."""
    for job in _runs(_kept(azure, id)):
        lines = _logs(job).get(log_id)
        if lines:
            first, last = int(call.query.get("startLine", 1)), int(call.query.get("endLine", 10**9))
            at = job.started_at.strftime(STAMP) if job.started_at else ""
            return listed([f"{at}.1234567Z {line}" for line in lines[max(0, first - 1) : last]])
    return refuse(404, "LogNotFoundException", f"Log {log_id} was not found.")


def _runs(build: Build) -> list[Job]:
    attempts = [attempt for job in build.jobs for attempt in (*job.earlier, job)]
    return [job for job in attempts if job.agent and job.state != PENDING]


def _logs(job: Job) -> dict[int, list[str]]:
    """Return the lines of a job's own log, which is that of its tasks one after another, and of theirs."""
    head = head_lines(job.plan, job.agent.name, job.agent.machine) if job.agent else []
    work = work_lines(job.plan, job.error_lines, job.low_disk)
    return {job.log_id: head + work, job.log_id + HEAD_LOG: head, job.log_id + WORK_LOG: work}


def _kept(azure: Azure, id: int) -> Build:
    found = azure.builds[id]
    if not found.kept:
        raise KeyError(id)
    return found


# Test results ---------------------------------------------------------------------------------


@router.route("GET", f"{PROJECT}/test/Runs", "buildUri", "includeRunDetails", "$top", "$skip", "automated")
def test_runs(azure: Azure, call: Call) -> Answer:
    """List the test runs that a build has published: one for each job that failed a test."""
    id = int(call.query.get("buildUri", "").rpartition("/")[2] or 0)
    found = [run for run, _ in test_results(_kept(azure, id))] if id else []
    return listed(found)


@router.route("GET", f"{PROJECT}/test/Runs/{{run_id}}/Results", "outcomes", "$top", "$skip", "detailsToInclude")
def results(azure: Azure, call: Call, run_id: int) -> Answer:
    """List the failed tests of a run."""
    for run, failures in test_results(_kept(azure, run_id // 1000)):
        if run["id"] == run_id:
            return listed(failures)
    return refuse(404, "TestObjectNotFoundException", f"Test run {run_id} was not found.")
