"""What Jira says of unstable tests → rows of tickets: those that changed in each pass, all of them once a day."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from agents.builds.observe import watermark
from agents.models import KnownTicket
from agents.models.failures import CLOSED
from flinkci_dashboard.clients.jira import Jira, Ticket
from flinkci_dashboard.jobs.history import last_good
from flinkci_dashboard.jobs.run import Pass
from flinkci_dashboard.models.writing import Changes

MARK = "known_tickets"  # when all were asked for
LABEL = "test-stability"
OVERLAP = timedelta(minutes=10)  # Jira's search lags a little behind its tickets, and a pass takes time
ASK_ALL = timedelta(days=1)  # what changed does not tell which tickets lost the label


@dataclass(frozen=True)
class Told:
    """What Jira told; `whole`: of all tickets, not of those alone that changed."""

    tickets: list[Ticket]
    whole: bool


def ask_tickets(current: Pass) -> Told:
    """Ask which tickets changed since the last pass that read all. Raises the errors of `clients.errors`."""
    mark, since = watermark(MARK, "jira"), last_good(current.run.job)
    whole = since is None or mark.at is None or current.now - mark.at >= ASK_ALL
    minutes = ceil((current.now - since + OVERLAP) / timedelta(minutes=1)) if since and not whole else None
    with Jira() as jira:
        tickets = jira.labelled(LABEL, minutes)
    for key, trouble in jira.troubles.items():
        current.fail(f"{key}: {trouble}")
    return Told(tickets, whole and not jira.troubles)  # one that can't be read may have the label still


def save_tickets(told: Told, now: datetime) -> int:
    """Bring the rows up to date; returns how many changed."""
    changed = _save(told.tickets)
    if told.whole:
        changed += _drop_others(told.tickets)
        mark = watermark(MARK, "jira")
        mark.at = now
        mark.save(update_fields=["at"])
    return changed


def _save(told: Iterable[Ticket]) -> int:
    by_id = {ticket.id: ticket for ticket in told}
    rows = {row.jira_id: row for row in KnownTicket.objects.filter(jira_id__in=by_id)}
    changes: Changes[KnownTicket] = Changes()
    for id, ticket in by_id.items():
        row = rows.get(id) or KnownTicket(jira_id=id)
        facts = {"key": ticket.key, "summary": ticket.summary, "status": ticket.status, "updated_at": ticket.updated}
        closed_at = (row.closed_at or ticket.updated) if ticket.status in CLOSED else None
        changes.put(row, {**facts, "closed_at": closed_at, "labelled": True})
    return changes.write()


def _drop_others(told: Iterable[Ticket]) -> int:
    """Note which tickets have lost the label. An answer without any ticket is not believed."""
    ids = {ticket.id for ticket in told}
    if not ids:
        return 0
    lost = [row.pk for row in KnownTicket.objects.filter(labelled=True).only("jira_id") if row.jira_id not in ids]
    return KnownTicket.objects.filter(pk__in=lost).update(labelled=False)
