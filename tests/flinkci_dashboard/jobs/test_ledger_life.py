"""Whatever is killed, refused or unanswered: an act is never done again for the same reason, and none is forgotten."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import time_machine
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from flinkci_dashboard.jobs.ledger import HOUR, Intent, Ledger
from flinkci_dashboard.models import Action

START = datetime(2026, 11, 25, tzinfo=UTC)
KEYS = st.sampled_from(("push:a", "push:b", "report:c"))
REASONS = st.sampled_from(("comment:1", "comment:2", "comment:3"))
ENDS = st.sampled_from(("done", "refused", "busy", "lost after", "lost before", "killed after", "killed before"))


class Life(RuleBasedStateMachine):
    """Passes over an outside world that remembers what was done there, and for which reason."""

    def __init__(self) -> None:
        super().__init__()
        Action.objects.all().delete()
        self.now = START
        self.done: Counter[tuple[str, str]] = Counter()
        self.latest: dict[str, str] = {}

    def ledger(self) -> Ledger:
        """Begin a pass: first it looks what became of what an earlier one left."""
        found = Ledger("try", self.now)
        for action in found.unsettled():
            with time_machine.travel(self.now, tick=False):
                cause = action.payload["causes"][0]
                found.settle_lost(action, done=bool(self.done[action.subject, cause]))
        return found

    @rule(key=KEYS, reason=REASONS, end=ENDS)
    def is_tried(self, key: str, reason: str, end: str) -> None:
        if reason < self.latest.get(key, ""):
            return  # requests are settled in their order
        self.latest[key] = reason
        ledger = self.ledger()
        action = ledger.begin(Intent(key, "try", key, causes=(reason,)))
        if action is None:
            return
        self.done[key, reason] += end in ("done", "lost after", "killed after")
        with time_machine.travel(self.now, tick=False):
            if end == "done":
                ledger.done(action)
            elif end == "refused":
                ledger.failed(action, answer="No.")
            elif end == "busy":
                ledger.put_off(action, answer="Later.")

    @rule(minutes=st.sampled_from((1, 3, 15, 70)))
    def time_goes_by(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(key=KEYS, reason=REASONS)
    def is_planned(self, key: str, reason: str) -> None:
        Ledger("watch", self.now).plan([Intent(f"watch:{key}", "try", key, causes=(reason,))])

    @invariant()
    def nothing_is_done_twice_for_one_reason(self) -> None:
        assert all(count <= 1 for count in self.done.values()), self.done

    @invariant()
    def each_act_has_one_latest_turn(self) -> None:
        keys = list(Action.objects.values_list("key", flat=True))
        assert len(keys) == len(set(keys))

    def teardown(self) -> None:
        """In the end everything works: whatever somebody asks for anew is done, once."""
        self.now += 2 * HOUR
        for key in ("push:a", "push:b", "report:c"):
            self.is_tried(key, "comment:new", "done")
            self.is_tried(key, "comment:new", "done")
            assert self.done[key, "comment:new"] == 1
        assert not Ledger("try", self.now).unsettled()


class TestLife(TestCase):
    """Each life in a transaction of its own."""

    def test_life(self) -> None:
        run_state_machine_as_test(
            Life, settings=settings(max_examples=80, stateful_step_count=20, deadline=None, database=None)
        )
