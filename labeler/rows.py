"""What the labeler remembers: where each pull request's labels stand, what changed them, and what GitHub refused."""

import logging
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet

from flinkci_dashboard.jobs.ledger import Intent, Ledger
from flinkci_dashboard.jobs.run import Pass
from flinkci_dashboard.models import Action
from flinkci_dashboard.models.writing import Changes
from flinkci_dashboard.names import ticket_in
from labeler import labels
from labeler.models import LabelChange, LabelState, Ticket
from sync.models import PullRequest

log = logging.getLogger(__name__)
KIND = "set-labels"
PART = 500  # pull requests in memory at a time
OPEN = (labels.State.CHANGE, labels.State.WAITING)
SEEN = ("number", "title", "state", "labels", "updated_at")


@dataclass
class Work:
    """A pull request whose labels have to change."""

    pull: PullRequest
    row: LabelState
    decision: labels.Decision

    def intent(self, writes: int = 0) -> Intent:
        """Return the change as an act. When the same comes again, another time, the ledger tells the two apart."""
        number, decision = self.pull.number, self.decision
        digest = sha256(repr((decision.basis, decision.add, decision.remove)).encode()).hexdigest()[:16]
        payload = {
            "pull": self.pull.pk,
            "number": number,
            "ticket": decision.basis.key if decision.basis else "",
            "add": list(decision.add),
            "remove": list(decision.remove),
        }
        # When a refused change is due again stands with its row.
        key, about = f"{KIND}:{number}:{digest}", str(self.pull)
        return Intent(key, KIND, about, decision.reason, payload, patient=False, texts=writes)


class Records:
    """The records during one pass. Nothing is written that has not changed."""

    def __init__(self, current: Pass, rules: Sequence[labels.Rule]) -> None:
        self.current, self.now, self.rules = current, current.now, rules

    def changed(self) -> QuerySet[PullRequest]:
        """Return the pull requests that were never looked at, or have changed since."""
        return PullRequest.objects.exclude(label_state__seen_at=F("updated_at"))

    def to_look_at(self, changed: Iterable[int], tickets: Collection[int], numbers: Collection[int]) -> list[int]:
        """Return the ids of pull requests to decide about: changed ones, those of some tickets, unfinished ones."""
        rows = LabelState.objects.filter(Q(state__in=OPEN) | Q(pull__number__in=numbers))
        found = {*changed, *rows.values_list("pull", flat=True)}
        for part in parts(sorted(tickets)):
            found |= set(LabelState.objects.filter(ticket__in=part).values_list("pull", flat=True))
        return sorted(found, reverse=True)

    def decide(self, ids: Iterable[int], settle: Collection[int] = ()) -> Iterator[Work]:
        """Decide about pull requests, record where they stand, and yield those to change. `settle` holds numbers."""
        for part in parts(list(ids)):
            pulls = PullRequest.objects.filter(pk__in=part).order_by("-number").only(*SEEN)
            rows = {row.pull_id: row for row in LabelState.objects.filter(pull__in=part)}
            named = {pull.pk: ticket_in(pull.title) for pull in pulls}
            tickets = {row.key: row for row in Ticket.objects.filter(key__in=set(named.values()))}
            decided = []
            for pull in pulls:
                ticket, row = tickets.get(named[pull.pk]), rows.get(pull.pk)
                if decision := self._try_to_decide(pull, ticket, row, pull.number in settle):
                    decided.append((pull, ticket, row, decision))
            stored = self._store(decided)
            yield from (work for work in stored if work.decision.state is labels.State.CHANGE)

    def decide_again(self, work: Work) -> labels.Decision:
        """Record where a pull request stands after its labels have changed."""
        decision = self._decide(work.pull, work.row.ticket, work.row)
        self._store([(work.pull, work.row.ticket, work.row, decision)])
        return decision

    def _try_to_decide(
        self, pull: PullRequest, ticket: Ticket | None, row: LabelState | None, settle: bool
    ) -> labels.Decision | None:
        """Decide about one pull request. One that can't be understood does not stop the others."""
        try:
            return self._decide(pull, ticket, row, settle)
        except Exception as error:
            log.exception("The labels of %s can't be decided about", pull)
            self.current.fail(f"{pull}: {type(error).__name__}: {error}")
            return None

    def _decide(
        self, pull: PullRequest, ticket: Ticket | None, row: LabelState | None, settle: bool = False
    ) -> labels.Decision:
        fetched = ticket is not None and ticket.known is not None
        seen = labels.Pull(pull.title, tuple(pull.labels), ticket.value() if ticket else None, fetched)
        return labels.decide(seen, row.last() if row else None, self.rules, settle)

    def _store(
        self, decided: Iterable[tuple[PullRequest, Ticket | None, LabelState | None, labels.Decision]]
    ) -> list[Work]:
        changes, works = Changes[LabelState](), []
        for pull, ticket, known, decision in decided:
            row = known or LabelState(pull=pull, state_since=self.now)
            changes.put(row, _values(row, pull, ticket, decision, self.now))
            works.append(Work(pull, row, decision))
        changes.write()
        return works

    # What came of changes -----------------------------------------------------------------------

    def settle(self, ledger: Ledger, action: Action, lost: bool = False) -> None:
        """Record that a change was made, by this pass or by one that was killed, and put it into the history."""
        facts = action.payload
        with transaction.atomic():
            if lost:
                ledger.settle_lost(action, True, "all of it was done.")
            else:
                ledger.done(action)
            LabelChange.objects.create(
                pull_id=facts["pull"],
                at=self.now,
                key=facts["ticket"],
                added=facts["add"],
                removed=facts["remove"],
                reason=action.reason,
            )

    def note_refusal(self, work: Work, words: str, tries: int, again: datetime | None) -> None:
        """Record that GitHub refused a change, and when it is tried again."""
        work.row.problem, work.row.tries, work.row.retry_at = words, min(tries, 20), again
        work.row.save(update_fields=["problem", "tries", "retry_at"])


def parts(items: Sequence[int]) -> Iterator[Sequence[int]]:
    """Yield a list in parts that fit into one query."""
    for start in range(0, len(items), PART):
        yield items[start : start + PART]


def _values(
    row: LabelState, pull: PullRequest, ticket: Ticket | None, decision: labels.Decision, now: datetime
) -> dict[str, Any]:
    """Return what a decision makes of a row."""
    values: dict[str, Any] = {"add": list(decision.add), "remove": list(decision.remove)}
    if (row.add, row.remove) != (values["add"], values["remove"]):
        values |= {"problem": "", "tries": 0, "retry_at": None}
    if row.state != decision.state:
        values |= {"state": decision.state.value, "state_since": now}
    values |= {"ticket_id": ticket.pk if ticket else None, "reason": decision.reason[:1000], "seen_at": pull.updated_at}
    if decision.state is labels.State.RIGHT and decision.basis:
        facts = asdict(decision.basis)
        values["basis"] = facts | {name: list(facts[name]) for name in ("components", "labels")}
    elif decision.state in (labels.State.NO_TICKET, labels.State.UNKNOWN):
        values["basis"] = None
    return values
