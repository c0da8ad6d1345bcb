"""What the branches' page shows: for one branch, its last builds by job; for all, how they stand."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db.models import Min, Q

from agents.builds.grid import BAD, SILENT, Mark, green_streak, marks
from agents.builds.nightly import NIGHTLY, PUSH
from agents.builds.nightly_figures import RECENT, red_runs, red_words
from agents.charts.drawing import Chart, Series, line_chart, nice_duration
from agents.models import Build, Commit, Job, TestFailure
from agents.models.builds import BAD_RESULTS, Provider, Result, Status
from flinkci_dashboard.alerts.standing import Standing
from flinkci_dashboard.web.durations import duration
from flinkci_dashboard.web.words import counted

BUILDS = 30


class GridJob(NamedTuple):
    """What is read of a job for its cell: of hundreds, so no rows."""

    pk: int
    build: int
    key: str
    name: str
    stage_key: str
    status: str
    result: str

    @property
    def state(self) -> str:
        """Return the result where there is one, else the status."""
        return self.result or self.status


class GridCell(NamedTuple):
    """One job in one build."""

    mark: Mark
    symbol: str
    words: str  # shown on hover, and read aloud
    url: str = ""  # of what failed


SYMBOLS = {Mark.GOOD: "✓", Mark.NEW: "✕", Mark.STILL: "✕", Mark.OTHER: "–", Mark.OPEN: "●", Mark.NONE: ""}
LABELS = dict([*Status.choices, *Result.choices])
WORDS = {Mark.NEW: "new failure", Mark.STILL: "still failing", Mark.NONE: "not in this build"}


@dataclass(frozen=True)
class GridRow:
    """One job over the builds of a branch, oldest first."""

    name: str
    stage: str
    cells: list[GridCell]

    @property
    def apart(self) -> str:
        """Return the stage, where it is not the one that all builds have."""
        return "" if self.stage == "ci" else self.stage

    @property
    def calm(self) -> bool:
        """Tell a job that did nothing but succeed."""
        return {cell.mark for cell in self.cells} <= {Mark.GOOD, Mark.NONE}


@dataclass(frozen=True)
class GridColumn:
    """One build, and the commit that it built."""

    build: Build
    commit: Commit | None

    @property
    def subject(self) -> str:
        """Return the commit's title."""
        return self.commit.subject if self.commit else self.build.message

    @property
    def author(self) -> str:
        """Return who wrote it; "" where nobody told."""
        return self.commit.author if self.commit else ""

    @property
    def at(self) -> datetime | None:
        """Return when it was committed, else when its build was queued."""
        return (self.commit.at if self.commit else None) or self.build.queued_at


@dataclass(frozen=True)
class Grid:
    """The last builds of one kind, oldest first, with the rows of their jobs."""

    key: str
    title: str
    columns: list[GridColumn]
    rows: list[GridRow]
    folded: int  # rows that were green in all builds: each stage's are one
    streak: int
    streak_is_all: bool  # all builds shown are green: it may be longer
    new_failures: int
    latest: str  # how the last build ended that says something; "" where none does
    durations: Chart

    @property
    def state(self) -> str:
        """Return the state of its badge."""
        return "failed" if self.latest in BAD else self.latest or "none"

    @property
    def label(self) -> str:
        """Return the badge's words."""
        if self.state == "failed":
            return "new failures" if self.new_failures else "failed"
        return "" if self.latest else "none has ended"

    @property
    def words(self) -> str:
        """Say for how long it has been green, or what is new."""
        if self.streak:
            return f"for {counted(self.streak, 'build')}{' or more' if self.streak_is_all else ''} in a row."
        if self.new_failures:
            return f"{counted(self.new_failures, 'job')} failed in the latest build that had passed before."
        return ""


@dataclass(frozen=True)
class BranchTab:
    """A branch in the row of branches."""

    name: str
    state: str  # of its badge
    label: str


BADGES = {  # what the findings about a branch say → its badge
    "good": ("ok", "in order"),
    "warn": ("partial", "worth a look"),
    "bad": ("failed", "failing"),
    "unknown": ("unknown", "not known"),
}


def branch_tabs(now: datetime, found: Standing) -> list[BranchTab]:
    """Return the branches with recent builds, master first, then the newest releases, and how each stands.

    One red run is no finding yet, and not in order either.
    """
    recent = Build.objects.filter(scope=Build.Scope.BRANCH, queued_at__gt=now - RECENT).exclude(branch="")
    names = sorted(set(recent.values_list("branch", flat=True).order_by().distinct()), key=in_order)
    red = red_runs(now)
    pushes, nights = red[PUSH], red[NIGHTLY]
    return [_tab(name, found.tagged(f"branch:{name}"), pushes.get(name, 0), nights.get(name, 0)) for name in names]


def _tab(name: str, state: str, pushes: int, nights: int) -> BranchTab:
    if state != "good" or not (pushes or nights):
        return BranchTab(name, *BADGES[state])
    return BranchTab(name, "partial", red_words(pushes) if pushes else f"nightly {red_words(nights)}")


def branch_grids(branch: str, unfolded: bool = False) -> list[Grid]:
    """Return the grids of a branch: pushes and manual builds, and nightly builds apart from them, by service.

    The jobs of a stage that were green in all builds are folded into one row, unless `unfolded`.
    """
    shown = {
        f"{key}-{provider}" if number else key: (f"{title}, {provider.label}" if number else title, found)
        for key, title, is_nightly in (("push", "Pushes", False), ("nightly", "Nightly", True))
        for number, provider in enumerate(Provider)
        if (found := _latest(branch, provider, is_nightly))
    }
    every = [build for _, found in shown.values() for build in found]
    jobs, versions = _jobs(every), {build.version for build in every}
    heads = {commit.sha: commit for commit in Commit.objects.filter(branch=branch, sha__in=versions)}
    tests = _first_tests(jobs)
    known = _Known(jobs, heads, tests, unfolded)
    return [_grid(key, title, found, known) for key, (title, found) in shown.items()]


