"""The record of acts: written before each is tried, settled after, and looked into when a pass died in between."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from flinkci_dashboard.clients.secrets import mask
from flinkci_dashboard.models import Action
from sync.pulls.state import JOB

TRY_AGAIN = (timedelta(minutes=2), timedelta(minutes=10), timedelta(hours=1))  # after the 1st, 2nd, later failures


class Actions:
    """The actions of one pass. `forced` ones are tried at once, whatever happened before."""

    def __init__(self, now: datetime, forced: bool = False) -> None:
        self.now, self.forced = now, forced
        self.free: set[str] = set()  # keys of acts that never reached the outside world: not to be waited for

    def begin(
        self, key: str, kind: str, number: int, reason: str, patient: bool = True, **payload: Any
    ) -> Action | None:
        """Record an act that is about to be tried; None while a `patient` one waits after an earlier failure.

        Done again for a new cause, the same act is a new action: `key#2`.
        """
        first = Action.objects.filter(key=key).first()
        last = self._last(first)
        told = {"number": number, **payload}
        facts = {"job": JOB, "kind": kind, "subject": f"#{number}", "reason": reason, "payload": told}
        if first is None or last is None:
            return Action.objects.create(key=key, created_at=self.now, **facts)
        if last.state == Action.State.DONE:
            first.payload["turns"] = _turns(first) + 1
            first.save(update_fields=["payload"])
            return Action.objects.create(key=f"{key}#{_turns(first)}", created_at=self.now, **facts)
        if patient and not self._may_try(last):
            return None
        last.attempts += last.state == Action.State.FAILED
        last.state, last.answer, last.settled_at = Action.State.PENDING, "", None
        told["turns"] = _turns(last)
        for name, value in facts.items():
            setattr(last, name, value)
        last.save()
        return last

    def begin_all(self, wanted: Sequence[tuple[str, str, int, str, dict[str, Any]]]) -> list[Action | None]:
        """Do the same for many acts (key, kind, number, reason, payload), impatient, new ones with one query."""
        taken = set(Action.objects.filter(key__in=[each[0] for each in wanted]).values_list("key", flat=True))
        new = {
            key: Action(
                key=key, job=JOB, kind=kind, subject=f"#{number}", reason=reason, created_at=self.now,
                payload={"number": number, **payload},
            )
            for key, kind, number, reason, payload in wanted
            if key not in taken
        }  # fmt: skip
        Action.objects.bulk_create(new.values(), batch_size=500)
        return [
            new[key] if key in new else self.begin(key, kind, number, reason, patient=False, **payload)
            for key, kind, number, reason, payload in wanted
        ]

    def done(self, *actions: Action, answer: str = "") -> None:
        """Note that the outside world confirmed acts."""
        self._settle(actions, Action.State.DONE, answer)

    def failed(self, *actions: Action, answer: str) -> None:
        """Note that the outside world refused acts, in its words."""
        self._settle(actions, Action.State.FAILED, answer)

    def _settle(self, actions: Sequence[Action], state: Action.State, answer: str) -> None:
        for action in actions:
            action.state, action.answer, action.settled_at = state, mask(answer), timezone.now()
        if len(actions) == 1:
            actions[0].save(update_fields=["state", "answer", "settled_at"])
        else:
            Action.objects.bulk_update(actions, ["state", "answer", "settled_at"], batch_size=200)

    def _last(self, first: Action | None) -> Action | None:
        """Return the latest turn of an act; the first one knows how many there were."""
        if first is None or _turns(first) == 1:
            return first
        return Action.objects.filter(key=f"{first.key}#{_turns(first)}").first() or first

    def _may_try(self, last: Action) -> bool:
        if self.forced or last.key in self.free or last.state != Action.State.FAILED or last.settled_at is None:
            return True
        return self.now - last.settled_at >= TRY_AGAIN[min(last.attempts, len(TRY_AGAIN)) - 1]


def _turns(action: Action) -> int:
    return action.payload.get("turns", 1)


def open_actions(kinds: Iterable[str] = ()) -> list[Action]:
    """Return acts that a pass began and did not settle: it was killed, or the answer got lost."""
    found = Action.objects.filter(job=JOB, state=Action.State.PENDING).order_by("pk")
    return list(found.filter(kind__in=kinds) if kinds else found)
