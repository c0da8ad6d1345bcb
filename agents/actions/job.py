"""`poll_actions`: what GitHub Actions tells of runs → the same rows for builds, jobs and failing tests as elsewhere.

A pass without news asks one conditional question for each repository, which costs nothing. Jobs are read of runs alone
that moved.
"""

from collections.abc import Callable
from contextlib import closing
from functools import partial

from agents.actions.discovery import discover
from agents.actions.heads import read_heads
from agents.actions.jobs import JobReader, moved_runs
from agents.actions.lists import Lists
from agents.actions.spending import Spending
from agents.actions.values import Head, Source, some
from agents.actions.workflows import read_workflows
from agents.builds.failing_tests import find_failing_tests
from agents.builds.observe import note, watermark
from agents.charts.anew import make_anew
from agents.migration.budget.usage import PROJECT
from agents.models import Followed
from agents.models.builds import Provider
from flinkci_dashboard.clients.errors import (
    MovedError,
    NotAuthorizedError,
    NotFoundError,
    RefusedError,
    ServiceError,
    ThrottledError,
)
from flinkci_dashboard.clients.providers import RunService, connect_runs
from flinkci_dashboard.jobs.run import Pass
from flinkci_dashboard.parts import parts

SPARE = 8  # questions that are kept for lists, while runs that moved take the rest
ASIDE = 10  # repositories, of those that test no Flink, whose lists one pass asks for
NOT_FOR_US = (MovedError, NotFoundError, NotAuthorizedError, RefusedError)  # gone, or nothing that we may see
LOGS_OF_A_RUN = 3  # questions for logs that a failed run takes, about


def poll_actions(current: Pass) -> None:
    """One pass: lists of runs, runs in forks, the jobs of what moved, logs of what failed, and a piece of the past."""
    with closing(connect_runs()) as github:
        spending = Spending(github)
        problem = _discover(current, github, spending)
        if not isinstance(problem, ThrottledError):
            heads = [head for part in parts("followed") for head in part.heads()]
            _Poll(current, github, spending, _sources(), heads).run()
    make_anew(current.now)


def _discover(current: Pass, github: RunService, spending: Spending) -> ServiceError | None:
    """Look which repositories there are; returns what stood in the way. What is known is read all the same."""
    try:
        discover(current, github.of(PROJECT), spending)
    except ServiceError as error:
        current.fail(f"Repositories of {PROJECT}*: {error}")
        return error
    return None


def _sources() -> list[Source]:
    """Return the repositories whose turn it is; the place in the list of the others is kept for the next pass."""
    sources = [source for part in parts("followed") for source in part.sources()]
    if sum(source.aside for source in sources) <= ASIDE:
        return sources
    mark, _ = Followed.objects.get_or_create(repository=PROJECT, query="others")
    place, mark.tries = mark.tries, (mark.tries + ASIDE) % 10_000
    mark.save(update_fields=["tries"])
    return some(sources, place, ASIDE)


class _Poll:
    """One pass."""

    def __init__(
        self, current: Pass, github: RunService, spending: Spending, sources: list[Source], heads: list[Head]
    ) -> None:
        self._current, self._github, self._spending, self._sources = current, github, spending, sources
        followed = {source.repository for source in sources}
        self._heads, self._followed = heads, followed
        pulls = {head.sha: head.pull for head in heads}
        self._services = {source.repository: self._service(source.repository) for source in sources}
        self._lists = {
            source.repository: Lists(current, self._services[source.repository], source, pulls) for source in sources
        }
        self._stopped = False  # GitHub wants to be left alone
        self._sick: set[str] = set()  # repositories that failed in this pass, and are asked for nothing more

    def run(self) -> None:
        """Read what is new first; what can wait takes what is left."""
        problem = ""
        for source in self._sources:
            problem = self._try(source, self._lists[source.repository].newest) or problem
        note(watermark("builds", Provider.ACTIONS), problem)
        moved = len(moved_runs(self._current.now, self._spending))
        if self._spending.left - moved >= SPARE:
            for source in self._sources:
                self._try(source, self._lists[source.repository].others)
                if not source.aside:
                    self._try(source, partial(read_workflows, self._current, self._services[source.repository]))
        if not self._stopped:
            self._read(self._spending.left - moved)
        for source in self._sources:
            self._try(source, partial(self._lists[source.repository].past, self._spending))

    def _read(self, spare: int) -> None:
        read_heads(self._current, self._heads, self._followed, self._service, self._spending, spare)
        JobReader(self._current, self._service, self._spending).read(moved_runs(self._current.now, self._spending))
        logs = max(self._spending.left // LOGS_OF_A_RUN, 1)
        find_failing_tests(self._current, Provider.ACTIONS, lambda build: self._service(build.repository), most=logs)

    def _service(self, repository: str) -> RunService:
        return self._github.of(repository)

    def _try(self, source: Source, read: Callable[[], None]) -> str:
        """Read of one repository, whose trouble is its own; returns what stood in the way."""
        if self._stopped or source.repository in self._sick:
            return ""
        try:
            read()
        except ServiceError as error:
            self._sick.add(source.repository)
            if source.aside and isinstance(error, NOT_FOR_US):
                self._lists[source.repository].settle(str(error))
                return ""
            self._current.fail(f"{source.repository}: {error}")
            self._stopped = isinstance(error, ThrottledError)
            return f"{source.repository}: {error}"
        self._current.achieved = True
        return ""
