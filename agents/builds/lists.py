"""The lists on pages that explain builds: jobs over time, why jobs failed, failing tests, red jobs; their columns."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.http import HttpRequest

from agents.builds.branch_figures import Grid
from agents.builds.figures import BuildDetail, StageBlock
from agents.builds.nightly_figures import Ledger, RedGroup
from agents.failures.explained import Why
from agents.models import Build
from flinkci_dashboard.web.tables import Column, Shown, Table, count, own

WHOLE = 500  # lines: all that one build, or one page that explains, has
CAUSES = Table(
    "causes",
    (
        own("job", "Job", lambda job: job.name),
        Column("build", "", lambda job: job.build.external_id),
        own("cause", "Cause", lambda job: job.get_cause_display()),
        Column("verdict", "", lambda job: _said(getattr(job, "verdict", None))),
        Column("line", "The line that says so", lambda job: job.cause_line),
        Column("line_number", "", lambda job: job.cause_line_number),
        Column("log", "", lambda job: job.log_url),
    ),
    per_page=WHOLE,
)
KNOWN_AS = (
    own("ticket", "Ticket", lambda each: str(each.ticket or "")),
    count("hits_30d", "1, 7, 30 days", lambda each: each.seen.hits_30d),
    Column("hits_7d", "", lambda each: each.seen.hits_7d),
    Column("hits_1d", "", lambda each: each.seen.hits_1d),
    own("first_seen", "First seen", lambda each: each.seen.first_seen),
    Column("last_seen", "", lambda each: each.seen.last_seen),
    Column("message", "", lambda each: each.failure.message),
)
TESTS = Table(
    "failing-tests",
    (
        own("test", "Test", lambda each: str(each.failure.test)),
        own("job", "Failed in", lambda each: str(each.failure.job)),
        Column("build", "", lambda each: each.failure.build.external_id),
        Column("at", "", lambda each: each.failure.at),
        own("verdict", "Verdict", lambda each: _said(each.verdict)),
        *KNOWN_AS,
    ),
    per_page=WHOLE,
)
TESTS_OF_BUILD = Table(
    "failing-tests",
    (
        own("test", "Test", lambda each: str(each.failure.test)),
        own("job", "Job", lambda each: str(each.failure.job)),
        own("before", "Before", lambda each: each.failure.times_before, falling=True),
        Column("last_before", "", lambda each: each.failure.last_before),
        *KNOWN_AS,
    ),
    per_page=WHOLE,
)
JOBS = Table(
    "jobs",
    (
        own("job", "Job", lambda line: line.job.name),
        Column("stage", "", lambda line: line.job.stage_key),
        Column("attempt", "", lambda line: line.job.attempt),
        own("result", "Result", lambda line: line.job.state),
        Column("cause", "", lambda line: line.job.cause),
        Column("queued", "", lambda line: line.job.queued_at),
        own("started", "Over time", lambda line: line.job.started_at),
        Column("finished", "", lambda line: line.job.finished_at),
        count("waited_seconds", "Waited", lambda line: line.job.wait_seconds),
        count("ran_seconds", "Ran", lambda line: line.job.run_seconds),
        own("on", "On", lambda line: line.job.machine),
        Column("log", "", lambda line: line.log_url),
    ),
    per_page=WHOLE,
)
OF_PULL = Table(
    "builds",
    (
        own("build", "Build", lambda build: build.external_id, falling=True),
        Column("provider", "", lambda build: build.provider),
        own("state", "State", lambda build: build.state),
        Column("attempt", "", lambda build: build.attempt),
        own("of", "Of", lambda build: build.version),
        own("queued", "Queued", lambda build: build.queued_at, falling=True),
        Column("url", "", lambda build: build.web_url),
    ),
    per_page=WHOLE,
)
RED = Table(
    "red-jobs",
    (
        own("jobs", "Red jobs", lambda pair: pair[1].names),
        own("of", "Of", lambda pair: pair[0].title),
        own("since", "Failing for", lambda pair: pair[1].since_at),
        Column("first_red", "", lambda pair: pair[1].first_red.external_id),
        own("last_green", "Last succeeded", lambda pair: _ended(pair[1].last_green), falling=True),
        Column("commits", "What came in between", lambda pair: [each.sha for each in pair[1].changes]),
    ),
    per_page=WHOLE,
)

CELLS = Table(  # of a branch's grid, each a line: job, column and how it ended
    "grid",
    (
        Column("job", "", lambda cell: cell[0].name),
        Column("stage", "", lambda cell: cell[0].stage),
        Column("build", "", lambda cell: cell[1].build.external_id),
        Column("sha", "", lambda cell: cell[1].build.version),
        Column("queued", "", lambda cell: cell[1].build.queued_at),
        Column("ended", "", lambda cell: cell[2].words),
        Column("url", "", lambda cell: cell[2].url),
    ),
)


def grid_tables(request: HttpRequest, grids: Sequence[Grid]) -> dict[str, Shown]:
    """Return each grid as a list, by its key: what a file of it says."""
    return {grid.key: replace(CELLS, name=grid.key).of(request, _cells(grid), f"{grid.key}-") for grid in grids}


def _cells(grid: Grid) -> list[tuple[Any, ...]]:
    pairs = ((row, column, cell) for row in grid.rows for column, cell in zip(grid.columns, row.cells, strict=True))
    return list(pairs)


def why_tables(request: HttpRequest, why: Why) -> dict[str, Any]:
    """Return the lists that tell why builds are red."""
    return {
        "why_jobs": CAUSES.of(request, why.jobs, "causes-"),
        "why_tests": TESTS.of(request, why.tests, "tests-"),
    }


def build_tables(request: HttpRequest, detail: BuildDetail) -> dict[str, Any]:
    """Return the lists of one build's page; its jobs stand in their stages, in the order that is asked for."""
    jobs = JOBS.of(request, [line for stage in detail.stages for line in stage.lines])
    return {
        "jobs": jobs,
        "stages": [_sorted(stage, jobs) for stage in detail.stages],
        "causes": CAUSES.of(request, [line.job for line in detail.causes], "causes-"),
        "tests": TESTS_OF_BUILD.of(request, detail.failures, "tests-"),
    }


def red_table(request: HttpRequest, ledgers: Sequence[Ledger], prefix: str) -> Shown:
    """Return the list of red jobs, by what broke in one run."""
    pairs: list[tuple[Ledger, RedGroup]] = [(ledger, group) for ledger in ledgers for group in ledger.groups]
    return RED.of(request, pairs, prefix)


def _sorted(stage: StageBlock, jobs: Shown) -> StageBlock:
    return replace(stage, lines=[line for line in jobs.lines if line.job.stage_key == stage.key])


def _said(verdict: Any) -> str:
    return f"{verdict.word}: {verdict.reason}" if verdict else ""


def _ended(build: Build | None) -> Any:
    return build.finished_at if build else None
