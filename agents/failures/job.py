"""`match_failures`: failing tests → the tickets that know them, and kept logs → the patterns that do.

A pass with nothing new asks Jira once and writes nothing.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction

from agents.failures.comments import write_comments
from agents.failures.match import Match, Matcher, TicketFacts, name_of
from agents.failures.tickets import Told, ask_tickets, save_tickets
from agents.models import Failure, KnownTicket, Pair, StaleCommit, Test, TestFailure
from agents.patterns.green import read_green_logs
from agents.patterns.trials import match_patterns
from flinkci_dashboard.clients.errors import ServiceError
from flinkci_dashboard.clients.secrets import UnreadableSecretError
from flinkci_dashboard.jobs.run import Pass
from flinkci_dashboard.models.writing import Changes

ROWS = 2000  # tests that are in memory at the same time


def match_failures(current: Pass) -> None:
    """Ask Jira which tickets changed; match the tests that are new, or all where one changed; comment, if wanted."""
    told = _ask(current)
    current.achieved = told is not None
    with transaction.atomic():  # a pass that ends here asks for the same tickets again
        changed = save_tickets(told, current.now) if told else 0
        _match(current, changed)
    write_comments(current)
    read_green_logs(current)
    match_patterns(current)


def _ask(current: Pass) -> Told | None:
    """Without Jira, or without its token, new tests are matched with the tickets that are known."""
    try:
        return ask_tickets(current)
    except (ServiceError, UnreadableSecretError) as error:
        current.fail(str(error))
        return None


def _match(current: Pass, changed: int) -> None:
    new = Test.objects.filter(failure=None, failures__isnull=False).distinct()
    if not changed and not new.exists():
        return
    tickets = KnownTicket.objects.filter(labelled=True)
    matcher = Matcher(TicketFacts(row.pk, row.summary, row.closed) for row in tickets)
    if added := _add(new, matcher):
        current.count("failures_added", added)
    if changed:
        current.count("tickets_changed", changed)
        current.count("failures_matched", _match_again(matcher))


def _add(tests: Iterable[Test], matcher: Matcher) -> int:
    rows = [Failure(test=test, key=name_of(test.name).key, **_found(matcher.match(test.name))) for test in tests]
    _mark_pairs([row.test_id for row in rows if row.ticket_id])
    return len(Failure.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500))


def _match_again(matcher: Matcher) -> int:
    changes: Changes[Failure] = Changes()
    for row in Failure.objects.exclude(test=None).select_related("test").iterator(ROWS):
        name = row.test.name if row.test else ""
        changes.put(row, {"key": name_of(name).key} | _found(matcher.match(name)))
    _mark_pairs([row.test_id for row in changes.changed])
    return changes.write()


def _mark_pairs(tests: Sequence[int | None]) -> None:
    """Where two CI services differed by these tests, whether a ticket knows them says why."""
    if tests:
        shas = TestFailure.objects.filter(test__in=tests).values("build__version")
        StaleCommit.mark(Pair.objects.filter(differed__gt=0, sha__in=shas).values_list("sha", flat=True))


def _found(match: Match | None) -> dict[str, Any]:
    known = match is not None and match.is_known
    ticket = match.ticket if match else None
    return {"ticket_id": ticket if known else None, "maybe_id": None if known else ticket}
