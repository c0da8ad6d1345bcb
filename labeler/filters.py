"""What people may ask of the lists of labels, and their columns; the URL holds it."""

from flinkci_dashboard.web.filters import Choice, FilterForm, Text
from flinkci_dashboard.web.tables import Column, Table

COMPONENTS = Table(
    "components",
    (
        Column("component", "Component", lambda line: line.component, lambda line: line.name.casefold()),
        Column("open", "Open pull requests", lambda line: line.open, lambda line: line.open, True, number=True),
        Column("ci", "Their CI", lambda line: dict(line.ci)),
        Column("label", "Label", lambda line: line.label, lambda line: line.label),
    ),
    per_page=500,
)
CHANGES = Table(
    "label-changes",
    (
        Column("number", "Pull request", lambda change: change.pull.number, "pull__number", True),
        Column("title", "", lambda change: change.pull.title),
        Column("change", "Change"),
        Column("added", "", lambda change: change.added),
        Column("removed", "", lambda change: change.removed),
        Column("why", "Why", lambda change: change.reason),
        Column("at", "When", lambda change: change.at, "at", True),
    ),
    "-at",
    anchor="id",
)


class LabelFilter(FilterForm):
    """The filter of pull requests by what their labels lack."""

    q = Text("Title, number or ticket")
    pulls = Choice("Pull requests", [("all", "open and closed")], "open")


def states_table(name: str, changes: bool, settles: bool) -> Table:
    """Return the table of pull requests: of what is to be changed or settled, or of the labels that they have."""
    change = [
        Column("change", "To settle" if settles else "Change"),
        Column("add", "", lambda row: row.add),
        Column("remove", "", lambda row: row.remove),
        Column("why", "Why", lambda row: row.reason),
        Column("problem", "", lambda row: row.problem),
    ]
    columns = [
        Column("number", "Pull request", lambda row: row.pull.number, "pull__number", True),
        Column("title", "", lambda row: row.pull.title),
        Column("ticket", "Ticket", lambda row: row.ticket.key if row.ticket else "", "ticket__key", nullable=True),
        Column("labels", "" if changes else "Labels", lambda row: row.pull.labels),
        *(change if changes else []),
        Column("since", "Since", lambda row: row.state_since, "state_since", True),
        *([Column("act", "(Act)")] if settles else []),
    ]
    return Table(f"labels-{name}", tuple(columns), "-number", ties=("-pull__number",))
