"""The label job: ask Jira what changed, decide, set labels, record."""

import re
from collections.abc import Collection, Iterable
from datetime import timedelta

from flinkci_dashboard.clients.errors import (
    NotFoundError,
    ServiceError,
    ThrottledError,
)
from flinkci_dashboard.clients.github import labels as github_labels
from flinkci_dashboard.clients.github.labels import Labels
from flinkci_dashboard.clients.jira import Jira
from flinkci_dashboard.clients.secrets import UnreadableSecretError
from flinkci_dashboard.jobs.attempts import Troubles
from flinkci_dashboard.jobs.clocks import AHEAD
from flinkci_dashboard.jobs.ledger import TRY_AGAIN, Ledger, failed_subjects
from flinkci_dashboard.jobs.modes import is_active
from flinkci_dashboard.jobs.run import ConfigurationError, Pass
from flinkci_dashboard.models import Action, JobRequest
from flinkci_dashboard.names import ticket_in
from labeler import tickets
from labeler.changer import USED_UP, Changer, folded
from labeler.labels import JOB, SETTLE
from labeler.models import JiraContact, LabelRule
from labeler.rows import Records, Work
from sync.models import PullRequest, Repository


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
        self.records = Records(current, self.rules)
        self.active = is_active(JOB)
        self.ledger = Ledger(JOB, current.now)
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
                touched = tickets.refresh(self.current, self.contact, client)
                for key, trouble in client.troubles.items():
                    self.current.fail(f"{key}: {trouble}")
                return touched
        except ServiceError as error:
            until = now + timedelta(seconds=error.seconds) if isinstance(error, ThrottledError) else None
            self.contact.note_silence(now, str(error), until)
            self.current.fail(str(error))
            return None

    def _recover(self) -> set[int] | None:
        """Look what became of changes that a killed pass left open; returns whose they are, None without GitHub."""
        pending = self.ledger.unsettled()
        if not pending:
            return set()
        troubles = Troubles(self.current)
        with github_labels.connect(self.repository) as client:
            for action in pending:
                if troubles.stopped:
                    return None
                try:
                    self._settle_lost(client, action)
                except ServiceError as error:  # its matter stays open; the others' go on
                    troubles.note(action.subject, error)
        return None if troubles.stopped else {action.payload["pull"] for action in pending}

    def _settle_lost(self, client: Labels, action: Action) -> None:
        facts = action.payload
        try:
            present = client.of(facts["number"])
        except NotFoundError as error:
            self.ledger.settle_lost(action, False, str(error))
            return
        PullRequest.objects.filter(pk=facts["pull"]).update(labels=present)
        has = folded(present)
        if has >= folded(facts["add"]) and not has & folded(facts["remove"]):
            self.records.settle(self.ledger, action, lost=True)
        else:
            self.ledger.settle_lost(action, False, "not all of it was done, so it is tried again.")
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
            self.ledger.plan()
            self._apply(works)
        elif new := self.ledger.plan(work.intent() for work in works):
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
        """Change labels: what somebody waits for first, then open pull requests, the newest first.

        What failed the last time comes last, so that it holds up nothing.
        """
        due = [work for work in works if self._is_due(work)]
        if not due:
            return
        failed = failed_subjects(JOB)
        due.sort(
            key=lambda work: (
                work.pull.number not in self.asked,
                str(work.pull) in failed,
                work.pull.state != "open",
                -work.pull.number,
            )
        )
        with github_labels.connect(self.repository) as client:
            changer = Changer(self.current, self.ledger, client, self.records)
            for done, work in enumerate(due):
                self.answers[work.pull.number] = changer.change(work)
                if changer.why_not == USED_UP:
                    self.current.count("postponed")
                self.current.progress("setting labels", 100 * done // len(due))

    def _is_due(self, work: Work) -> bool:
        again = work.row.retry_at
        hurried = self.current.asked_for_all or work.pull.number in self.asked
        return hurried or again is None or not self.current.now < again <= self.current.now + TRY_AGAIN[-1] + AHEAD

    def _answer(self, otherwise: str) -> None:
        """Answer everybody who asked for a pull request to be settled."""
        for number, request in self.asked.items():
            if request.settled_at is None:
                self.current.answer(request, self.answers.get(number, otherwise))


def _number(request: JobRequest) -> int | None:
    digits = request.subject.lstrip("#")
    return int(digits) if request.act == SETTLE and re.fullmatch("[0-9]{1,9}", digits) else None
