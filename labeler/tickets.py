"""What Jira says of the tickets that titles name: those that changed, new ones, and a part of all in turn."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from flinkci_dashboard.clients import jira
from flinkci_dashboard.jobs.clocks import believed
from flinkci_dashboard.jobs.run import Pass
from flinkci_dashboard.models.writing import Changes
from labeler.models import JiraContact, Ticket

OVERLAP = timedelta(minutes=5)  # Jira's search lags a little behind its tickets
WEEK = timedelta(days=7)
SHORTEST_STEP = timedelta(minutes=10)  # between two parts of the weekly check
ROWS = 500  # values in one database query
MEANING = ("known", "current_key", "components")  # what labels, and the reasons for them, follow from


def refresh(current: Pass, contact: JiraContact, client: jira.Jira) -> set[int]:
    """Bring the tickets up to date; returns the ids of those whose pull requests have to be looked at.

    What has been fetched is kept when Jira stops answering on the way. Raises ServiceError.
    """
    touched = _refresh_changed(current, contact, client)
    touched |= _fetch(current, client, Ticket.objects.filter(known=None))
    step = _step()
    if contact.check_at is None or not current.now < contact.check_at <= current.now + step:
        touched |= _check_part(current, contact, client, step)
    return touched


def enrol(keys: Iterable[str]) -> None:
    """Make rows for tickets that are named for the first time."""
    rows = [Ticket(key=key, known=None) for key in sorted(set(keys))]
    Ticket.objects.bulk_create(rows, ignore_conflicts=True, batch_size=ROWS)


def _refresh_changed(current: Pass, contact: JiraContact, client: jira.Jira) -> set[int]:
    """Ask what changed since the last pass; the first pass asks for every ticket anyway."""
    touched: set[int] = set()
    changed_tickets, asked_at = _changed_since(contact, client)
    for part in _parts(changed_tickets):
        by_id, by_key = {each.id: each for each in part}, {each.key: each for each in part}
        rows = Ticket.objects.filter(Q(jira_id__in=by_id) | Q(key__in=by_key))
        found = [(row, by_id.get(row.jira_id or 0) or by_key[row.key]) for row in rows]
        changed = [(row, ticket) for row, ticket in found if row.updated_at != ticket.updated or not row.known]
        touched |= _store(changed, current.now)
    contact.note(current.now, asked_at=asked_at)
    if touched:
        current.count("tickets_changed", len(touched))
    return touched


def _changed_since(contact: JiraContact, client: jira.Jira) -> tuple[list[jira.Ticket], datetime]:
    """Return the tickets that changed since Jira was asked last, and when it was asked now, by its own clock.

    How long ago that was is for Jira's clock to say, which its answer tells: where ours said less, it is asked again.
    """
    began = timezone.now()
    covered = max(began - (contact.asked_at or began), timedelta(0)) + OVERLAP
    tickets = client.updated(_minutes(covered))
    asked_at = client.now() - (timezone.now() - began)
    if contact.asked_at and (passed := asked_at - believed(contact.asked_at, asked_at)) > covered:
        tickets = client.updated(_minutes(passed + OVERLAP))
    return tickets, asked_at


def _minutes(time: timedelta) -> int:
    return ceil(time / timedelta(minutes=1))


def _fetch(current: Pass, client: jira.Jira, rows: Iterable[Ticket]) -> set[int]:
    """Ask for tickets by their keys; returns the ids of those that mean something else now."""
    by_key = {row.key: row for row in rows}
    touched: set[int] = set()
    done = 0
    for batch in client.tickets(by_key):
        touched |= _store([(by_key[key], ticket) for key, ticket in batch.items()], current.now)
        done += len(batch)
        current.progress("asking Jira", 100 * done // len(by_key))
    if done:
        current.count("tickets_fetched", done)
    return touched


def _step() -> timedelta:
    """Return the time between two parts of the weekly check."""
    return max(WEEK / max(ceil(_fetched().count() / jira.BATCH), 1), SHORTEST_STEP)


def _fetched() -> QuerySet[Ticket]:
    return Ticket.objects.exclude(fetched_at=None)


def _check_part(current: Pass, contact: JiraContact, client: jira.Jira, step: timedelta) -> set[int]:
    """Ask anew for the hundred tickets that were fetched longest ago; all come by once a week.

    Returns the ids of all that were asked for: their pull requests are looked at, whatever changed.
    """
    if contact.check_at is None:  # all were fetched just now
        contact.note(current.now, check_at=current.now + step)
        return set()
    rows = list(_fetched().order_by("fetched_at")[: jira.BATCH])
    _fetch(current, client, rows)
    contact.note(current.now, check_at=current.now + step)
    return {row.pk for row in rows}


def _store(pairs: Sequence[tuple[Ticket, jira.Ticket | None]], now: datetime) -> set[int]:
    """Write what Jira said into the rows; returns the ids of those that mean something else now."""
    changes, touched = Changes[Ticket](), set()
    for row, ticket in pairs:
        values = _values(ticket)
        if any(getattr(row, name) != values.get(name, getattr(row, name)) for name in MEANING):
            touched.add(row.pk)
        changes.put(row, values | {"fetched_at": now})
    changes.write()
    return touched


def _values(ticket: jira.Ticket | None) -> dict[str, Any]:
    """Return what Jira said; of a ticket that it does not have, what it was once stays readable."""
    if ticket is None:
        return {"known": False}
    return {
        "known": True,
        "jira_id": ticket.id,
        "current_key": ticket.key,
        "updated_at": ticket.updated,
        "summary": ticket.summary,
        "status": ticket.status,
        "assignee": ticket.assignee,
        "components": list(ticket.components),
        "fix_versions": list(ticket.fix_versions),
    }


def _parts(tickets: list[jira.Ticket]) -> Iterator[list[jira.Ticket]]:
    for start in range(0, len(tickets), ROWS // 2):
        yield tickets[start : start + ROWS // 2]
