"""The label job: ask Jira what changed, decide, set labels, record."""

import re
from collections.abc import Collection, Iterable
from datetime import timedelta

from django.conf import settings

from flinkci_dashboard.clients.errors import (
    NotAuthorizedError,
    NotFoundError,
    RefusedError,
    ServiceError,
    ThrottledError,
    UnavailableError,
)
from flinkci_dashboard.clients.github import labels as github_labels
from flinkci_dashboard.clients.github.labels import Labels
from flinkci_dashboard.clients.jira import Jira
from flinkci_dashboard.clients.secrets import UnreadableSecretError
from flinkci_dashboard.jobs.run import ConfigurationError, Pass
from flinkci_dashboard.models import Action, JobRequest
from flinkci_dashboard.names import ticket_in
from labeler import labels, tickets
from labeler.labels import SETTLE
from labeler.models import JiraContact, LabelRule
from labeler.rows import Records, Work
from sync.models import PullRequest, Repository

WRITES_AN_HOUR = 300  # GitHub allows an account about 500 new contents an hour; reports and answers go first
WRITES_TOGETHER = 450  # with all that the pull request job does
HOUR = timedelta(hours=1)
MAX_SINGLE_WRITES = 2  # for one pull request; beyond, its labels are set at once


def label_pulls(current: Pass) -> None:
    """Give every pull request the labels of its ticket's components."""
    source = Repository.objects.filter(role=Repository.Role.SOURCE).first()
    if source is None:
        raise ConfigurationError("No source repository is set up: run manage.py bootstrap.")
    try:
        LabelPass(current, str(source)).run()
    except UnreadableSecretError as error:
        raise ConfigurationError(str(error)) from error


