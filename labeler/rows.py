"""What the labeler remembers: where each pull request's labels stand, each change as an action, and what changed."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from flinkci_dashboard.models import Action
from flinkci_dashboard.names import ticket_in
from labeler import labels
from labeler.labels import JOB
from labeler.models import LabelChange, LabelState, Ticket
from sync.models import PullRequest

PULLS_JOB = "sync_pulls"
KIND = "set-labels"
PART = 500  # pull requests in memory at a time
OPEN = (labels.State.CHANGE, labels.State.WAITING)
SEEN = ("number", "title", "state", "labels", "updated_at")
FIELDS = (
    "ticket", "state", "state_since", "reason", "add", "remove", "seen_at", "basis", "problem", "tries", "retry_at",
)  # fmt: skip
FIRST_RETRY, LAST_RETRY = timedelta(minutes=2), timedelta(hours=6)  # after a refusal; doubled each time


@dataclass
class Work:
    """A pull request whose labels have to change."""

    pull: PullRequest
    row: LabelState
    decision: labels.Decision

    @property
    def key(self) -> str:
        """Return the key of its action: the same change of the same pull request may come again, another time."""
        return f"{KIND}:{self.pull.number}:{self._digest(self.pull.updated_at)}"

    @property
    def plan_key(self) -> str:
        """Return the key of what observe mode plans: the same for as long as it plans the same."""
        return f"plan-{KIND}:{self.pull.number}:{self._digest(None)}"

    def _digest(self, at: datetime | None) -> str:
        facts = (at, self.decision.basis, self.decision.add, self.decision.remove)
        return sha256(repr(facts).encode()).hexdigest()[:16]


class Records:
    """The records during one pass. Nothing is written that has not changed."""

    def __init__(self, now: datetime, rules: Sequence[labels.Rule]) -> None:
        self.now, self.rules = now, rules

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
                decision = self._decide(pull, ticket, row, pull.number in settle)
                decided.append((pull, ticket, row, decision))
            stored = self._store(decided)
            yield from (work for work in stored if work.decision.state is labels.State.CHANGE)

    def decide_again(self, work: Work) -> labels.Decision:
        """Record where a pull request stands after its labels have changed."""
        decision = self._decide(work.pull, work.row.ticket, work.row)
        self._store([(work.pull, work.row.ticket, work.row, decision)])
        return decision

    def _decide(
        self, pull: PullRequest, ticket: Ticket | None, row: LabelState | None, settle: bool = False
    ) -> labels.Decision:
        fetched = ticket is not None and ticket.known is not None
        seen = labels.Pull(pull.title, tuple(pull.labels), ticket.value() if ticket else None, fetched)
        return labels.decide(seen, row.last() if row else None, self.rules, settle)

    def _store(
        self, decided: Iterable[tuple[PullRequest, Ticket | None, LabelState | None, labels.Decision]]
    ) -> list[Work]:
        new, changed, found = [], [], []
        for pull, ticket, row, decision in decided:
            if row is None:
                row = LabelState(pull=pull, state_since=self.now)
                new.append(row)
                _copy(row, pull, ticket, decision, self.now)
            elif _copy(row, pull, ticket, decision, self.now):
                changed.append(row)
            found.append(Work(pull, row, decision))
        LabelState.objects.bulk_create(new, batch_size=PART)
        # An upsert by primary key: several times as fast as bulk_update's CASE … WHEN for each field.
        LabelState.objects.bulk_create(
            changed, batch_size=PART, update_conflicts=True, unique_fields=["id"], update_fields=FIELDS
        )
        return found

    # Changes of labels as actions ----------------------------------------------------------------

    def begin(self, work: Work, writes: int) -> Action:
        """Record a change before it is tried."""
        facts = {
            "job": JOB,
            "kind": KIND,
            "subject": str(work.pull),
            "reason": work.decision.reason,
            "payload": _payload(work) | {"writes": writes},
            "state": Action.State.PENDING,
            "answer": "",
            "settled_at": None,
        }
        action, new = Action.objects.get_or_create(key=work.key, defaults=facts)
        if not new:
            Action.objects.filter(pk=action.pk).update(**facts, attempts=F("attempts") + 1)
            action.refresh_from_db()
        return action

    def settle(self, action: Action, done: bool, answer: str = "") -> None:
        """Record how a change ended; one that was made goes into the history."""
        action.state = Action.State.DONE if done else Action.State.FAILED
        action.answer, action.settled_at = answer, timezone.now()
        with transaction.atomic():
            action.save(update_fields=["state", "answer", "settled_at"])
            if done:
                facts = action.payload
                LabelChange.objects.create(
                    pull_id=facts["pull"],
                    at=self.now,
                    key=facts["ticket"],
                    added=facts["add"],
                    removed=facts["remove"],
                    reason=action.reason,
                )

    def note_refusal(self, work: Work, words: str) -> None:
        """Record that GitHub refused a change, and when it is tried again."""
        row = work.row
        row.problem, row.tries = words, min(row.tries + 1, 20)
        row.retry_at = self.now + min(FIRST_RETRY * 2 ** (row.tries - 1), LAST_RETRY)
        row.save(update_fields=["problem", "tries", "retry_at"])

    def pending(self) -> list[Action]:
        """Return the changes of which no pass has seen the end."""
        return list(Action.objects.filter(job=JOB, state=Action.State.PENDING))

    def writes_since(self, moment: datetime) -> tuple[int, int]:
        """Return how many requests to GitHub our changes since then were, and how many acts others did for pulls."""
        rows = Action.objects.filter(created_at__gte=moment).exclude(state=Action.State.PLANNED)
        payloads = rows.filter(job=JOB).values_list("payload", flat=True)
        return sum(each.get("writes", 0) for each in payloads), rows.filter(job=PULLS_JOB).count()

    def note_planned(self, works: Iterable[Work]) -> int:
        """Record, for observe mode, what would be changed now; returns how much of it is new."""
        wanted = {work.plan_key: work for work in works}
        planned = Action.objects.filter(job=JOB, state=Action.State.PLANNED)
        known = dict(planned.values_list("key", "pk"))
        for part in parts([pk for key, pk in known.items() if key not in wanted]):
            planned.filter(pk__in=part).delete()
        new = [work for key, work in wanted.items() if key not in known]
        rows = [
            Action(
                key=work.plan_key,
                job=JOB,
                kind=KIND,
                subject=str(work.pull),
                reason=work.decision.reason,
                payload=_payload(work),
                state=Action.State.PLANNED,
                attempts=0,
            )
            for work in new
        ]
        Action.objects.bulk_create(rows, batch_size=PART, ignore_conflicts=True)
        return len(rows)


def parts(items: Sequence[int]) -> Iterator[Sequence[int]]:
    """Yield a list in parts that fit into one query."""
    for start in range(0, len(items), PART):
        yield items[start : start + PART]


def _payload(work: Work) -> dict[str, object]:
    basis = work.decision.basis
    return {
        "pull": work.pull.pk,
        "number": work.pull.number,
        "ticket": basis.key if basis else "",
        "add": list(work.decision.add),
        "remove": list(work.decision.remove),
    }


def _copy(row: LabelState, pull: PullRequest, ticket: Ticket | None, decision: labels.Decision, now: datetime) -> bool:
    """Write a decision into a row; returns whether anything is new."""
    before = [getattr(row, name) for name in FIELDS if name != "ticket"] + [row.ticket_id]
    if row.state != decision.state:
        row.state, row.state_since = decision.state.value, now
    differs = (list(decision.add), list(decision.remove))
    if differs != (row.add, row.remove):
        row.problem, row.tries, row.retry_at = "", 0, None
    row.add, row.remove = differs
    row.ticket, row.reason, row.seen_at = ticket, decision.reason[:1000], pull.updated_at
    if decision.state is labels.State.RIGHT and decision.basis:
        facts = asdict(decision.basis)
        row.basis = facts | {name: list(facts[name]) for name in ("components", "labels")}
    elif decision.state in (labels.State.NO_TICKET, labels.State.UNKNOWN):
        row.basis = None
    return before != [getattr(row, name) for name in FIELDS if name != "ticket"] + [row.ticket_id]
