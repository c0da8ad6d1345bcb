"""Failures that explain themselves: their tickets, how often they were seen, why jobs failed, how to run them again."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.conf import settings

from agents.failures.evidence import Judged
from agents.failures.figures import NOTHING, Figures, seen_of
from agents.failures.reproduce import Card, card
from agents.failures.verdicts import Verdict
from agents.models import Build, Job, KnownTicket, TestFailure
from agents.models.builds import BAD_RESULTS

MOST, MOST_CARDS = 40, 8  # jobs and tests that are shown; and how to run them
CI_REPOSITORY = "flink-ci/flink"  # whose builds do not name theirs


@dataclass(frozen=True)
class Explained:
    """A failing test: which ticket knows it, how often it was seen; of a pull request, whose it seems to be."""

    failure: TestFailure
    seen: Figures
    verdict: Verdict | None = None

    @property
    def ticket(self) -> KnownTicket | None:
        """Return the ticket that knows it."""
        failure = getattr(self.failure.test, "failure", None)
        return failure.ticket if failure else None

    @property
    def ticket_url(self) -> str:
        """Return where that is read."""
        return f"{settings.JIRA_URL}/browse/{self.ticket}" if self.ticket else ""

    @property
    def came_back(self) -> bool:
        """Tell whether it failed again after its ticket was closed."""
        return bool(self.ticket and self.ticket.came_back(self.seen.last_seen))


@dataclass(frozen=True)
class Why:
    """Why builds are red: the failed jobs with their causes, and the failing tests."""

    jobs: list[Job]
    tests: list[Explained]
    cards: list[Card]


def explain(failures: Iterable[TestFailure], now: datetime) -> list[Explained]:
    """Return failures with what is known of each: two queries, if test, failure and ticket are loaded."""
    rows = list(failures)
    seen = seen_of({row.test_id for row in rows}, now)
    return [Explained(row, seen.get(row.test_id, NOTHING)) for row in rows]


def why_pull(judged: Sequence[Judged], red: Iterable[int], base: str, now: datetime) -> Why:
    """Explain a pull request's head by its judged failures, and by its red jobs' primary keys: three queries."""
    verdicts = {each.failure.pk: each.verdict for each in judged if each.failure}
    failures = [each.failure for each in judged if each.failure]
    tests = [replace(each, verdict=verdicts[each.failure.pk]) for each in explain(failures, now)]
    jobs = list(Job.objects.filter(pk__in=list(red)).select_related("build").order_by("order", "name"))
    without_test = {each.job.key: each.verdict for each in judged if not each.failure}
    for job in jobs:
        job.verdict = without_test.get(job.key)  # type: ignore[attr-defined]
    return Why(jobs, tests, cards(jobs, failures, base))


def why_builds(builds: Collection[int], now: datetime) -> Why:
    """Explain builds of branches by their primary keys, in their last attempts: four queries."""
    red = Job.objects.filter(build__in=builds, latest=True, result__in=BAD_RESULTS).select_related("build")
    jobs = list(red.order_by("-build__queued_at", "order", "name")[:MOST])
    rows = TestFailure.objects.filter(job__in=[job.pk for job in jobs])
    failures = list(rows.select_related("test__failure__ticket", "job", "build").order_by("-at", "test__name")[:MOST])
    found = [card for job in jobs for card in cards([job], failures, base_of(job.build))]
    return Why(jobs, explain(failures, now), found[:MOST_CARDS])


def cards(jobs: Iterable[Job], failures: Iterable[TestFailure], base: str) -> list[Card]:
    """Return how to run failed jobs again, each by its first failing test. `base` is the branch that tells the JDK."""
    tests: dict[int, str] = {}
    for failure in failures:
        tests.setdefault(failure.job_id, failure.test.key)
    made = (_card(job, tests.get(job.pk, ""), base) for job in jobs if job.latest and job.result in BAD_RESULTS)
    found = {each.title: each for each in made if each}
    return list(found.values())[:MOST_CARDS]


def base_of(build: Build) -> str:
    """Return the branch that a build is of, "" of one that is of a pull request: that has its base elsewhere."""
    return build.branch if build.scope == Build.Scope.BRANCH else ""


def _card(job: Job, test: str, base: str) -> Card | None:
    build = job.build
    repository = f"{settings.GITHUB_GIT_URL}/{build.repository or CI_REPOSITORY}.git"
    return card(job.name, build.provider, base, repository, build.version, test)
