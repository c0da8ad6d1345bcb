"""Comments on tickets of known failures: at most one a ticket and day, found again before there is a second.

Off until an admin switches it on; in observe mode it is recorded what would be said, and nothing is.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from agents.failures.drafts import hit_of
from agents.failures.report import comment_text, mark
from agents.models import Build, TestFailure
from flinkci_dashboard.clients.errors import NotFoundError, ServiceError
from flinkci_dashboard.clients.jira import Jira
from flinkci_dashboard.jobs.attempts import Attempts
from flinkci_dashboard.jobs.ledger import Intent, Ledger
from flinkci_dashboard.jobs.modes import is_active
from flinkci_dashboard.jobs.run import Pass
from flinkci_dashboard.models import Action, Switch

JOB, KIND, SWITCH = "match_failures", "comment-ticket", "comment_in_jira"
BACK = timedelta(days=2)  # hits that are spoken of; of a ticket without a comment of ours, those of one day
MOST_HITS, MOST = 1000, 10  # that are looked at, and comments in one pass


@dataclass(frozen=True)
class Due:
    """What is to be said of one ticket."""

    ticket: str
    body: str
    until: int  # the newest failure that it speaks of


def offer_switch() -> None:
    """Let an admin switch it on."""
    words = "Comments once a day on a known failure's ticket, with the hits on branches since. Needs a token of Jira."
    Switch.offer(SWITCH, "Comment on tickets of known failures", words)


def write_comments(current: Pass) -> None:
    """Say what is due, where that is wanted."""
    ledger = Ledger(JOB, current.now)
    due = due_comments(current.now) if Switch.is_on(SWITCH) else []
    intents = [_intent(each, current.now) for each in due]
    if not is_active(JOB):
        if planned := ledger.plan(_not_said(intents)):
            current.count("comments_planned", planned)
        return
    open_acts = ledger.unsettled(KIND)
    if not open_acts and not _not_said(intents):
        return
    with Jira() as jira:
        if not jira.is_signed:
            current.fail("Comments on tickets are switched on, and there is no token of Jira: store one, or set it.")
            return
        _settle(current, ledger, jira, open_acts)
        attempts = Attempts(current, ledger)
        for each, intent in list(zip(due, intents, strict=True))[:MOST]:
            if attempts.stopped:
                break
            attempts.attempt(intent, partial(_say, current, ledger, jira, each))


def due_comments(now: datetime) -> list[Due]:
    """Return what is to be said of tickets whose tests failed on branches since we last spoke of them."""
    rows = TestFailure.objects.filter(
        test__failure__ticket__isnull=False, build__scope=Build.Scope.BRANCH, at__gt=now - BACK, at__lte=now
    )
    by_ticket: dict[str, list[TestFailure]] = defaultdict(list)
    for row in rows.select_related("test__failure__ticket", "job", "build").order_by("-at", "-pk")[:MOST_HITS]:
        by_ticket[str(row.test.failure.ticket)].append(row)
    spoken_of = _spoken_of(by_ticket)
    found = (_due(ticket, rows, spoken_of.get(ticket), now) for ticket, rows in sorted(by_ticket.items()))
    return [each for each in found if each]


def _spoken_of(tickets: Iterable[str]) -> dict[str, int]:
    done = Action.objects.filter(job=JOB, kind=KIND, state=Action.State.DONE, subject__in=list(tickets))
    return {subject: payload["until"] for subject, payload in done.order_by("pk").values_list("subject", "payload")}


def _due(ticket: str, failures: list[TestFailure], until: int | None, now: datetime) -> Due | None:
    new = [row for row in failures if (row.at > now - BACK / 2 if until is None else row.pk > until)]
    if not new:
        return None
    keys = " and ".join(dict.fromkeys(row.test.key for row in new))
    text = comment_text(ticket, keys[:500], [hit_of(row) for row in new], now.date())
    return Due(ticket, text, max(row.pk for row in new))


def _intent(due: Due, now: datetime) -> Intent:
    day = now.date().isoformat()
    payload = {"ticket": due.ticket, "until": due.until, "day": day}
    reason = "It failed again on branches."
    return Intent(f"comment:{due.ticket}:{day}", KIND, due.ticket, reason, payload, once=True)


def _not_said(intents: list[Intent]) -> list[Intent]:
    """Leave out what was said today."""
    keys = [intent.key for intent in intents]
    said = set(Action.objects.filter(key__in=keys, state=Action.State.DONE).values_list("key", flat=True))
    return [intent for intent in intents if intent.key not in said]


def _say(current: Pass, ledger: Ledger, jira: Jira, due: Due, action: Action) -> None:
    """Comment, unless a comment of this day is there already: of another installation, or from before a restore."""
    if _stands(jira, action):
        ledger.done(action, answer="It was there already.")
        return
    jira.add_comment(due.ticket, due.body)
    ledger.done(action)
    current.count("comments_written")


def _settle(current: Pass, ledger: Ledger, jira: Jira, actions: Iterable[Action]) -> None:
    """Look what has become of comments whose answers got lost."""
    for action in actions:
        try:
            ledger.settle_lost(action, _stands(jira, action))
        except NotFoundError as error:  # the ticket is gone
            ledger.settle_lost(action, False, str(error))
        except ServiceError as error:
            current.fail(f"{action.subject}: {error}")


def _stands(jira: Jira, action: Action) -> bool:
    day = datetime.fromisoformat(action.payload["day"]).date()
    return any(mark(action.payload["ticket"], day) in text for text in jira.comments(action.payload["ticket"]))
