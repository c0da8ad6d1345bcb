"""Acts that a pass began and did not settle: what has become of them outside?"""

from collections.abc import Mapping

from django.db.models import Q

from agents.models import Build
from agents.models.builds import Status
from flinkci_dashboard.clients.azure.project import Azure
from flinkci_dashboard.clients.errors import NotFoundError, ServiceError
from flinkci_dashboard.clients.facts import BuildFacts
from flinkci_dashboard.clients.github.pulls import GitHub
from flinkci_dashboard.jobs.ledger import Actions, open_actions
from flinkci_dashboard.jobs.run import Pass
from flinkci_dashboard.models import Action
from sync.models import PullRequest
from sync.pulls.branches import DELETE, PUSH, note_pushed
from sync.pulls.builds import QUEUE, RETRY, Builds
from sync.pulls.github import Observer
from sync.pulls.replies import CHANGE_REPORT, CREATE_REPORT, REPLY, note_reply
from sync.pulls.reporting import reply_mark
from sync.pulls.state import CANCEL, QUEUE_MISSING

LOST = "The pass that tried this ended before it knew the answer"


class Lookup:
    """Looks at the outside world before an act is tried again. Raises the errors of `clients.errors` for GitHub."""

    def __init__(self, current: Pass, actions: Actions, github: GitHub, azure: Azure, observer: Observer) -> None:
        self.current, self.actions, self.github, self.azure, self.observer = current, actions, github, azure, observer
        self._read: set[int] = set()

    def settle(self, heads: Mapping[str, str] | None) -> None:
        """Settle every open act that can be looked up; `heads` are those of the CI repository, if it answered."""
        for action in open_actions():
            if action.kind in (PUSH, DELETE):
                if heads is not None:
                    self._branch(action, heads)
            elif action.kind in (CANCEL, RETRY, QUEUE, QUEUE_MISSING):
                self._build(action)
            else:
                self._words(action)

    def _branch(self, action: Action, heads: Mapping[str, str]) -> None:
        name, sha = action.payload["branch"], action.payload["sha"]
        there = heads.get(name)
        if action.kind == PUSH and there == sha:
            note_pushed([name], self.current.now)
        self._settle(action, there == sha if action.kind == PUSH else there is None)

    def _build(self, action: Action) -> None:
        try:
            if action.kind == CANCEL:
                pending = Build.objects.filter(~Q(status__in=(Status.FINISHED, Status.CANCELLING)), provider="azure")
                self._settle(action, not pending.filter(external_id=action.payload["build"]).exists())
                return
            build = self._started(action)
        except ServiceError as error:
            self.current.fail(str(error))
            return
        if build is None:
            self._settle(action, False)
        else:
            Builds(self.current, self.actions, self.azure).settle(action, build, "lost_builds_found")

    def _started(self, action: Action) -> BuildFacts | None:
        """Return the build that a retry or an order has come to."""
        if action.kind == RETRY:
            try:
                build = self.azure.build(action.payload["build"])
            except NotFoundError:
                return None
            ran_on = build.finished_at is None or build.finished_at > action.created_at
            return build if ran_on else None
        found = self.azure.builds_of_branch(action.payload["branch"], limit=20)
        return next((build for build in found if build.external_id > action.payload["after"]), None)

    def _words(self, action: Action) -> None:
        pull = PullRequest.objects.get(number=action.payload["number"])
        if action.kind in (CREATE_REPORT, CHANGE_REPORT):
            if pull.number not in self._read:
                self.observer.conversation(pull)
                self._read.add(pull.number)
            self._settle(action, action.kind == CREATE_REPORT and pull.reports.filter(gone=False).exists())
        elif action.kind == REPLY:
            mark = reply_mark(action.payload["comment"])
            if any(mark in comment.body for comment in self.github.conversation(pull.number)):
                note_reply(self.actions, action)
            else:
                self._settle(action, False)
        else:  # a reaction or a deletion: twice is once
            self._settle(action, False)

    def _settle(self, action: Action, done: bool) -> None:
        if done:
            self.actions.done(action, answer=f"{LOST}; it was done.")
        else:
            self.actions.failed(action, answer=f"{LOST}; it was not done.")
            self.actions.free.add(action.key)
        self.current.count("lost_acts_settled")