def _latest(branch: str, provider: Provider, nightly: bool) -> list[Build]:
    """Return the last builds of a branch by one service, the oldest first."""
    builds = Build.objects.filter(branch=branch, scope=Build.Scope.BRANCH, provider=provider)
    is_nightly = Q(reason=Build.Reason.SCHEDULE)
    chosen = builds.filter(is_nightly if nightly else ~is_nightly)
    return list(chosen.order_by("-queued_at", "-id")[:BUILDS])[::-1]


@dataclass(frozen=True)
class _Known:
    """What the grids are made of."""

    jobs: dict[int, dict[str, GridJob]]  # by build and key
    commits: dict[str, Commit]
    tests: dict[int, int]  # the first failing test of a job
    unfolded: bool


def _first_tests(jobs: dict[int, dict[str, GridJob]]) -> dict[int, int]:
    failed = [job.pk for found in jobs.values() for job in found.values() if job.result in BAD_RESULTS]
    rows = TestFailure.objects.filter(job__in=failed).order_by().values("job").annotate(first=Min("pk"))
    return dict(rows.values_list("job", "first"))


def _fold(rows: list[GridRow]) -> list[GridRow]:
    """Put the jobs of a stage that did nothing but succeed into one row, after the others of that stage."""
    stages: dict[str, list[GridRow]] = defaultdict(list)
    for row in rows:
        stages[row.stage].append(row)
    shown: list[GridRow] = []
    for stage, found in stages.items():
        calm = [row for row in found if row.calm]
        shown += [row for row in found if not row.calm] if len(calm) > 1 else found
        if len(calm) > 1:
            shown.append(GridRow(f"{counted(len(calm), 'job')} that succeeded", stage, _all_of(calm)))
    return shown


def _all_of(rows: list[GridRow]) -> list[GridCell]:
    """Return the cells of rows that are green or not there: green where any is."""
    columns = zip(*(row.cells for row in rows), strict=True)
    return [next((cell for cell in column if cell.mark == Mark.GOOD), column[0]) for column in columns]


def _grid(key: str, title: str, builds: list[Build], known: _Known) -> Grid:
    rows = [_row(name, builds, known) for name in _job_keys(builds, known.jobs)]
    shown = rows if known.unfolded else _fold(rows)
    results = [build.state for build in reversed(builds)]
    streak = green_streak(results)
    latest = [row.cells[-1].mark for row in rows if row.cells]
    return Grid(
        key=key,
        title=title,
        columns=[GridColumn(build, known.commits.get(build.version)) for build in builds],
        rows=shown,
        folded=len(rows) - len(shown),
        streak=streak,
        streak_is_all=streak > 0 and (SILENT | {"succeeded"}).issuperset(results),
        new_failures=latest.count(Mark.NEW),
        latest=next((result for result in results if result not in SILENT), ""),
        durations=_durations(key, builds),
    )


def _row(key: str, builds: list[Build], known: _Known) -> GridRow:
    found = [known.jobs[build.pk].get(key) for build in builds]
    states = marks([job.state if job else None for job in found])
    cells = [_cell(*each, known.tests) for each in zip(states, builds, found, strict=True)]
    named = next(job for job in reversed(found) if job)
    return GridRow(named.name, named.stage_key, cells)


def _cell(mark: Mark, build: Build, job: GridJob | None, tests: dict[int, int]) -> GridCell:
    """Say how a job ended; one that failed leads to its first failing test, else to itself."""
    state, url = job.state if job else "", ""
    if job and mark in (Mark.NEW, Mark.STILL):
        place = f"test-{tests[job.pk]}" if job.pk in tests else f"job-{job.pk}"
        url = f"{build.get_absolute_url()}#{place}"
    return GridCell(mark, SYMBOLS[mark], WORDS.get(mark) or LABELS.get(state, state), url)


def _job_keys(builds: Iterable[Build], jobs: dict[int, dict[str, GridJob]]) -> list[str]:
    """Return the keys of all jobs, in the order of the newest build that has them."""
    newest_first = [jobs[build.pk] for build in builds][::-1]
    return list(dict.fromkeys(key for found in newest_first for key in found))


def _jobs(builds: list[Build]) -> dict[int, dict[str, GridJob]]:
    found: dict[int, dict[str, GridJob]] = defaultdict(dict)
    rows = Job.objects.filter(build__in=builds, latest=True).order_by("stage_key", "order", "key")
    jobs = map(GridJob._make, rows.values_list(*GridJob._fields))
    for job in sorted(jobs, key=lambda job: job.stage_key != "ci"):
        found[job.build][job.key] = job
    return found


def _durations(key: str, builds: list[Build]) -> Chart:
    """Draw how long the builds ran that were not canceled."""
    points = tuple(
        (build.queued_at, (build.finished_at - build.started_at).total_seconds())
        for build in builds
        if build.queued_at and build.started_at and build.finished_at and build.result != "canceled"
    )
    series = [Series("duration", "one", points)]
    note = "From the start of a build to its end."
    return line_chart(f"duration-{key}", "Duration", note, series, duration, nice_duration)


def in_order(branch: str) -> tuple[bool, list[int], str]:
    """Return a key that sorts branches: master first, then release branches by version, newest first, then others."""
    numbers = branch.removeprefix("release-").split(".") if branch.startswith("release-") else []
    version = [-int(number) for number in numbers] if all(n.isascii() and n.isdigit() for n in numbers) else []
    return branch != "master", version or [1], branch
