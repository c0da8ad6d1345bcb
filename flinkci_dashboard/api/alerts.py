"""Alerts as programs and feed readers get them."""

from datetime import datetime
from typing import Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema

from flinkci_dashboard.alerts import figures
from flinkci_dashboard.api.lists import Listing, Paging, Text, answers, listing
from flinkci_dashboard.models import Alert

router = Router()


class AlertFilters(Schema):
    """What may be asked of alerts."""

    state: Text | None = None
    rule: Text | None = None


class AlertOut(Schema):
    """Something that is wrong, or was."""

    id: int
    rule: str
    subject: str
    severity: str
    state: Literal["firing", "ended"]
    text: str
    since: datetime
    began_at: datetime
    ended_at: datetime | None
    acknowledged_by: str | None


@router.get("/alerts", response=answers(Listing[AlertOut]))
def alerts(request: HttpRequest, filters: Query[AlertFilters], paging: Query[Paging]) -> dict[str, object]:
    """Return alerts, those that began last first; `state` is `firing` or `ended`."""
    rows = {"firing": figures.firing, "ended": figures.ended}.get(filters.state or "", figures.alerts)()
    if filters.state not in (None, "firing", "ended"):
        rows = rows.none()
    if filters.rule is not None:
        rows = rows.filter(rule=filters.rule)
    now = timezone.now()
    return listing(request, rows, paging, "pk", lambda row: _alert(row, now))


def _alert(row: Alert, now: datetime) -> dict[str, object]:
    return {
        "id": row.pk,
        "rule": row.rule,
        "subject": row.subject,
        "severity": row.severity,
        "state": row.state,
        "text": figures.sentence(row, now),
        "since": row.since,
        "began_at": row.began_at,
        "ended_at": row.ended_at,
        "acknowledged_by": row.acknowledged_by or None,
    }
