"""What is known of one test: when, where and on what it failed, how often its jobs passed, how long it ran."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from django.conf import settings

from agents.charts.drawing import Chart, Series, line_chart, nice_duration, percent, plain
from agents.failures.figures import MONTH, Figures, figures_of_test
from agents.failures.match import in_pytest_form, name_of
from agents.failures.reproduce import setup_of
from agents.histories.culprits import Culprits, culprits
from agents.histories.files import BRANCH, SOURCE, commits_of, file_name
from agents.histories.paces import owner_of, paces_of
from agents.models import Build, Failure, FileCommit, Job, Test, TestFailure, TestPace
from agents.models.builds import Provider, Result
from flinkci_dashboard.web.durations import duration

BACK = timedelta(days=90)  # failures that are looked at
MOST = 1000  # failures that are counted and listed
BUILDS = 5000  # of branches that are counted
COLOURS = ("one", "two", "three", "four")  # of lines, one for each branch
NEEDED = (
    *("at", "message", "seconds", "source", "test_id", "job__name", "job__key", "job__attempt", "job__worker_name"),
    *("job__host", "job__agent", "job__build", "build__provider", "build__external_id", "build__branch"),
    *("build__scope", "build__version", "build__pull_number", "build__queued_at", "build__reason"),
)


@dataclass(frozen=True)
class Rate:
    """In how many of its jobs' runs on branches it failed. A passing test leaves no row: those runs are the base."""

    runs: int  # of its jobs that ended as succeeded or failed
    failed: int  # those in which it failed

    @property
    def passed(self) -> float | None:
        """Return the share of runs in which it did not fail, 0 to 1; None without any run."""
        return max(1 - self.failed / self.runs, 0.0) if self.runs else None

    @property
    def percent(self) -> str:
        """Write it in percent; what failed at all is never written as 100 %."""
        share = self.passed or 0.0
        return f"{min(share, 0.999):.1%}" if self.failed else percent(share)


@dataclass(frozen=True)
class History:
    """Everything that the page of a test shows."""

    key: str
    failures: list[Failure]  # rows that say which ticket knows it: one for each form of its name
    seen: Figures
    latest: list[TestFailure]  # all that are counted, the newest first
    places: dict[str, list[tuple[str, int]]]  # by what → how many failures where, most first
    rate: Rate
    culprits: Culprits | None
    days: Chart
    lengths: Chart  # its own or its class's, where it passed; and of its own failures
    slow: list[TestPace]  # where it or its class has got slower
    file: str  # its path on the main branch, "" where that is not known
    is_sought: bool  # its file was looked for
    commits: list[FileCommit]  # that changed it, the newest first
    counted: int
    is_cut: bool  # there are more failures than were counted by place

    @property
    def came_back(self) -> bool:
        """Tell whether it failed again after its ticket was closed."""
        tickets = [each.ticket for each in self.failures if each.ticket]
        return any(ticket.came_back(self.seen.last_seen) for ticket in tickets)

    @property
    def is_awaited(self) -> bool:
        """Tell whether its file, and the commits that changed it, are still to be read."""
        return not self.is_sought and bool(file_name(name_of(self.key)))

    @property
    def code_url(self) -> str:
        """Return where GitHub shows its file, or finds it."""
        if self.file:
            return f"{settings.GITHUB_GIT_URL}/{SOURCE}/blob/{BRANCH}/{quote(self.file)}"
        name = name_of(self.key)
        python = in_pytest_form(self.key).partition("::")[0]
        file = python or (f"{name.classes[0].partition('$')[0]}.*" if name.classes else "")
        query = quote(f"repo:{SOURCE} path:**/{file}" if file else f'repo:{SOURCE} "{self.key}"')
        return f"{settings.GITHUB_GIT_URL}/search?q={query}&type=code"

    @property
    def owner(self) -> str:
        """Return what is timed as a whole: its class."""
        return owner_of(self.key).rpartition(".")[2] or self.key

    @property
    def commits_url(self) -> str:
        """Return where GitHub lists the commits that changed its file, or else those that speak of its class."""
        if self.file:
            return f"{settings.GITHUB_GIT_URL}/{SOURCE}/commits/{BRANCH}/{quote(self.file)}"
        name = name_of(self.key)
        words = name.classes[0] if name.classes else self.key
        return f"{settings.GITHUB_GIT_URL}/search?q={quote(f'repo:{SOURCE} {words}')}&type=commits"


def history_of(key: str, now: datetime) -> History | None:
    """Collect what is known of a test by its key; None where none of that name has ever failed."""
    key = name_of(key).key  # pytest's own form, too, has an address
    tests = _tests(key)
    rows = TestFailure.objects.filter(test__in=tests, at__gt=now - BACK).select_related("job", "build", "job__agent")
    found = list(rows.only(*NEEDED, "job__agent__name").order_by("-at", "-pk")[: MOST + 1])
    if not tests:
        return None
    failed = found[:MOST]
    recent = [each for each in failed if each.at > now - MONTH]
    paces = paces_of(key)
    file, commits = commits_of(key)
    return History(
        key=key,
        failures=list(Failure.objects.filter(test__in=tests).select_related("ticket", "maybe")),
        seen=figures_of_test(tests, (_place(each.build) for each in recent), now),
        latest=failed,
        places=_places(failed),
        rate=_rate(recent, now),
        culprits=_culprits(tests),
        days=_days(recent, now),
        lengths=_lengths(failed, paces, "where it passed" if any(each.name == key for each in paces) else "its class"),
        slow=[each for each in paces if each.since],
        file=file.path if file else "",
        is_sought=file is not None,
        commits=commits,
        counted=len(failed),
        is_cut=len(found) > MOST,
    )


