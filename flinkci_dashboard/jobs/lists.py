"""The lists of jobs, of their passes, and of what people asked them for: their columns."""

from django.db.models import F

from flinkci_dashboard.models import JobRun
from flinkci_dashboard.web.tables import Column, Table

TOOK = F("ended_at") - F("started_at")
RUN_COLUMNS = (
    Column("job", "", lambda run: run.job),
    Column("run", "", lambda run: run.pk),
    Column("outcome", "Outcome", lambda run: run.outcome),
    Column("started", "Started", lambda run: run.started_at, "id", falling=True),
    Column("ended", "", lambda run: run.ended_at),
    Column("seconds", "Took", lambda run: round(run.seconds, 1), TOOK, falling=True, nullable=True),
    Column("did", "Did", lambda run: run.counts),
    Column("error", "", lambda run: run.error),
    Column("trigger", "", lambda run: run.trigger),
    Column("host", "", lambda run: run.host),
)
RUNS = Table("passes", RUN_COLUMNS, "-started", anchor="id")
ASKED = Table(
    "requests",
    (
        Column("asked", "Asked", lambda asked: asked.requested_at, "id", falling=True),
        Column("by", "By", lambda asked: str(asked.requested_by or "")),
        Column("job", "", lambda asked: asked.job),
        Column("what", "What", lambda asked: asked.what),
        Column("answer", "Answer", lambda asked: asked.answer),
        Column("answered", "", lambda asked: asked.settled_at),
    ),
    "-asked",
    per_page=8,
)


def _started(row: dict) -> object:
    return row["run"] and row["run"].started_at


def _seconds(row: dict) -> object:
    run: JobRun | None = row["run"]
    return round(run.seconds, 1) if run and run.ended_at else None


JOB_LIST = Table(
    "jobs",
    (
        Column("job", "Job", lambda row: row["job"].name, lambda row: row["job"].title),
        Column("outcome", "Last pass", lambda row: row["state"], lambda row: row["state"]),
        Column("started", "", _started),
        Column("seconds", "Took", _seconds, _seconds, falling=True),
        Column("did", "Did", lambda row: row["did"]),
        Column("error", "", lambda row: row["run"].error if row["run"] else ""),
        Column("passes", "Passes, newest right"),
        Column("next", "Next", lambda row: row["schedule"].next_run_at, lambda row: row["schedule"].next_run_at),
        Column("interval", "", lambda row: row["schedule"].interval),
        Column("enabled", "", lambda row: row["schedule"].enabled),
        Column("overdue", "", lambda row: row["overdue"]),
        Column("act", "(Act)"),
    ),
    per_page=100,
)
