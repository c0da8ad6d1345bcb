"""The record of acts on the outside world: written before each is tried, settled after, looked into after a kill.

Rows of `Action` are written here alone. The latest turn of an act bears the act's key; when the same act is done again
for a new reason, the earlier row steps back to `key#<its id>`.
"""

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from django.db import transaction
from django.db.models import QuerySet, Sum
from django.utils import timezone

from flinkci_dashboard.clients.secrets import mask
from flinkci_dashboard.jobs import locks
from flinkci_dashboard.jobs.clocks import AHEAD, move_back
from flinkci_dashboard.models import Action
from flinkci_dashboard.models.writing import Changes

log = logging.getLogger(__name__)
TRY_AGAIN = (timedelta(minutes=2), timedelta(minutes=10), timedelta(hours=1))  # after the 1st, 2nd, later failures
HOUR = timedelta(hours=1)
TEXTS_AN_HOUR = 450  # GitHub takes about 500 from an account: comments and their edits, reactions, labels
LOST = "The pass that tried this ended before it knew the answer"
MAX_KEY = 230  # characters, which leaves room for what tells turns apart
PART = 500  # keys in one query


@dataclass(frozen=True)
class Intent:
    """An act that is about to be tried. The same act has the same key, whoever wants it."""

    key: str
    kind: str
    subject: str
    reason: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict)
    causes: tuple[str, ...] = ()  # the requests behind it: what was settled for one is not done for it again
    patient: bool = True  # waits after failures
    once: bool = False  # never again when it was done, and never forgotten
    token: str = ""  # fingerprint of the token that it needs: with another one, a failed act waits no longer
    texts: int = 0  # how many texts it writes on GitHub


class Ledger:
    """The acts of one pass of a job. `scope` holds facts that tell the acts of a part of the job from the others'.

    `forced` lifts all back-offs, `asked` those of acts on these subjects: a person waits for them.
    """

    def __init__(
        self,
        job: str,
        now: datetime,
        *,
        scope: Mapping[str, Any] | None = None,
        back_off: Sequence[timedelta] = TRY_AGAIN,
        forced: bool = False,
        asked: Collection[str] = (),
    ) -> None:
        self.job, self.now, self.scope = job, now, dict(scope or {})
        self._back_off, self._forced, self._asked = back_off, forced, frozenset(asked)
        self._begun: set[str] = set()  # keys of the acts of this very pass

    # Before an act ----------------------------------------------------------------------------

    def begin(self, intent: Intent) -> Action | None:
        """Record an act that is about to be tried; None when it has to wait, or was done or settled already.

        What an earlier pass left open is not begun again until somebody has looked what became of it.
        """
        return self.begin_all([intent])[0]

    def begin_all(self, intents: Sequence[Intent]) -> list[Action | None]:
        """Do the same for many acts, with a query to read and a few to write. Raises LockLostError."""
        locks.make_sure()
        known = self._known(intents)
        former: list[Action] = []
        begun: list[Action | None] = []
        changes = Changes[Action]()
        for intent in intents:
            last = known.get(_key(intent))
            if last and not self._may_begin(intent, last):
                begun.append(None)
                continue
            if last and last.state == Action.State.DONE:
                former.append(last)
                last = None
            action = last or Action(key=_key(intent), created_at=self.now, attempts=0)
            changes.put(action, self._facts(intent, action))
            known[action.key] = action
            begun.append(action)
        with transaction.atomic():
            _step_back(former)
            changes.write()
        self._begun |= {action.key for action in begun if action}
        return begun

    def waiting(self, intents: Iterable[Intent]) -> dict[str, datetime]:
        """Return {key: when it is due} of the acts that failed and wait."""
        by_key = {_key(intent): intent for intent in intents}
        known = self._known(by_key.values())
        due = {intent.key: self._due(intent, known[key]) for key, intent in by_key.items() if key in known}
        return {key: at for key, at in due.items() if at and at > self.now}

    def due_at(self, action: Action) -> datetime | None:
        """Return when an act that has failed may be tried again."""
        if action.state != Action.State.FAILED or not action.settled_at:
            return None
        return action.settled_at + self._back_off[min(max(action.attempts, 1), len(self._back_off)) - 1]

    def _known(self, intents: Iterable[Intent]) -> dict[str, Action]:
        keys = [_key(intent) for intent in intents]
        parts = (keys[start : start + PART] for start in range(0, len(keys), PART))
        return {action.key: action for part in parts for action in Action.objects.filter(key__in=part)}

    def _may_begin(self, intent: Intent, last: Action) -> bool:
        if last.key in self._begun:
            return last.state != Action.State.DONE
        if last.state == Action.State.PENDING or (intent.once and last.state == Action.State.DONE):
            return False
        if intent.causes and last.settled and set(intent.causes) <= set(last.payload.get("causes", ())):
            return False
        due = self._due(intent, last)
        return due is None or due <= self.now

    def _due(self, intent: Intent, last: Action) -> datetime | None:
        """Return until when a failed act waits; None when nothing holds it back."""
        lifted = self._forced or not intent.patient or last.subject in self._asked or last.untried
        due = self.due_at(last)
        if due is None or lifted or last.payload.get("token", "") != intent.token:
            return None
        return None if last.settled_at and last.settled_at > self.now + HOUR else due  # the clock was wrong then

    def _facts(self, intent: Intent, action: Action) -> dict[str, Any]:
        told = {"causes": list(intent.causes), "token": intent.token, "once": intent.once}
        recent = action.tried_at is not None and self.now - action.tried_at < HOUR
        return {
            "job": self.job,
            "kind": intent.kind,
            "subject": intent.subject[:255],
            "reason": intent.reason,
            "payload": {**intent.payload, **self.scope, **{name: value for name, value in told.items() if value}},
            "state": Action.State.PENDING,
            "answer": "",
            "settled_at": None,
            "attempts": action.attempts + 1,
            "tried_at": self.now,
            "texts": intent.texts + (action.texts if recent else 0),
        }

    # After an act -----------------------------------------------------------------------------

    def done(self, *actions: Action, answer: str = "") -> None:
        """Note that the outside world confirmed acts."""
        _settle(actions, Action.State.DONE, answer)

    def failed(self, *actions: Action, answer: str) -> None:
        """Note that the outside world refused acts, in its words."""
        _settle(actions, Action.State.FAILED, answer)

    def put_off(self, action: Action, answer: str) -> None:
        """Note that the outside world did not look at an act for the sake of its limits: no back-off follows."""
        action.payload = {**action.payload, "untried": True}
        _settle([action], Action.State.FAILED, answer)

    def unsettled(self, *kinds: str) -> list[Action]:
        """Return what an earlier pass began and did not settle: it was killed, or the answer got lost."""
        found = self._mine(Action.State.PENDING).exclude(key__in=self._begun).order_by("pk")
        return list(found.filter(kind__in=kinds) if kinds else found)

    def settle_lost(self, action: Action, done: bool, words: str = "") -> None:
        """Note what a look at the outside said of an unsettled act; one that was not done may be tried at once."""
        found = words or ("it was done." if done else "it was not done.")
        if not done:
            action.payload = {**action.payload, "untried": True}
        _settle([action], Action.State.DONE if done else Action.State.FAILED, f"{LOST}; {found}")

    # Acts that are only planned ---------------------------------------------------------------

    def plan(self, intents: Iterable[Intent] = ()) -> int:
        """Record, for observe mode, what would be done now, and drop what would not be; returns how many are new."""
        wanted = {_key(intent): intent for intent in intents}
        planned = dict(self._mine(Action.State.PLANNED).values_list("key", "pk"))
        overtaken = [pk for key, pk in planned.items() if key not in wanted]
        known = self._known(intent for key, intent in wanted.items() if key not in planned)
        new = [self._planned(intent) for key, intent in wanted.items() if key not in planned]
        with transaction.atomic():
            for start in range(0, len(overtaken), PART):
                Action.objects.filter(pk__in=overtaken[start : start + PART]).delete()
            _step_back(list(known.values()))
            Action.objects.bulk_create(new, batch_size=PART)
        return len(new)

    def unplanned(self, intents: Iterable[Intent]) -> bool:
        """Tell whether any of these is not recorded as planned yet."""
        planned = self._mine(Action.State.PLANNED).values_list("key", flat=True)
        return bool({_key(intent) for intent in intents} - set(planned))

    def _planned(self, intent: Intent) -> Action:
        facts = self._facts(intent, Action(attempts=0)) | {"state": Action.State.PLANNED, "attempts": 0}
        return Action(key=_key(intent), created_at=self.now, **facts | {"tried_at": None, "texts": 0})

    def _mine(self, state: Action.State) -> QuerySet[Action]:
        scope = {f"payload__{name}": value for name, value in self.scope.items()}
        return Action.objects.filter(job=self.job, state=state, **scope)