class LabelPass:
    """One pass."""

    def __init__(self, current: Pass, repository: str) -> None:
        self.current, self.repository = current, repository
        self.contact = JiraContact.load()
        self.rules = [rule.value() for rule in LabelRule.objects.all()]
        self.records = Records(current.now, self.rules)
        self.active = settings.SYNC_MODE == "active"
        self.asked = {number: request for request in current.requests if (number := _number(request))}
        self.answers: dict[int, str] = {}  # by pull request, for those who asked

    def run(self) -> None:
        """Look, decide and act; without Jira, everything stays as it is."""
        changed = dict(self.records.changed().values_list("pk", "title"))
        tickets.enrol(filter(None, map(ticket_in, changed.values())))
        touched = self._ask_jira()
        if touched is None:
            self._answer(f"Nothing was changed: {self.contact.problem}")
            return
        recovered = self._recover() if self.active else set()
        if recovered is None:
            self._answer(f"Nothing was changed: {self.current.errors[-1]}")
            return
        self._work(changed.keys() | recovered, touched)
        self._answer("Nothing is to be settled: its labels are as they should be, or it has no ticket that Jira knows.")

    def _ask_jira(self) -> set[int] | None:
        """Return the ids of tickets whose pull requests have to be looked at; None when Jira keeps silent."""
        now = self.current.now
        try:
            with Jira() as client:
                return tickets.refresh(self.current, self.contact, client)
        except ServiceError as error:
            until = now + timedelta(seconds=error.seconds) if isinstance(error, ThrottledError) else None
            self.contact.note_silence(now, str(error), until)
            self.current.fail(str(error))
            return None

    def _recover(self) -> set[int] | None:
        """Look what became of changes that a killed pass left open; returns whose they are, None without GitHub."""
        pending = self.records.pending()
        if not pending:
            return set()
        try:
            with github_labels.connect(self.repository) as client:
                for action in pending:
                    self._settle_lost(client, action)
        except (UnavailableError, NotAuthorizedError) as error:
            self.current.fail(str(error))
            return None
        return {action.payload["pull"] for action in pending}

    def _settle_lost(self, client: Labels, action: Action) -> None:
        facts = action.payload
        try:
            present = client.of(facts["number"])
        except NotFoundError as error:
            self.records.settle(action, False, str(error))
            return
        PullRequest.objects.filter(pk=facts["pull"]).update(labels=present)
        has = {name.casefold() for name in present}
        done = has >= _folded(facts["add"]) and not has & _folded(facts["remove"])
        found = "all of it was done" if done else "not all of it was done, so it is tried again"
        self.records.settle(action, done, f"The pass that tried this ended before it knew the answer; {found}.")
        self.current.count("lost_changes_settled")

    # Deciding --------------------------------------------------------------------------------------

    def _work(self, changed: Collection[int], touched: Collection[int]) -> None:
        settle = self.asked.keys() if self.active else ()
        if self._rules_are_new():
            ids = list(PullRequest.objects.order_by("-pk").values_list("pk", flat=True))
        else:
            ids = self.records.to_look_at(changed, touched, self.asked.keys())
        works = list(self.records.decide(ids, settle))
        if self.active:
            self.records.note_planned(())
            self._apply(works)
        elif new := self.records.note_planned(works):
            self.current.count("planned", new)
        self._remember_rules()
        if not self.active:
            self._answer("Nothing was changed: this installation only observes.")

    def _written_rules(self) -> list[list[str]]:
        return [[rule.component, rule.label] for rule in self.rules]

    def _rules_are_new(self) -> bool:
        return self.contact.rules != self._written_rules()

    def _remember_rules(self) -> None:
        if self._rules_are_new():
            self.contact.remember(rules=self._written_rules())

    # Acting ----------------------------------------------------------------------------------------

    def _apply(self, works: Iterable[Work]) -> None:
        """Change labels: what somebody waits for first, then open pull requests, the newest first."""
        now = self.current.now
        due = [w for w in works if self.current.forced or w.row.retry_at is None or w.row.retry_at <= now]
        if not due:
            return
        due.sort(key=lambda w: (w.pull.number not in self.asked, w.pull.state != "open", -w.pull.number))
        ours, others = self.records.writes_since(now - HOUR)
        left = min(WRITES_AN_HOUR - ours, WRITES_TOGETHER - ours - others)
        try:
            with github_labels.connect(self.repository) as client:
                changer = Changer(client, self.records)
                for done, work in enumerate(due):
                    if (left := left - changer.cost(work)) < 0:
                        self.current.count("postponed", len(due) - done)
                        self._nothing_done(due, "this hour's share of GitHub's limits is used up. Ask again later.")
                        break
                    self._change(changer, work)
                    self.current.progress("setting labels", 100 * done // len(due))
        except (UnavailableError, NotAuthorizedError) as error:  # the next one would meet the same
            self.current.fail(str(error))
            self._nothing_done(due, str(error))

    def _nothing_done(self, due: Iterable[Work], why: str) -> None:
        for work in due:
            self.answers.setdefault(work.pull.number, f"Nothing was changed: {why}")

    def _change(self, changer: "Changer", work: Work) -> None:
        try:
            changer.change(work)
        except (RefusedError, NotFoundError) as error:
            self.records.note_refusal(work, str(error))
            self.current.fail(f"{work.pull}: {error}")
            self.answers[work.pull.number] = f"Nothing was changed: {error}"
            return
        self.current.count("pulls_labelled")
        changes = [f"added {', '.join(work.decision.add)}"] if work.decision.add else []
        changes += [f"removed {', '.join(work.decision.remove)}"] if work.decision.remove else []
        self.answers[work.pull.number] = f"Settled: {'; '.join(changes)}."

    def _answer(self, otherwise: str) -> None:
        """Answer everybody who asked for a pull request to be settled."""
        for number, request in self.asked.items():
            if request.settled_at is None:
                self.current.answer(request, self.answers.get(number, otherwise))


class Changer:
    """Carries changes over to GitHub, in at most two writes each, not counting labels that are made on the way."""

    def __init__(self, client: Labels, records: Records) -> None:
        self.client, self.records = client, records
        self._existing: set[str] | None = None  # the repository's labels, in lower case

    def cost(self, work: Work) -> int:
        """Return how many writes a change takes."""
        single = bool(work.decision.add) + len(work.decision.remove)
        return len(self._missing(work)) + min(single, MAX_SINGLE_WRITES)

    def change(self, work: Work) -> None:
        """Change one pull request's labels, and record what came of it. Raises the errors of `clients.errors`.

        After UnavailableError the action stays open: nobody knows what was done, so the next pass looks.
        """
        action = self.records.begin(work, self.cost(work))
        try:
            for name in self._missing(work):
                self.client.create(name, labels.COLOR)
                self._known().add(name.casefold())
            present = self._set(work)
        except (RefusedError, NotFoundError, NotAuthorizedError) as error:
            self.records.settle(action, False, str(error))
            raise
        PullRequest.objects.filter(pk=work.pull.pk).update(labels=present)
        work.pull.labels = present
        self.records.settle(action, True)
        after = self.records.decide_again(work)
        if after.state is not labels.State.RIGHT:
            self.records.note_refusal(work, "GitHub took the change, and then showed other labels.")

    def _set(self, work: Work) -> list[str]:
        number, add, remove = work.pull.number, work.decision.add, work.decision.remove
        present: list[str] = []
        if bool(add) + len(remove) > MAX_SINGLE_WRITES:
            # Setting all labels could undo what somebody does right now, so they are read as late as can be.
            gone = _folded(remove)
            kept = [name for name in self.client.of(number) if name.casefold() not in gone]
            return self.client.replace(number, [*kept, *add])
        if add:
            present = self.client.add(number, add)
        for name in remove:
            present = self.client.remove(number, name)
        return present

    def _missing(self, work: Work) -> list[str]:
        return [name for name in work.decision.add if name.casefold() not in self._known()] if work.decision.add else []

    def _known(self) -> set[str]:
        if self._existing is None:
            self._existing = _folded(self.client.all())
        return self._existing


def _folded(names: Iterable[str]) -> set[str]:
    return {name.casefold() for name in names}


def _number(request: JobRequest) -> int | None:
    digits = request.subject.lstrip("#")
    return int(digits) if request.act == SETTLE and re.fullmatch("[0-9]{1,9}", digits) else None
