"""GitHub Actions of one repository: runs, their jobs and logs. Values out, simple verbs in."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice, takewhile
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from django.conf import settings

from flinkci_dashboard.clients.actions import reading as read
from flinkci_dashboard.clients.actions.logs import bare, end_at, lines_of, parts_at
from flinkci_dashboard.clients.actions.reading import ACTIONS
from flinkci_dashboard.clients.errors import NotAuthorizedError, NotFoundError, RefusedError, UnavailableError
from flinkci_dashboard.clients.facts import (
    RUNS_ON_A_PAGE,
    RUNS_TOLD,
    BuildFacts,
    DefinitionFacts,
    QueueFacts,
    RunList,
    Tail,
    TestFailureFacts,
    Timeline,
)
from flinkci_dashboard.clients.github.http import Answer, Quota, Transport
from flinkci_dashboard.clients.github.owners import RepositoryList, repositories
from flinkci_dashboard.clients.secrets import token

UNFINISHED = ("in_progress", "queued", "waiting", "requested", "pending")
NO_STEPS: Mapping[int, datetime | None] = {}
UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, OverflowError)
Read = TypeVar("Read")


class Actions:
    """One repository, seen by one account. Raises the errors of `clients.errors`. Make one for each pass and thread."""

    provider: str = ACTIONS

    def __init__(self, transport: Transport, repository: str) -> None:
        self._http = transport
        self.repository = repository
        self._path = f"/repos/{repository}/actions"

    def close(self) -> None:
        """Give the connection back."""
        self._http.close()

    def of(self, repository: str) -> "Actions":
        """Return another repository, seen by the same account over the same connection."""
        return Actions(self._http, repository)

    @property
    def asked(self) -> int:
        """Return how many questions went over this connection so far."""
        return self._http.asked

    @property
    def quota(self) -> Quota | None:
        """Return what is left of the hourly limit; None before the first answer."""
        return self._http.quota

    def now(self) -> datetime:
        """Return the time by GitHub's clock, as its answers tell it; marks in its lists are set by that."""
        return self._http.now()

    # Runs --------------------------------------------------------------------------------------

    def runs(self, etag: str = "", at: str = "", **query: str) -> RunList:
        """List runs, the newest first, 100 on a page; `query`: head_sha, status, branch, event, created …

        With a query, GitHub tells 1,000 at most, however many `total` counts.
        """
        asked_at = datetime.now(UTC)
        place = {"per_page": str(RUNS_ON_A_PAGE), "exclude_pull_requests": "true"} | dict(parse_qsl(at))
        answer = self._http.get(f"{self._path}/runs", query | place, etag)
        if answer.unchanged:
            return RunList((), etag, changed=False)
        items = _items(answer, "workflow_runs")
        found = [run for data in items if (run := _try(lambda: self._run(data, asked_at)))]  # noqa: B023 - called at once
        total = answer.data.get("total_count")
        return RunList(
            tuple(found),
            answer.etag,
            total if isinstance(total, int) else len(items),
            answer.next,
            unreadable=len(items) - len(found),
        )

    def created_between(self, start: datetime, end: datetime, at: str = "") -> RunList:
        """List the runs that were created in a window of time, both ends included."""
        return self.runs(at=at, created=f"{_stamp(start)}..{_stamp(end)}")

    def unfinished_builds(self) -> list[BuildFacts]:
        """Return all runs that wait or run, however old."""
        return [run for status in UNFINISHED for run in self._all({"status": status})]

    def finished_builds(
        self, since: datetime | None = None, until: datetime | None = None, limit: int | None = None
    ) -> list[BuildFacts]:
        """Return completed runs that were created between two times, newest first, at most `limit` of them."""
        ends = f"{_stamp(since) if since else '*'}..{_stamp(until) if until else '*'}"
        return self._all({"status": "completed"} | ({"created": ends} if since or until else {}), limit)

    def builds_of_branch(self, branch: str, limit: int = RUNS_TOLD) -> list[BuildFacts]:
        """Return the runs of a branch, newest first."""
        return self._all({"branch": branch}, limit)

    def builds_by_id(self, ids: Iterable[int]) -> list[BuildFacts]:
        """Return those of the runs that exist: one question for each."""
        found = []
        for run_id in sorted(set(ids)):
            try:
                found.append(self.build(run_id))
            except NotFoundError:
                continue
        return found

    def build(self, build_id: int) -> BuildFacts:
        """Return one run; raises NotFoundError when it was deleted."""
        asked_at = datetime.now(UTC)
        found = _usable(lambda: self._run(self._http.get(f"{self._path}/runs/{int(build_id)}").data, asked_at))
        if found.external_id != build_id:
            raise UnavailableError("GitHub answers with another run.")
        return found

    def definitions(self) -> list[DefinitionFacts]:
        """Return the repository's workflows."""
        return self.workflows()[0] or []

    def workflows(self, etag: str = "") -> tuple[list[DefinitionFacts] | None, str]:
        """Return the repository's workflows, at most 100, and the ETag; None when they are what the ETag stands for."""
        answer = self._http.get(f"{self._path}/workflows", {"per_page": RUNS_ON_A_PAGE}, etag)
        if answer.unchanged:
            return None, etag
        found = [
            _try(lambda: read.workflow(data, self.repository))  # noqa: B023 - called at once
            for data in _items(answer, "workflows")
        ]
        return [each for each in found if each], answer.etag

    def repositories(self, number: int, etag: str = "") -> RepositoryList:
        """Return a page of its owner's repositories, by name; pages count from 1."""
        return repositories(self._http, self.repository.partition("/")[0], number, etag)

    # Acts --------------------------------------------------------------------------------------

    def queue_build(self, definition_id: int, branch: str, version: str) -> BuildFacts:
        """Start a workflow on a branch. GitHub does not say which run that is: the newest one that was so started.

        Raises RefusedError when that builds another commit: no run can be asked for by commit.
        """
        self._write(f"workflows/{int(definition_id)}/dispatches", {"ref": branch})
        query = {"branch": branch, "event": "workflow_dispatch"}
        newest = next((run for run in self.runs(**query).items if run.definition_id == definition_id), None)
        if newest is None:
            raise UnavailableError("GitHub was asked for a run, and shows none yet.")
        if newest.version != version:
            raise RefusedError("GitHub runs the latest commit of the branch, which is another one by now.")
        return newest

    def retry_build(self, build_id: int, empty: bool = False) -> BuildFacts:
        """Run the failed jobs of a run again: the same run, a new attempt.

        Raises NotAuthorizedError where the account may not write to the repository ("Must have admin rights to
        Repository."), RefusedError a month after the run, after 50 attempts, or while its workflow is switched off.
        """
        self._write(f"runs/{int(build_id)}/rerun-failed-jobs", None if empty else {})
        return self.build(build_id)

    def cancel_build(self, build_id: int) -> BuildFacts:
        """Ask a run to stop."""
        self._write(f"runs/{int(build_id)}/cancel")
        return self.build(build_id)

    def cancel_stage(self, build_id: int, stage_key: str) -> None:
        """Stop a run that does not: its stages can't be asked."""
        self._write(f"runs/{int(build_id)}/force-cancel")

    # What is inside a run ----------------------------------------------------------------------

    def jobs(self, build_id: int, attempt: int, etag: str = "") -> tuple[Timeline | None, str]:
        """Return the jobs of one attempt and the ETag; None when they are what the ETag stands for."""
        path, query = f"{self._path}/runs/{int(build_id)}/attempts/{int(attempt)}/jobs", {"per_page": RUNS_ON_A_PAGE}
        answer = self._http.get(path, query, etag)
        if answer.unchanged:
            return None, etag
        items, first, seen = _items(answer, "jobs"), answer.etag, {""}
        while answer.next not in seen:
            seen.add(answer.next)
            answer = self._http.get(path, query | dict(parse_qsl(answer.next)))
            items += _items(answer, "jobs")
        return _usable(lambda: read.timeline(items, attempt)), first

    def timeline(self, build_id: int, timeline_id: str = "") -> Timeline:
        """Return the jobs of the latest attempt, or of that whose number is given."""
        attempt = int(timeline_id) if timeline_id else self.build(build_id).attempt
        return self.jobs(build_id, attempt)[0] or Timeline((), (), ())

    def queues(self, ids: Iterable[int]) -> list[QueueFacts]:
        """Return nothing: jobs name their machines by labels."""
        return []

    def log_lines(self, build_id: int, log_id: int, first: int, last: int) -> list[str]:
        """Return lines `first` to `last` (counted from 1) of a job's log, without their time stamps."""
        parts = parts_at(self._http.leads_to(f"{self._path}/jobs/{int(log_id)}/logs"))
        return list(islice((bare(line) for _, part in parts for line in lines_of(part)), first - 1, last))

    def tails(
        self, build_id: int, log_ids: Iterable[int], most: int, steps: Mapping[int, datetime | None] = NO_STEPS
    ) -> dict[int, Tail]:
        """Return the last lines of jobs' logs, at most `most` of each; those that are gone are left out.

        `steps` says when the step of each began that is asked for: GitHub's pages count its lines from there.
        """
        found = {}
        for log_id in log_ids:
            try:
                there = self._http.leads_to(f"{self._path}/jobs/{int(log_id)}/logs")
                first, lines, step = end_at(there, steps.get(log_id))
            except NotFoundError:
                continue
            left_out = max(len(lines) - most, 0)
            kept = tuple(bare(line) for line in lines[left_out:])
            found[log_id] = Tail(first + left_out if first else 0, kept, step)
        return found

    def earlier(self, build_id: int, log_id: int, before: int) -> Iterator[tuple[int, bytes]]:
        """Yield a job's log as it came, in parts, until a line is reached; each with the number of its first line."""
        parts = parts_at(self._http.leads_to(f"{self._path}/jobs/{int(log_id)}/logs"))
        return takewhile(lambda part: part[0] < before, parts)

    def test_failures(self, build_id: int) -> list[TestFailureFacts]:
        """Return nothing: runs publish no results of tests."""
        return []

    # -------------------------------------------------------------------------------------------

    def _all(self, query: dict[str, str], limit: int | None = None) -> list[BuildFacts]:
        found: dict[int, BuildFacts] = {}
        at, seen = "", set[str]()
        while at not in seen and len(found) < (limit or RUNS_TOLD):
            seen.add(at)
            page = self.runs(at=at, **query)
            found |= {run.external_id: run for run in page.items}
            at = page.next
            if not at:
                break
        return list(found.values())[:limit]

    def _run(self, data: dict[str, Any], asked_at: datetime) -> BuildFacts:
        return read.run(data | {"repository": data.get("repository") or {"full_name": self.repository}}, asked_at)

    def _write(self, path: str, content: Any = None) -> Answer:
        try:
            return self._http.write("POST", f"{self._path}/{path}", content)
        except NotAuthorizedError as error:
            raise NotAuthorizedError(f"Our account may not do that in {self.repository}. {error}") from error


def connect(repository: str = "") -> Actions:
    """Return a repository of the configured GitHub; without a token, it is read as the public may."""
    return Actions(Transport(settings.GITHUB_API_URL, token("github")), repository)


def run_page(repository: str, build_id: int) -> str:
    """Return the address of a run's page."""
    return f"{settings.GITHUB_GIT_URL}/{repository}/actions/runs/{build_id}"


def _items(answer: Answer, field: str) -> list[Any]:
    """Return what a list holds; an answer without one says nothing, least of all that nothing is there."""
    items = answer.data.get(field) if isinstance(answer.data, dict) else None
    if not isinstance(items, list):
        raise UnavailableError("GitHub answers something that is no list.")
    return items


def _try(reader: Callable[[], Read]) -> Read | None:
    """Read one of many: one that can't be read must not hide the others."""
    try:
        return reader()
    except UNREADABLE:
        return None


def _usable(reader: Callable[[], Read]) -> Read:
    try:
        return reader()
    except UNREADABLE as error:
        raise UnavailableError(f"GitHub answers something unusable ({type(error).__name__}).") from error


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
