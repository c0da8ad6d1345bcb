"""The table of CI services. Each is an object with the same verbs; its name and a build's id there name the build."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Protocol

from flinkci_dashboard.clients.actions import repository as actions
from flinkci_dashboard.clients.azure import project as azure
from flinkci_dashboard.clients.facts import (
    AgentFacts,
    BuildFacts,
    DefinitionFacts,
    PoolFacts,
    QueueFacts,
    RequestFacts,
    RunList,
    Tail,
    TestFailureFacts,
    Timeline,
)
from flinkci_dashboard.clients.github.http import Quota
from flinkci_dashboard.clients.github.owners import RepositoryList


class CIService(Protocol):
    """What every CI service can be asked and told. All verbs raise the errors of `clients.errors`."""

    provider: str  # its name in rows, keys of acts and addresses

    def now(self) -> datetime:
        """Return the time by the service's clock, as its answers tell it; marks in its lists are set by that."""

    def unfinished_builds(self) -> list[BuildFacts]:
        """Return all builds that wait, run or are being cancelled, however old."""

    def finished_builds(
        self, since: datetime | None = None, until: datetime | None = None, limit: int | None = None
    ) -> list[BuildFacts]:
        """Return the builds that finished between two times, newest first, at most `limit` of them."""

    def builds_of_branch(self, branch: str, limit: int = ...) -> list[BuildFacts]:
        """Return the builds of a branch (without refs/heads/), newest first."""

    def builds_by_id(self, ids: Iterable[int]) -> list[BuildFacts]:
        """Return those of the builds that the service shows."""

    def build(self, build_id: int) -> BuildFacts:
        """Return one build; raises NotFoundError when there is none."""

    def definitions(self) -> list[DefinitionFacts]:
        """Return what builds are instances of: pipelines, workflows."""

    def queue_build(self, definition_id: int, branch: str, version: str) -> BuildFacts:
        """Start a new build of a commit on a branch (without refs/heads/)."""

    def retry_build(self, build_id: int, empty: bool = False) -> BuildFacts:
        """Run the failed jobs of a build again: the same build, a new attempt; `empty` asks without a body."""

    def cancel_build(self, build_id: int) -> BuildFacts:
        """Ask a build to stop."""

    def cancel_stage(self, build_id: int, stage_key: str) -> None:
        """Ask a stage of a build to stop, where asking the build was not enough."""

    def timeline(self, build_id: int, timeline_id: str = "") -> Timeline:
        """Return stages and jobs: of the latest attempts, or those in a timeline of earlier ones."""

    def queues(self, ids: Iterable[int]) -> list[QueueFacts]:
        """Return which pools of machines the queues of jobs lead to."""

    def tails(
        self, build_id: int, log_ids: Iterable[int], most: int, steps: Mapping[int, datetime | None] = ...
    ) -> dict[int, Tail]:
        """Return the last lines of logs of a build, at most `most` of each; those that are gone are left out.

        `steps` says when the step of each log began that is asked for, where all steps have one log.
        """

    def log_lines(self, build_id: int, log_id: int, first: int, last: int) -> list[str]:
        """Return lines `first` to `last` (counted from 1) of a log, without their time stamps."""

    def earlier(self, build_id: int, log_id: int, before: int) -> Iterator[tuple[int, bytes]]:
        """Yield the lines of a log before one, as they came, in parts; each with the number of its first line."""

    def test_failures(self, build_id: int) -> list[TestFailureFacts]:
        """Return the failed tests that the build has published; none where it publishes none."""


class RunService(CIService, Protocol):
    """A CI service of one repository, whose lists cost nothing while they do not change."""

    repository: str

    @property
    def asked(self) -> int:
        """Return how many questions went over this connection so far, whatever the repository."""

    @property
    def quota(self) -> Quota | None:
        """Return what is left of the hourly limit; None before the first answer."""

    def of(self, repository: str) -> "RunService":
        """Return another repository, over the same connection."""

    def close(self) -> None:
        """Give the connection back."""

    def runs(self, etag: str = "", at: str = "", **query: str) -> RunList:
        """List runs, the newest first, a hundred on a page."""

    def created_between(self, start: datetime, end: datetime, at: str = "") -> RunList:
        """List the runs that were created in a window of time."""

    def workflows(self, etag: str = "") -> tuple[list[DefinitionFacts] | None, str]:
        """Return the workflows and the ETag; None when they are what the ETag stands for."""

    def repositories(self, number: int, etag: str = "") -> RepositoryList:
        """Return a page of the repositories of this one's owner, by name; pages count from 1."""

    def jobs(self, build_id: int, attempt: int, etag: str = "") -> tuple[Timeline | None, str]:
        """Return the jobs of one attempt and the ETag; None when they are what the ETag stands for."""


class MachineService(Protocol):
    """What a service can be asked of the machines that it knows."""

    provider: str  # whose builds run on them

    def pools(self) -> list[PoolFacts]:
        """Return the pools of agents; raises NotAuthorizedError without the right on them."""

    def refuses_us(self) -> bool:
        """Tell whether our token is refused altogether, and does not lack one right alone."""

    def agents(self, pool_id: int) -> list[AgentFacts]:
        """Return a pool's agents, each with its current and last job."""

    def job_requests(self, pool_id: int, finished: int = 0) -> list[RequestFacts]:
        """Return a pool's waiting and running requests, and the last `finished` finished ones."""


CONNECT: dict[str, Callable[[str], CIService]] = {
    azure.AZURE: lambda repository: azure.connect(),
    actions.ACTIONS: actions.connect,
}
BUILD_PAGES: dict[str, Callable[[str, int], str]] = {
    azure.AZURE: lambda repository, build_id: azure.build_page(build_id),
    actions.ACTIONS: actions.run_page,
}
BUILDS_PULLS = azure.AZURE  # builds the branches of pull requests; it alone is told to cancel, retry and queue


def connect(provider: str, repository: str = "") -> CIService:
    """Connect to a service by its name, for one pass and thread; some speak of one repository (owner/name) alone."""
    return CONNECT[provider](repository)


def build_page(provider: str, build_id: int, repository: str = "") -> str:
    """Return the address at which a service shows a build, where its answer did not tell."""
    return BUILD_PAGES[provider](repository, build_id)


def connect_listing() -> list[CIService]:
    """Connect to the services that list what ended since, of all repositories. Make them anew for each pass, thread."""
    return [azure.connect()]


def connect_machines() -> MachineService:
    """Connect to the service that knows the machines of all pools."""
    return azure.connect()


def connect_runs() -> RunService:
    """Connect to the service that tells runs by repository; for one pass and thread."""
    return actions.connect()
