"""What a message says."""

from datetime import UTC, datetime

from flinkci_dashboard.alerts.episodes import Event
from flinkci_dashboard.alerts.findings import Severity
from flinkci_dashboard.alerts.messages import Item, compose

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def test_every_subject_is_named_however_many_begin_together():
    items = [Item(Event.BEGAN, f"agent{number:02}", Severity.WARN, "it fails", NOW, NOW) for number in range(60)]
    message = compose(items, NOW)
    assert message.title == "agent00, agent01, agent02 and 57 more"
    assert [item.subject for item in items if item.subject not in message.body] == []
    assert len(message.body.splitlines()) == 41