# Of all jobs ----------------------------------------------------------------------------------


def acts_for(cause: str, subject: str) -> list[Action]:
    """Return the acts on a subject that were tried for a request, the latest last."""
    found = Action.objects.filter(subject=subject, payload__causes__isnull=False).order_by("pk")
    return [action for action in found if cause in action.payload["causes"]]


def failed_subjects(job: str) -> set[str]:
    """Return the subjects of a job's acts that failed the last time."""
    failed = Action.objects.filter(job=job, state=Action.State.FAILED)
    return set(failed.values_list("subject", flat=True))


def texts_left(now: datetime, kept: int = 0) -> int:
    """Return how many texts may still be written on GitHub in this hour, by all jobs; `kept` are left for others."""
    recent = Action.objects.filter(tried_at__gt=now - HOUR, tried_at__lte=now + AHEAD, texts__gt=0)
    return max(TEXTS_AN_HOUR - kept - (recent.aggregate(texts=Sum("texts"))["texts"] or 0), 0)


def settle_in_past(now: datetime) -> None:
    """Move back when acts were settled, where a clock that was ahead said it."""
    move_back(now, Action, "settled_at")


def forget(before: datetime) -> int:
    """Delete acts that were settled before then, but for those that must never be done again; returns how many."""
    settled = Action.objects.filter(state__in=(Action.State.DONE, Action.State.FAILED), settled_at__lt=before)
    return settled.filter(payload__once__isnull=True).delete()[0]


def _key(intent: Intent) -> str:
    """Return what the row bears: the key, or, of one that is too long, its begin and its digest."""
    if len(intent.key) <= MAX_KEY:
        return intent.key
    return f"{intent.key[: MAX_KEY - 33]}~{sha256(intent.key.encode()).hexdigest()[:32]}"


def _step_back(actions: Sequence[Action]) -> None:
    changes = Changes[Action]()
    for action in actions:
        changes.put(action, {"key": f"{action.key}#{action.pk}"})
    changes.write()


def _settle(actions: Sequence[Action], state: Action.State, answer: str) -> None:
    now, answer = timezone.now(), mask(answer)
    for action in actions:
        action.state, action.answer, action.settled_at = state, answer, now
        log.info("%s %s: %s%s", action.kind, action.subject, state, f" ({answer})" if answer else "")
    if len(actions) == 1:
        actions[0].save(update_fields=["state", "answer", "settled_at", "payload"])
    else:
        Action.objects.bulk_update(actions, ["state", "answer", "settled_at"], batch_size=200)
