"""The lists of the mirrors' page: their columns."""

from dataclasses import replace

from flinkci_dashboard.jobs.deeds import deed
from flinkci_dashboard.jobs.lists import RUN_COLUMNS
from flinkci_dashboard.web.tables import Column, Table


def _lag(row: dict) -> float | None:
    return row["lag"].total_seconds() if row["lag"] is not None else None


BRANCHES = Table(
    "branches",
    (
        Column("branch", "Branch", lambda row: row["branch"].name, lambda row: row["branch"].name),
        Column("source", "", lambda row: str(row["mirror"].source)),
        Column("mirror", "", lambda row: str(row["mirror"].target)),
        Column("state", "State", lambda row: row["branch"].state, lambda row: row["branch"].state),
        Column("since", "", lambda row: row["branch"].state_since),
        Column("source_sha", "Source", lambda row: row["branch"].source_sha),
        Column("mirror_sha", "Mirror", lambda row: row["branch"].target_sha),
        Column("commits_behind", "", lambda row: row["branch"].commits_behind),
        Column(
            *("committed", "Last commit of the source", lambda row: row["branch"].committed_at),
            sort=lambda row: row["branch"].committed_at,
            falling=True,
        ),
        Column("author", "", lambda row: row["branch"].author),
        Column("subject", "", lambda row: row["branch"].subject),
        Column("lag_seconds", "Lag", _lag, _lag, falling=True),
    ),
    per_page=500,
)
PLANNED = Table(
    "planned",
    (
        Column("act", "Act", lambda action: deed(action.kind, action.state), "kind"),
        Column("branch", "Branch", lambda action: action.subject, "subject"),
        Column("why", "Why", lambda action: action.reason),
        Column("planned", "Planned", lambda action: action.created_at, "created_at", falling=True),
    ),
)
# The quiet passes between two are counted, so that these have one order alone.
PASSES = Table("passes", tuple(replace(column, sort="") for column in RUN_COLUMNS), anchor="id", per_page=20)
SELECTED = Table(
    "policy",
    (
        Column("branch", "Branch", lambda branch: branch.name, lambda branch: branch.name),
        Column("mirrored", "Mirrored", lambda branch: branch.selected, lambda branch: not branch.selected),
        Column("why", "Why", lambda branch: branch.reason, lambda branch: branch.reason),
    ),
    per_page=500,
)
