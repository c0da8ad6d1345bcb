"""The lists of the credentials' page: their columns. No value is in them."""

from flinkci_dashboard.web.tables import Column, Table

CREDENTIALS = Table(
    "credentials",
    (
        Column("name", "Credential", lambda line: line.credential.name, lambda line: line.credential.name.casefold()),
        Column("kind", "", lambda line: line.credential.kind),
        Column("account", "", lambda line: line.credential.account),
        Column("variable", "", lambda line: line.credential.variable),
        Column("used_by", "", lambda line: line.credential.use_labels),
        Column("state", "State", lambda line: line.label, lambda line: line.label),
        Column("problem", "", lambda line: line.credential.problem),
        Column("ends", "Ends", lambda line: line.credential.expires_at, lambda line: line.credential.expires_at),
        Column("scopes_wanted", "Scopes", lambda line: line.credential.scopes_wanted),
        Column("scopes", "", lambda line: line.credential.seen_scopes),
        Column(
            *("holder", "Holder", lambda line: line.credential.held_by),
            sort=lambda line: str(line.credential.holder or ""),
        ),
        Column("backup_holder", "", lambda line: str(line.credential.backup_holder or "")),
        Column("value", "Value"),
        Column("probed", "", lambda line: line.credential.probed_at),
    ),
    per_page=200,
)
EXPOSURES = Table(
    "exposure",
    (
        Column("what", "What must hold", lambda exposure: exposure.title),
        Column("answer", "Answer", lambda exposure: exposure.state, "state"),
        Column("detail", "", lambda exposure: exposure.detail),
        Column("names", "By name", lambda exposure: exposure.names),
        Column("checked", "Checked", lambda exposure: exposure.checked_at, "checked_at", True),
    ),
    ties=("check_name",),
)
