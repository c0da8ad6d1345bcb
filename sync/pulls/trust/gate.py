"""The trust gate in a pass: which files heads change is read, what people granted is noted, and each decision kept."""

from collections.abc import Iterable

from django.db import transaction

from flinkci_dashboard.clients.github.pulls import GitHub
from flinkci_dashboard.jobs.ledger import Intent, Ledger
from flinkci_dashboard.jobs.run import Pass
from sync.models import PullRequest
from sync.pulls.acts import Deny, Grant, Wanted
from sync.pulls.github.pulls import Budget, for_each
from sync.pulls.rows import live_pulls
from sync.pulls.trust.rows import Gate, carry_out, reads_files
from sync.pulls.values import PullState, branch_of

APPROVE, TRUST, DENY, HOLD, WATCH = "approve-head", "trust-author", "deny-approval", "hold-head", "would-hold-head"
RESERVE = 0.1  # of the hourly limit: what reading files leaves to the rest


class FilesReader:
    """Reads which files the heads change of which that decides."""

    def __init__(self, current: Pass, github: GitHub, budget: Budget) -> None:
        self.current, self.github, self.budget = current, github, budget

    def read(self) -> None:
        """Read each head's changed files once. One that can't be read waits."""
        if not reads_files():
            return
        pulls = list(live_pulls())
        gate = Gate(pulls)
        for_each(self.current, gate.unread(pulls), lambda pull: pull.number, lambda pull: self._read(gate, pull))

    def _read(self, gate: Gate, pull: PullRequest) -> None:
        """Keep what GitHub tells of this very head: a newer one may have come in between."""
        if not self.budget.allows(RESERVE):
            return
        files = self.github.files(pull.number)
        told = {each.sha for each in files}
        if "" in told or not told:
            told = {self.github.pull(pull.number).head_sha}
        if told == {pull.head_sha}:
            gate.note_files(pull, files)
            self.current.count("changed_files_read")


def settle_grants(current: Pass, ledger: Ledger, wanted: Iterable[Wanted]) -> bool:
    """Carry out what people granted, and note what was not theirs to grant; tells whether there was anything."""
    done = [_settle(current, ledger, each) for each in wanted if isinstance(each.act, Grant | Deny)]
    return any(done)


def note_holds(ledger: Ledger, states: Iterable[PullState]) -> None:
    """Keep, once for each head, that the gate holds it, or would."""
    holding = [state for state in states if state.open and state.hold and not branch_of(state, state.head)]
    if holding:
        with transaction.atomic():
            ledger.done(*(action for action in ledger.begin_all([_hold(state) for state in holding]) if action))


def _settle(current: Pass, ledger: Ledger, wanted: Wanted) -> bool:
    act = wanted.act
    if not isinstance(act, Grant | Deny):
        return False
    with transaction.atomic():  # it is ours alone: nobody outside has to be asked whether it was done
        action = ledger.begin(_intent(act, wanted.causes))
        carry_out(act, current.now)
        if action:
            ledger.done(action)
    current.count("approvals_denied" if isinstance(act, Deny) else "approvals_granted")
    return True


def _intent(act: Grant | Deny, causes: tuple[str, ...]) -> Intent:
    source = f"comment-{act.comment_id}" if act.comment_id else "-".join(causes)
    payload = {"number": act.number, "by": act.by, "comment": act.comment_id}
    if isinstance(act, Deny):
        return Intent(f"deny:{source}", DENY, f"#{act.number}", act.reason, payload, once=True)
    kind = TRUST if act.trust else APPROVE
    facts = payload | {"sha": act.sha}
    return Intent(f"grant:{source}", kind, f"#{act.number}", act.reason, facts, causes, once=True)


def _hold(state: PullState) -> Intent:
    hold = state.hold
    assert hold  # noqa: S101
    kind = WATCH if hold.observed else HOLD
    payload = {"number": state.number, "sha": state.head}
    return Intent(f"{kind}:{state.number}:{state.head}", kind, f"#{state.number}", hold.reason, payload, once=True)
