"""Which commits came between the last run of a job that passed and the first one in which a test failed on a branch."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from agents.models import Build, Commit, Job, TestFailure
from agents.models.builds import Result

BEFORE = timedelta(days=14)  # in which a run that passed is looked for
SHOWN = 20  # commits of a range


@dataclass(frozen=True)
class Culprits:
    """The commits in question, the oldest first; `green` is the last commit that passed, "" where none is known."""

    green: str
    red: str
    commits: Sequence[Commit]
    count: int  # of the commits that the mirror saw; 0 where it saw none of them

    @property
    def sentence(self) -> str:
        """Say it: "since one of 3 commits after 1234567890 up to abcdef0123"."""
        if not self.green:
            return f"since {self.red[:10]} or before: no run that passed is known"
        if self.green == self.red:
            return f"since {self.red[:10]}, which had passed before"
        known = f"one of {self.count} commits" if self.count > 1 else "a commit"
        return f"since {known} after {self.green[:10]} up to {self.red[:10]}"


def culprits(firsts: Iterable[TestFailure]) -> dict[int, Culprits]:
    """Return the commits in question for first failures on branches, by their primary keys: three queries at most.

    `job` and `build` of the failures are to be loaded.
    """
    failures = [each for each in firsts if each.build.version and each.build.queued_at]
    if not failures:
        return {}
    greens = {each.pk: green for each, green in zip(failures, _last_greens(failures), strict=True)}
    orders = _orders(failures, greens.values())
    ranges = {each.pk: _range(each.build, greens[each.pk], orders) for each in failures}
    commits = _commits({between for between in ranges.values() if between})
    return {each.pk: _found(each.build, greens[each.pk], ranges[each.pk], commits) for each in failures}


Between = tuple[str, int, int]  # branch, and the orders of the last green and the first red commit


def _last_greens(failures: Sequence[TestFailure]) -> list[str]:
    times = [each.build.queued_at for each in failures if each.build.queued_at]
    passed = Job.objects.filter(
        key__in={each.job.key for each in failures},
        result=Result.SUCCEEDED,
        build__scope=Build.Scope.BRANCH,
        build__branch__in={each.build.branch for each in failures},
        build__queued_at__gt=min(times) - BEFORE,
        build__queued_at__lt=max(times),
    )
    needed = ("key", "build__branch", "build__provider", "build__queued_at", "build__version")
    rows = list(passed.values_list(*needed).order_by("build__queued_at"))
    return [_last_green(each, rows) for each in failures]


def _last_green(failure: TestFailure, rows: Sequence[tuple[str, str, str, datetime, str]]) -> str:
    build = failure.build
    mine = [
        version
        for key, branch, provider, at, version in rows
        if (key, branch, provider) == (failure.job.key, build.branch, build.provider)
        and build.queued_at
        and build.queued_at - BEFORE < at < build.queued_at
    ]
    return mine[-1] if mine else ""


def _orders(failures: Sequence[TestFailure], greens: Iterable[str]) -> dict[tuple[str, str], int]:
    shas = {*greens, *(each.build.version for each in failures)}
    rows = Commit.objects.filter(branch__in={each.build.branch for each in failures}, sha__in=shas)
    return {(branch, sha): order for branch, sha, order in rows.values_list("branch", "sha", "order")}


def _range(red: Build, green: str, orders: dict[tuple[str, str], int]) -> Between | None:
    first, last = orders.get((red.branch, green)), orders.get((red.branch, red.version))
    return (red.branch, first, last) if first is not None and last is not None and first < last else None


def _commits(ranges: set[Between]) -> list[Commit]:
    wanted = Q()
    for branch, first, last in ranges:
        wanted |= Q(branch=branch, order__gt=first, order__lte=last)
    return list(Commit.objects.filter(wanted).order_by("order")) if ranges else []


def _found(red: Build, green: str, between: Between | None, commits: Sequence[Commit]) -> Culprits:
    if between is None:
        return Culprits(green, red.version, (), 0)
    branch, first, last = between
    mine = [each for each in commits if each.branch == branch and first < each.order <= last]
    return Culprits(green, red.version, mine[-SHOWN:], len(mine))
