"""The lists of the alerts' page: their columns."""

from django.utils import timezone

from flinkci_dashboard.alerts import figures
from flinkci_dashboard.models import Alert
from flinkci_dashboard.web.tables import Column, Table, own

NOW = Table(
    "standing",
    (
        Column("what", "What", lambda each: each.line.finding.subject, lambda each: each.line.finding.subject),
        Column("says", "", lambda each: each.line.text),
        Column("rule", "", lambda each: each.line.finding.rule),
        Column("state", "State", lambda each: each.line.label),
        Column("since", "Since", lambda each: each.line.finding.since, lambda each: each.line.finding.since),
        Column("ask", "Whom to ask", lambda each: [person.name for person in each.line.ask]),
        Column("care", "Who takes care", lambda each: each.alert.acknowledged_by if each.alert else ""),
    ),
    per_page=200,
)


def _told(alerts: object) -> list[tuple[Alert, str]]:
    now = timezone.now()
    return [(alert, figures.sentence(alert, now)) for alert in alerts]  # type: ignore[attr-defined]


OVER = Table(
    "alerts",
    (
        Column("what", "What", lambda pair: pair[0].subject, "subject"),
        Column("says", "", lambda pair: pair[1]),
        Column("rule", "", lambda pair: pair[0].rule),
        Column("severity", "", lambda pair: pair[0].severity),
        Column("began", "Began", lambda pair: pair[0].began_at, "began_at", True),
        Column("ended", "Ended", lambda pair: pair[0].ended_at, "ended_at", True),
        Column("turns", "", lambda pair: pair[0].turns),
        Column("acknowledged", "Acknowledged", lambda pair: pair[0].acknowledged_by, "acknowledged_by"),
    ),
    "-ended",
    load=_told,
    per_page=30,
)
MESSAGES = Table(
    "messages",
    (
        Column("told", "What was told", lambda notice: notice.title),
        Column("to", "To", lambda notice: notice.place, "place"),
        Column("state", "State", lambda notice: notice.state, "state"),
        Column("at", "", lambda notice: notice.created_at),
        Column("answer", "What came back", lambda notice: notice.answer),
        Column("tries", "", lambda notice: notice.tries),
    ),
    anchor="id",
    per_page=30,
)
SUBSCRIPTIONS = Table(
    "subscriptions",
    (
        own("of", "Of", lambda each: each.tag),
        own("to", "To", lambda each: f"{each.channel.service} {each.channel.fingerprint}" if each.channel else "mail"),
        Column("end", "(End)"),
    ),
)
CHANNELS = Table(
    "channels",
    (
        Column("channel", "Channel", lambda channel: channel.name, "name"),
        Column("service", "", lambda channel: channel.service),
        Column("gets", "Gets", lambda channel: channel.wants),
        Column("problem", "State", lambda channel: channel.problem),
        Column("sent", "Last message", lambda channel: channel.sent_at, "sent_at", True, nullable=True),
        Column("act", "(Act)"),
    ),
    "channel",
)
