"""What speaks for and against a failure being a pull request's own: from the rows, in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta

from agents.failures.verdicts import Evidence, Verdict, verdict
from agents.models import Build, Job, TestFailure
from agents.models.builds import Result

WEEK = timedelta(days=7)  # before it failed: what is older tells nothing of today's code


@dataclass(frozen=True)
class Judged:
    """A test that failed on a pull request's head, and whose fault that seems to be."""

    failure: TestFailure
    verdict: Verdict

    @property
    def ticket(self) -> str:
        """Return the key of the ticket that knows the test, "" without any."""
        return _ticket(self.failure)


def judge_pull(number: int, sha: str, own: Collection[int]) -> list[Judged]:
    """Judge what failed on a pull request's head; `own` are the numbers of its author's pull requests."""
    rows = TestFailure.objects.filter(build__pull_number=number, build__version=sha).order_by("-at", "-pk")
    failures: dict[int, TestFailure] = {}
    for row in rows.select_related("test__failure__ticket", "job", "build"):
        failures.setdefault(row.test_id, row)
    if not failures:
        return []
    lately, before = _elsewhere(failures, number)
    green = set(Job.objects.filter(build__version=sha, result=Result.SUCCEEDED).values_list("key", flat=True))
    found = [
        Judged(row, verdict(_evidence(row, lately[test], test in before, row.job.key in green, own)))
        for test, row in failures.items()
    ]
    return sorted(found, key=lambda each: each.failure.test.name)


def _elsewhere(failures: Mapping[int, TestFailure], number: int) -> tuple[dict[int, list[TestFailure]], set[int]]:
    """Return the failures of these tests elsewhere in the weeks in question, and the tests that failed before those."""
    since = min(row.at for row in failures.values()) - WEEK
    others = TestFailure.objects.filter(test__in=failures).exclude(build__pull_number=number)
    lately: dict[int, list[TestFailure]] = defaultdict(list)
    needed = ("test", "at", "job__key", "build__scope", "build__branch", "build__pull_number")
    for row in others.filter(at__gte=since).select_related("job", "build").only(*needed):
        lately[row.test_id].append(row)
    return lately, set(others.filter(at__lt=since).values_list("test_id", flat=True).distinct())


def _evidence(
    row: TestFailure, others: list[TestFailure], is_old: bool, is_green: bool, own: Collection[int]
) -> Evidence:
    lately = [each for each in others if row.at - WEEK <= each.at <= row.at]
    on_branches = {
        each.build.branch for each in lately if each.build.scope == Build.Scope.BRANCH and each.job.key == row.job.key
    }
    return Evidence(
        ticket=_ticket(row),
        on_branches=tuple(sorted(on_branches)),
        passed_again=is_green,
        on_others=len({each.build.pull_number for each in lately} - {None, *own}),
        seen_before=is_old or any(each.at <= row.at for each in others),
    )


def _ticket(row: TestFailure) -> str:
    failure = getattr(row.test, "failure", None)
    return str(failure.ticket) if failure and failure.ticket else ""
