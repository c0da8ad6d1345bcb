"""Acts that a pass began and did not settle: what has become of them outside?"""

from collections.abc import Mapping

from agents.models import Build
from agents.models.builds import Status
from flinkci_dashboard.clients.errors import NotFoundError, ServiceError
from flinkci_dashboard.clients.facts import BuildFacts
from flinkci_dashboard.clients.github.pulls import GitHub
from flinkci_dashboard.clients.providers import CIService
from flinkci_dashboard.jobs.ledger import Ledger
from flinkci_dashboard.jobs.run import Pass
from flinkci_dashboard.models import Action
from sync.models import PullRequest
from sync.pulls.actions.reruns import RERUN, Reruns
from sync.pulls.branches import DELETE, PUSH, note_pushed
from sync.pulls.builds import QUEUE, Builds, ran_on, started
from sync.pulls.github.conversations import Conversations
from sync.pulls.replies import CHANGE_REPORT, CREATE_REPORT, REPLY, note_reply
from sync.pulls.reporting import reply_mark
from sync.pulls.state import CANCEL, QUEUE_MISSING, RETRY


class Recovery:
    """Looks at the outside world before an act is tried again. What can't be looked at now stays open."""

    def __init__(
        self, current: Pass, ledger: Ledger, github: GitHub, service: CIService, conversations: Conversations
    ) -> None:
        self.current, self.ledger = current, ledger
        self.github, self.service, self.conversations = github, service, conversations
        self._read: set[int] = set()

    def settle(self, heads: Mapping[str, str] | None) -> None:
        """Settle every open act that can be looked up; `heads` are those of the CI repository, if it answered."""
        for action in self.ledger.unsettled():
            try:
                self._settle(action, heads)
            except NotFoundError as error:  # whatever it was about is gone
                self._note(action, False, str(error))
            except ServiceError as error:
                self.current.fail(f"{action.subject}: {error}")

    def _settle(self, action: Action, heads: Mapping[str, str] | None) -> None:
        if action.kind in (PUSH, DELETE):
            if heads is not None:
                self._branch(action, heads)
        elif action.kind == CANCEL:
            build = Build.objects.filter(provider=self.service.provider, external_id=action.payload["build"])
            self._note(action, not build.exclude(status__in=(Status.FINISHED, Status.CANCELLING)).exists())
        elif action.kind == RERUN:
            if not Reruns(self.current, self.ledger).settle_lost(action):
                self._note(action, False)
        elif action.kind in (RETRY, QUEUE, QUEUE_MISSING):
            self._build(action)
        else:
            self._text(action)

    def _branch(self, action: Action, heads: Mapping[str, str]) -> None:
        name, sha = action.payload["branch"], action.payload["sha"]
        there = heads.get(name)
        if action.kind == PUSH and there == sha:
            note_pushed({name: action.payload.get("after_build", "")}, self.current.now)
        self._note(action, there == sha if action.kind == PUSH else there is None)

    def _build(self, action: Action) -> None:
        build = self._started(action)
        if build is None:
            self._note(action, False)
        else:
            Builds(self.current, self.ledger, self.service).settle(action, build, "lost_builds_found")

    def _started(self, action: Action) -> BuildFacts | None:
        """Return the build that a retry or an order has come to."""
        if action.kind == RETRY:
            try:
                build = self.service.build(action.payload["build"])
            except NotFoundError:
                build = None
            if build and ran_on(build, action):
                return build
        return started(self.service, action) if "branch" in action.payload else None

    def _text(self, action: Action) -> None:
        pull = PullRequest.objects.filter(number=action.payload["number"]).first()
        if pull and action.kind in (CREATE_REPORT, CHANGE_REPORT):
            if pull.number not in self._read:
                self.conversations.read(pull)
                self._read.add(pull.number)
            self._note(action, action.kind == CREATE_REPORT and pull.reports.filter(gone=False).exists())
        elif pull and action.kind == REPLY:
            mark = reply_mark(action.payload["comment"])
            written = any(mark in comment.body for comment in self.github.conversation(pull.number))
            if written:
                note_reply(action)
            self._note(action, written)
        else:  # a reaction or a deletion: twice is once
            self._note(action, False)

    def _note(self, action: Action, done: bool, words: str = "") -> None:
        self.ledger.settle_lost(action, done, words)
        self.current.count("lost_acts_settled")