def _tests(key: str) -> list[int]:
    """Return the tests of this key, whatever form their names have: each of the two questions has an index."""
    matched = Failure.objects.filter(key=key).values_list("test_id", flat=True)
    named = Test.objects.filter(name__in=(key, key.replace("#", ".", 1))).values_list("pk", flat=True)
    return sorted({*matched, *named})


def _place(build: Build) -> tuple[str, str, str]:
    return build.provider, build.scope, build.branch if build.scope == Build.Scope.BRANCH else ""


def _rate(failures: Sequence[TestFailure], now: datetime) -> Rate:
    """Count on branches alone: what fails on pull requests may be theirs. Builds come first, whose jobs are few."""
    keys = {each.job.key for each in failures}
    recent = Build.objects.filter(scope=Build.Scope.BRANCH, queued_at__gt=now - MONTH).order_by("-queued_at")
    builds = recent.values("pk")[:BUILDS]
    ended = Job.objects.filter(build__in=builds, key__in=keys, result__in=(Result.SUCCEEDED, Result.FAILED))
    failed = {each.job_id for each in failures if _is_since(each.build, now - MONTH)}
    return Rate(ended.count() if keys else 0, len(failed))


def _is_since(build: Build, at: datetime) -> bool:
    return build.scope == Build.Scope.BRANCH and build.queued_at is not None and build.queued_at > at


def _places(failures: Sequence[TestFailure]) -> dict[str, list[tuple[str, int]]]:
    return {
        "Branch": _shares(_branch(each.build) for each in failures),
        "Service": _shares(Provider(each.build.provider).label for each in failures),
        "JDK and profile": _shares(setup_of_failure(each) for each in failures),
        "Machine": _shares(each.job.machine or "not known" for each in failures),
    }


def _branch(build: Build) -> str:
    return build.branch if build.scope == Build.Scope.BRANCH else "pull requests"


def setup_of_failure(failure: TestFailure) -> str:
    """Return with which JDK and profile the job ran, in words."""
    base = failure.build.branch if failure.build.scope == Build.Scope.BRANCH else ""
    return setup_of(failure.job.name, failure.build.provider, base).words


def _shares(names: Iterable[str]) -> list[tuple[str, int]]:
    return Counter(names).most_common(12)


def _culprits(tests: Sequence[int]) -> Culprits | None:
    """Return what came in between before it failed on a branch for the first time."""
    on_branch = TestFailure.objects.filter(test__in=tests, build__scope=Build.Scope.BRANCH)
    first = on_branch.select_related("job", "build").order_by("at", "pk").first()
    return culprits([first]).get(first.pk) if first else None


def _days(failures: Sequence[TestFailure], now: datetime) -> Chart:
    """Draw in how many builds it failed on each of the last 30 days (UTC)."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    builds = {(each.at.date(), each.build_id) for each in failures}
    counts = Counter(day for day, _ in builds)
    days = [today - timedelta(days=back) for back in range(29, -1, -1)]
    points = tuple((day, float(counts[day.date()])) for day in days)
    note = "Builds in which it failed, by day (UTC)."
    return line_chart("failures", "How often", note, [Series("builds", "one", points)], plain)


def _lengths(failures: Sequence[TestFailure], paces: Sequence[TestPace], what: str) -> Chart:
    """Draw how long it or its class took where it passed, by branch, and it where it failed, as far as was told."""
    by_branch: dict[str, dict[datetime, float]] = defaultdict(dict)
    for pace in paces:
        for moment, seconds in pace.runs:
            at = datetime.fromtimestamp(moment, UTC)
            by_branch[pace.branch][at] = max(seconds, by_branch[pace.branch].get(at, 0.0))
    most = sorted(by_branch, key=lambda branch: -len(by_branch[branch]))[: len(COLOURS) - 1]
    failed = tuple((each.at, each.seconds) for each in reversed(failures) if each.seconds is not None)
    series = [Series("where it failed", COLOURS[0], failed)] if failed or not most else []
    series += [
        Series(f"{what} on {branch}", colour, tuple(sorted(by_branch[branch].items())))
        for branch, colour in zip(most, COLOURS[1:], strict=False)
    ]
    note = (
        "Where it passed, logs tell: of a Java test its class as a whole, of a Python test it itself where it is one "
        "of the slowest. They are read of failed jobs, and of a build of each branch in six hours. Where it failed its "
        "service may tell its own."
    )
    return line_chart("lengths", "How long it ran", note, series, duration, nice_duration)
