"""Alerts as pages and programs read them."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from flinkci_dashboard.alerts.standing import Line, Standing
from flinkci_dashboard.models import Alert, Channel, Notice, OpenFinding
from flinkci_dashboard.web.durations import Lasting

SHOWN = 30  # messages


@dataclass(frozen=True)
class Now:
    """A cause that stands, with its alert where it has begun as one."""

    line: Line
    alert: Alert | None
    silenced: bool


def alerts() -> QuerySet[Alert]:
    """Return every alert, the latest first: what `state` is, the rows tell."""
    return Alert.objects.all()


def firing() -> QuerySet[Alert]:
    """Return the alerts that have not ended."""
    return Alert.objects.filter(ended_at=None)


def ended() -> QuerySet[Alert]:
    """Return the alerts that are over, the latest first."""
    return Alert.objects.exclude(ended_at=None).order_by("-ended_at", "-pk")


def sentence(alert: Alert, now: datetime) -> str:
    """Return an alert's text with how long it has lasted, or did last."""
    return Lasting(alert.text, alert.since).at(alert.ended_at or now)


def lasting(found: Standing, now: datetime) -> list[Now]:
    """Return what stands, the worst first, with what people did about it."""
    by_key = {alert.key: alert for alert in firing()}
    return [_now(line, by_key.get(line.finding.key), now) for line in found.lines]


def _now(line: Line, alert: Alert | None, now: datetime) -> Now:
    return Now(line, alert, alert is not None and alert.silenced(now))


def counts() -> dict[str, int]:
    """Return how many findings stand of each severity; what is folded under a cause is not counted."""
    rows = OpenFinding.objects.filter(parent="").values_list("severity", flat=True)
    found = list(rows)
    return {severity: found.count(severity) for severity in ("bad", "warn", "info")}


def notices() -> QuerySet[Notice]:
    """Return what was sent where, the latest first."""
    return Notice.objects.select_related("channel").order_by("-pk")


def shared_channels() -> QuerySet[Channel]:
    """Return the channels that are nobody's own."""
    return Channel.objects.filter(member=None).select_related("contact")
