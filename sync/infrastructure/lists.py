"""The lists of the infrastructure page: their columns."""

from flinkci_dashboard.jobs.deeds import deed
from flinkci_dashboard.jobs.table import title_of
from flinkci_dashboard.models import Action
from flinkci_dashboard.web.tables import Column, Table, count, own


def _last(act: Action | None) -> str:
    return f"{deed(act.kind, act.state)}: {act.subject}" if act else ""


FLOWS = Table(
    "flows",
    (
        Column("from", "From", lambda flow: flow.arrow.start, lambda flow: flow.arrow.start),
        Column("to", "To", lambda flow: flow.arrow.end, lambda flow: flow.arrow.end),
        Column("what", "What", lambda flow: flow.arrow.carries),
        Column("by", "Carried by", lambda flow: title_of(flow.arrow.by)),
        Column("instead_of", "Instead of", lambda flow: flow.arrow.instead_of),
        Column("state", "Last pass", lambda flow: flow.state, lambda flow: flow.state),
        Column("ended", "", lambda flow: flow.at),
    ),
)
REPOSITORIES = Table(
    "repositories",
    (
        Column("repository", "Repository", lambda line: str(line.repository), lambda line: str(line.repository)),
        Column("role", "Role", lambda line: line.repository.get_role_display()),
        Column("read_by", "Read by", lambda line: line.read_by),
        Column("written_by", "Written by", lambda line: line.written_by),
        Column("last_act", "Last act", lambda line: _last(line.last)),
        Column("at", "", lambda line: line.last and line.last.settled_at),
    ),
)
ACCOUNTS = Table(
    "accounts",
    (
        Column("account", "Account", lambda row: row.account, "account"),
        Column("credential", "What it is", lambda row: row.name, "name"),
        Column("scopes", "May", lambda row: row.scopes_wanted),
        Column("used_by", "Used by", lambda row: row.use_labels),
        Column("held_by", "Held by", lambda row: row.held_by),
    ),
    "-account",
)
PIPELINES = Table(
    "pipelines",
    (
        Column("pipeline", "Pipeline", lambda row: row.name, "name"),
        Column("builds", "Builds", lambda row: row.repository, "repository"),
        Column("sees_secrets", "Sees secrets", lambda row: row.sees_secrets, "sees_secrets"),
    ),
    "pipeline",
)
VARIABLES = Table(
    "variables",
    (
        Column("variable", "Variable", lambda line: line.variable.name, lambda line: line.variable.name),
        Column("where", "Where", lambda line: line.variable.place, lambda line: line.variable.place),
        Column("stands", "How it stands", lambda line: line.label, lambda line: line.label),
        Column("seen", "Seen", lambda line: line.variable.seen_at, lambda line: line.variable.seen_at, True),
    ),
)
MACHINES = Table(
    "machines",
    (
        own("kind", "Kind", lambda line: line["title"]),
        Column("given", "What they are", lambda line: line["given"]),
        count("known", "Agents known", lambda line: line["known"]),
        count("online", "Online", lambda line: line["online"]),
    ),
)
PEOPLE = Table(
    "people",
    (
        Column("name", "Name", lambda row: row.name, "name"),
        Column("role", "Role", lambda row: row.roles),
        Column("helps_with", "Helps with", lambda row: row.area_labels),
        Column("about", "", lambda row: row.about),
    ),
    "name",
)
