"""Azure Pipelines: builds, their jobs and logs, and the agents. Values out, simple verbs in."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from django.conf import settings

from flinkci_dashboard.clients.azure import reading as read
from flinkci_dashboard.clients.azure.http import Transport
from flinkci_dashboard.clients.azure.published import failed_test, may_have_failures
from flinkci_dashboard.clients.azure.reading import AZURE
from flinkci_dashboard.clients.errors import NotAuthorizedError, ServiceError, UnavailableError
from flinkci_dashboard.clients.facts import (
    AgentFacts,
    BuildFacts,
    DefinitionFacts,
    LogFacts,
    PoolFacts,
    QueueFacts,
    RequestFacts,
    Tail,
    TestFailureFacts,
    Timeline,
)
from flinkci_dashboard.clients.secrets import token
from flinkci_dashboard.clients.values import identity

# Location id and version of each resource, as azure-devops 7.1.0b4 has them.
BUILDS = ("0cd358e1-9217-4d94-8269-1c1ee6f93dcf", "7.1-preview.7")
DEFINITIONS = ("dbeaf647-6167-421a-bda9-c9327b25e2e6", "7.1-preview.7")
TIMELINE = ("8baac422-4c6e-4de5-8532-db96d92acffa", "7.1-preview.2")
LOGS = ("35a80daf-7f30-45fc-86e8-6b813d9c90df", "7.1-preview.2")
STAGES = ("b8aac6c9-744b-46e1-88fc-3550969f9313", "7.1-preview.1")
POOLS = ("a8c47e17-4d56-4a56-92bb-de7ea7dc65be", "7.1-preview.1")
AGENTS = ("e298ef32-5878-4cab-993c-043836571f42", "7.1-preview.1")
QUEUES = ("900fa995-c559-4923-aae7-f8424fe4fbea", "7.1-preview.1")
TEST_RUNS = ("cadb3810-d47d-4a3c-a234-fe5f3be50138", "7.1-preview.3")
TEST_RESULTS = ("4637d869-3a76-4468-8057-0bb02aa385cf", "7.1-preview.6")

UNFINISHED = "inProgress,cancelling,notStarted,postponed"
PAGE = 2000  # builds in one answer; Azure gives up to 5,000
MAX_IDS = 200  # build ids in one call: they stand in the URL
MAX_TEST_RESULTS = 200  # failures of one test run
TEST_SCOPE = "The token lacks the scope vso.test (Test Management: read)."
CONTINUATION = "x-ms-continuationtoken"
UNREADABLE = (AttributeError, KeyError, TypeError, ValueError, OverflowError)
Read = TypeVar("Read")
LOG_TIME = re.compile(r"^\ufeff?\d{4}-\d\d-\d\dT[\d:.]+Z ?")
NO_STEPS: Mapping[int, datetime | None] = {}
MAX_LINE = 2000  # characters of a log line
PART, MOST_LINES = 20_000, 1_000_000  # of a long log: asked for together, and looked through


class Azure:
    """One project of one organization. Raises the errors of `clients.errors`. Make one for each pass and thread."""

    provider: str = AZURE

    def __init__(self, transport: Transport, project: str) -> None:
        self._http = transport
        self._project = {"project": project}

    def now(self) -> datetime:
        """Return the time by Azure's clock, as its answers tell it; marks in its lists are set by that."""
        return self._http.now()

    # Builds ------------------------------------------------------------------------------------

    def unfinished_builds(self) -> list[BuildFacts]:
        """Return all builds that wait, run or are being cancelled, however old; a build that is retried is one."""
        return self._builds({"statusFilter": UNFINISHED, "queryOrder": "queueTimeDescending"})

    def finished_builds(
        self, since: datetime | None = None, until: datetime | None = None, limit: int | None = None
    ) -> list[BuildFacts]:
        """Return the builds that finished between two times, newest first, at most `limit` of them."""
        query = {"statusFilter": "completed", "queryOrder": "finishTimeDescending"}
        return self._builds(query | {"minTime": _time(since), "maxTime": _time(until)}, limit)

    def builds_of_branch(self, branch: str, limit: int = PAGE) -> list[BuildFacts]:
        """Return the builds of a branch (without refs/heads/), newest first."""
        query = {"branchName": f"refs/heads/{branch}", "statusFilter": "all", "queryOrder": "queueTimeDescending"}
        return self._builds(query, limit)

    def builds_by_id(self, ids: Iterable[int]) -> list[BuildFacts]:
        """Return those of the builds that still exist."""
        wanted = sorted(set(ids))
        parts = [wanted[start : start + MAX_IDS] for start in range(0, len(wanted), MAX_IDS)]
        return [build for part in parts for build in self._builds({"buildIds": ",".join(map(str, part))})]

    def build(self, build_id: int) -> BuildFacts:
        """Return one build; raises NotFoundError when it was deleted."""
        return self._one_build("GET", {"buildId": build_id})

    def definitions(self) -> list[DefinitionFacts]:
        """Return the project's pipelines, with the repository that each of them builds."""
        return _each(read.definition, self._call("GET", DEFINITIONS, query={"includeAllProperties": "true"}))

    def queue_build(self, definition_id: int, branch: str, version: str) -> BuildFacts:
        """Start a new build of a commit on a branch (without refs/heads/)."""
        order = {"definition": {"id": definition_id}, "sourceBranch": f"refs/heads/{branch}", "sourceVersion": version}
        return self._one_build("POST", {}, content=order)

    def retry_build(self, build_id: int, empty: bool = False) -> BuildFacts:
        """Run the failed jobs of a build again: the same build, a new attempt.

        Azure has refused such requests that have a body ("must be empty"), and others without: `empty` sends none.
        """
        return self._one_build("PATCH", {"buildId": build_id}, {"retry": "true"}, None if empty else {})

    def cancel_build(self, build_id: int) -> BuildFacts:
        """Ask a build to stop. It stays "cancelling" until its jobs have ended; see also `cancel_stage`."""
        return self._one_build("PATCH", {"buildId": build_id}, content={"status": "cancelling"})

    def cancel_stage(self, build_id: int, stage_key: str) -> None:
        """Ask a stage to stop: cancelling the build alone is not always enough."""
        self._call("PATCH", STAGES, {"buildId": build_id, "stageRefName": stage_key}, content={"state": "cancel"})

    # What is inside a build --------------------------------------------------------------------

    def timeline(self, build_id: int, timeline_id: str = "") -> Timeline:
        """Return stages and jobs: of the latest attempts, or those in a timeline of earlier ones."""
        route = {"buildId": build_id} | ({"timelineId": timeline_id} if timeline_id else {})
        return _read(read.timeline, self._call("GET", TIMELINE, route))

    def logs(self, build_id: int) -> list[LogFacts]:
        """Return the logs of a build, without their text."""
        return _each(read.log, self._call("GET", LOGS, {"buildId": build_id}))

    def tails(
        self, build_id: int, log_ids: Iterable[int], most: int, steps: Mapping[int, datetime | None] = NO_STEPS
    ) -> dict[int, Tail]:
        """Return the last lines of logs of a build, at most `most` of each; those that are gone are left out.

        Each step has a log of its own.
        """
        sizes = {log.log_id: log.lines for log in self.logs(build_id)}
        found = {}
        for log_id in log_ids:
            if (size := sizes.get(log_id)) is not None:
                first = max(size - most, 0) + 1
                found[log_id] = Tail(first, tuple(self.log_lines(build_id, log_id, first, size) if size else ()))
        return found

    def log_lines(self, build_id: int, log_id: int, first: int, last: int) -> list[str]:
        """Return lines `first` to `last` (counted from 1) of a log, without their time stamps."""
        return [LOG_TIME.sub("", line)[:MAX_LINE] for line in self._log_lines(build_id, log_id, first, last)]

    def earlier(self, build_id: int, log_id: int, before: int) -> Iterator[tuple[int, bytes]]:
        """Yield the lines of a log before one, as they came, in parts; each with the number of its first line."""
        for first in range(1, min(before, MOST_LINES), PART):
            lines = self._log_lines(build_id, log_id, first, min(first + PART, before) - 1)
            yield first, "\n".join(lines).encode(errors="replace")

    def test_failures(self, build_id: int) -> list[TestFailureFacts]:
        """Return the failed tests that the build has published; none where it publishes none.

        Runs that say of themselves that nothing failed in them are not asked for. Raises NotAuthorizedError, too, when
        the token may read everything but this.
        """
        query = {"buildUri": f"vstfs:///Build/Build/{build_id}", "includeRunDetails": "true"}
        try:
            return _read(self._failures_of_all, _values(self._call("GET", TEST_RUNS, query=query)))
        except NotAuthorizedError as error:
            raise NotAuthorizedError(f"Azure DevOps shows no test results. {TEST_SCOPE}") from error

    # Agents ------------------------------------------------------------------------------------

    def pools(self) -> list[PoolFacts]:
        """Return the organization's agent pools; raises NotAuthorizedError without the right on them."""
        return _each(read.pool, self._call("GET", POOLS, project=False))

    def queues(self, ids: Iterable[int]) -> list[QueueFacts]:
        """Return which pools some of the project's queues lead to."""
        return _each(read.queue, self._call("GET", QUEUES, query={"queueIds": ",".join(map(str, sorted(set(ids))))}))

    def refuses_us(self) -> bool:
        """Tell whether our token is refused altogether, and does not lack one right alone: then no build is shown."""
        try:
            self.finished_builds(limit=1)
        except ServiceError as error:
            return isinstance(error, NotAuthorizedError)
        return False

    def agents(self, pool_id: int) -> list[AgentFacts]:
        """Return a pool's agents, each with its current and last job."""
        wanted = ("includeCapabilities", "includeAssignedRequest", "includeLastCompletedRequest")
        found = self._call("GET", AGENTS, {"poolId": pool_id}, dict.fromkeys(wanted, "true"), project=False)
        return _each(lambda data: read.agent(data, pool_id), found)

    def job_requests(self, pool_id: int, finished: int = 0) -> list[RequestFacts]:
        """Return a pool's waiting and running requests, and the last `finished` finished ones."""
        path = f"_apis/distributedtask/pools/{int(pool_id)}/jobrequests"  # the SDK has no method for it
        found = self._http.get(path, {"completedRequestCount": finished, "api-version": "7.1-preview.1"})
        return _each(lambda data: read.request(data, pool_id), found)

    # -------------------------------------------------------------------------------------------

    def _log_lines(self, build_id: int, log_id: int, first: int, last: int) -> list[str]:
        route = {"buildId": build_id, "logId": log_id}
        answer = self._call("GET", LOGS, route, {"startLine": first, "endLine": last})
        lines = answer.get("value") if isinstance(answer, dict) else None
        return [str(line) for line in (lines or [])[: last - first + 1]]

    def _one_build(
        self, method: str, route: dict[str, Any], query: dict[str, Any] | None = None, content: Any = None
    ) -> BuildFacts:
        asked_at = datetime.now(UTC)
        answer = self._call(method, BUILDS, route, query, content)
        found = _each(lambda data: read.build(data, asked_at), [answer])
        if not found or found[0].external_id != route.get("buildId", found[0].external_id):
            raise UnavailableError("Azure DevOps answers without the build.")  # which does not say that it is gone
        return found[0]

    def _builds(self, query: dict[str, Any], limit: int | None = None) -> list[BuildFacts]:
        """Follow the pages. The token is a time stamp and may repeat a page: each build counts once, and an answer with
        nothing new ends it.
        """
        found: dict[int, BuildFacts] = {}
        continuation, asked_at = None, datetime.now(UTC)
        while True:
            page = query | {"$top": min(limit or PAGE, PAGE), "continuationToken": continuation}
            answer, headers = self._http.call("GET", *BUILDS, route=self._project, query=page)
            before = len(found)
            found |= {build.external_id: build for build in _each(lambda data: read.build(data, asked_at), answer)}
            lowered = {name.lower(): value for name, value in headers.items()}
            continuation = lowered.get(CONTINUATION)
            if not continuation or len(found) == before or (limit and len(found) >= limit):
                return list(found.values())[:limit]

    def _failures_of_all(self, runs: list[dict[str, Any]]) -> list[TestFailureFacts]:
        return [failure for run in runs if may_have_failures(run) for failure in self._failures_of(run)]

    def _failures_of(self, run: dict[str, Any]) -> Iterator[TestFailureFacts]:
        query = {"outcomes": "Failed", "$top": MAX_TEST_RESULTS}
        for result in _values(self._call("GET", TEST_RESULTS, {"runId": identity(run.get("id"))}, query)):
            if failure := failed_test(result, run):
                yield failure

    def _call(
        self,
        method: str,
        resource: tuple[str, str],
        route: dict[str, Any] | None = None,
        query: dict[str, Any] | None = None,
        content: Any = None,
        project: bool = True,
    ) -> Any:
        full = (self._project if project else {}) | (route or {})
        return self._http.call(method, *resource, route=full, query=query, content=content)[0]


def build_page(build_id: int) -> str:
    """Return the address of a build's page."""
    return f"{settings.AZURE_DEVOPS_URL}/{settings.AZURE_PROJECT}/_build/results?buildId={build_id}"


def connect() -> Azure:
    """Return the configured project; without a token, it is read as the public may."""
    return Azure(Transport(settings.AZURE_DEVOPS_URL, token("azure")), settings.AZURE_PROJECT)


def _values(answer: Any) -> list[dict[str, Any]]:
    values = answer.get("value") if isinstance(answer, dict) else answer
    return [value for value in values or [] if isinstance(value, dict)]


def _each(reader: Callable[[Any], Read], answer: Any) -> list[Read]:
    """Read a list. One item that can't be read (it has no number, so it is nothing that we know) hides no others."""
    values = _values(answer)
    found = []
    for value in values:
        try:
            found.append(reader(value))
        except UNREADABLE:
            continue
    if values and not found:
        raise UnavailableError("Azure DevOps answers a list of things that have no number.")
    return found


def _read(reader: Callable[[Any], Read], answer: Any) -> Read:
    try:
        return reader(answer)
    except UNREADABLE as error:
        raise UnavailableError(f"Azure DevOps answers something unusable ({type(error).__name__}).") from error


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment else None
