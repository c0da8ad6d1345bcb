"""How changes of labels are carried over to GitHub: recorded, made in as few writes as can be, looked at again."""

from collections.abc import Iterable

from flinkci_dashboard.clients.errors import ServiceError
from flinkci_dashboard.clients.github.labels import Labels
from flinkci_dashboard.jobs.attempts import Attempts
from flinkci_dashboard.jobs.ledger import Ledger, texts_left
from flinkci_dashboard.jobs.run import Pass
from flinkci_dashboard.models import Action
from labeler import labels
from labeler.rows import Records, Work
from sync.models import PullRequest

KEPT = 150  # of the texts that GitHub takes in an hour: reports and answers go first
MAX_SINGLE_WRITES = 2  # for one pull request; beyond, its labels are set at once
USED_UP = "this hour's share of GitHub's limits is used up. Ask again later."
OTHER_LABELS = "GitHub took the change, and then showed other labels."


class Changer:
    """Makes changes one after another, in at most two writes each, not counting labels that are made on the way."""

    def __init__(self, current: Pass, ledger: Ledger, client: Labels, records: Records) -> None:
        self.current, self.ledger, self.client, self.records = current, ledger, client, records
        self._attempts = Attempts(current, ledger, most=1)  # the next change would meet the same
        self._left = texts_left(current.now, KEPT)
        self._existing: set[str] | None = None  # the repository's labels, in lower case
        self.why_not = ""  # what stands in the way of any further change in this pass

    def change(self, work: Work) -> str:
        """Change one pull request's labels, unless something stands in the way; returns what came of it in words."""
        try:
            writes = 0 if self.why_not else self._cost(work)
        except ServiceError as error:
            self.current.fail(str(error))
            self.why_not = str(error)
        else:
            self.why_not = self.why_not or ("" if writes <= self._left else USED_UP)
        if self.why_not:
            return f"Nothing was changed: {self.why_not}"
        self._left -= writes
        action = self._attempts.attempt(work.intent(writes), lambda action: self._make(work, action))
        return self._outcome(work, action)

    def _outcome(self, work: Work, action: Action | None) -> str:
        if action and action.state == Action.State.DONE:
            self.current.count("pulls_labelled")
            changes = [f"added {', '.join(work.decision.add)}"] if work.decision.add else []
            changes += [f"removed {', '.join(work.decision.remove)}"] if work.decision.remove else []
            return f"Settled: {'; '.join(changes)}."
        words = (action.answer if action else "") or self._attempts.problem
        if self._attempts.stopped:
            self.why_not = words
        elif action and action.state == Action.State.FAILED:
            self.records.note_refusal(work, words, action.attempts, self.ledger.due_at(action))
        return f"Nothing was changed: {words}"

    def _make(self, work: Work, action: Action) -> None:
        for name in self._missing(work):
            self.client.create(name, labels.COLOR)
            self._known().add(name.casefold())
        work.pull.labels = self._set(work)
        PullRequest.objects.filter(pk=work.pull.pk).update(labels=work.pull.labels)
        if self.records.decide_again(work).state is labels.State.RIGHT:
            self.records.settle(self.ledger, action)
        else:
            self.ledger.failed(action, answer=OTHER_LABELS)

    def _set(self, work: Work) -> list[str]:
        number, add, remove = work.pull.number, work.decision.add, work.decision.remove
        present: list[str] = []
        if bool(add) + len(remove) > MAX_SINGLE_WRITES:
            # Setting all labels could undo what somebody does right now, so they are read as late as can be.
            gone = folded(remove)
            kept = [name for name in self.client.of(number) if name.casefold() not in gone]
            return self.client.replace(number, [*kept, *add])
        if add:
            present = self.client.add(number, add)
        for name in remove:
            present = self.client.remove(number, name)
        return present

    def _cost(self, work: Work) -> int:
        """Return how many writes a change takes."""
        single = bool(work.decision.add) + len(work.decision.remove)
        return len(self._missing(work)) + min(single, MAX_SINGLE_WRITES)

    def _missing(self, work: Work) -> list[str]:
        return [name for name in work.decision.add if name.casefold() not in self._known()] if work.decision.add else []

    def _known(self) -> set[str]:
        if self._existing is None:
            self._existing = folded(self.client.all())
        return self._existing


def folded(names: Iterable[str]) -> set[str]:
    """Return names as GitHub compares them."""
    return {name.casefold() for name in names}
