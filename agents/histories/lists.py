"""The lists of what got slower, sat idle, and of one failing test: their columns."""

from agents.histories.history import setup_of_failure
from flinkci_dashboard.web.tables import Column, Table, count, own


def _slower(name: str, title: str) -> Table:
    columns = (
        own("name", title, lambda row: row.name),
        Column("job", "", lambda row: row.key),
        own("branch", "Branch", lambda row: row.branch),
        Column("provider", "", lambda row: row.provider),
        count("seconds", "Lately", lambda row: row.seconds),
        count("usual_seconds", "Before", lambda row: row.usual_seconds),
        own("since", "Since", lambda row: row.since, falling=True),
    )
    return Table(name, columns)


SLOW_JOBS = _slower("slow-jobs", "Got slower")
SLOW_TESTS = _slower("slow-tests", "Tests that got slower")
IDLE_JOBS = Table(
    "idle-jobs",
    (
        own("job", "Sat idle at its end", lambda job: job.name),
        count("idle_seconds", "For", lambda job: job.idle_seconds),
        own("build", "Build", lambda job: job.build.external_id, falling=True),
        own("ended", "Ended", lambda job: job.finished_at, falling=True),
    ),
)
COMMITS = Table(
    "commits",
    (
        Column("sha", "Commit", lambda each: each.sha),
        own("title", "Title", lambda each: each.subject),
        own("ticket", "Ticket", lambda each: each.ticket),
        own("author", "Author", lambda each: each.author),
        own("at", "When", lambda each: each.at, falling=True),
    ),
)
FAILED = Table(
    "failures",
    (
        own("build", "Build", lambda each: each.build.external_id, falling=True),
        Column("provider", "", lambda each: each.build.provider),
        Column("branch", "", lambda each: each.build.branch),
        Column("pull", "", lambda each: each.build.pull_number or None),
        Column("commit", "", lambda each: each.build.version),
        own("job", "Job", lambda each: str(each.job)),
        Column("setup", "", setup_of_failure),
        own("on", "On", lambda each: each.job.machine),
        count("seconds", "Ran", lambda each: each.seconds),
        own("at", "When", lambda each: each.at, falling=True),
        Column("words", "With which words", lambda each: each.message),
    ),
    per_page=40,
)
