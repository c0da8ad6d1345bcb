"""Builds of pull requests: cancelled, retried and queued at Azure."""

from typing import Any

from django.db import transaction

from agents.builds.rows import save_builds
from agents.models import Build
from flinkci_dashboard.clients.azure.project import Azure
from flinkci_dashboard.clients.errors import (
    NotAuthorizedError,
    NotFoundError,
    RefusedError,
    ServiceError,
    ThrottledError,
    UnavailableError,
)
from flinkci_dashboard.clients.facts import BuildFacts
from flinkci_dashboard.jobs.ledger import Actions
from flinkci_dashboard.jobs.run import Pass
from flinkci_dashboard.models import Action
from flinkci_dashboard.names import branch_name
from sync.models import CommandComment, Repository
from sync.pulls.acts import CancelBuild, QueueBuild, RetryBuild, SettleCommands
from sync.pulls.state import CANCEL, QUEUE_MISSING, build_url, queue_key
from sync.pulls.values import CommandState

RETRY, QUEUE = "retry-build", "queue-build"
MAX_TROUBLES = 3  # failures in a row after which Azure is left to the next pass


class Builds:
    """Cancels, retries and new builds. Azure's failures are recorded; after some in a row the rest is left alone."""

    def __init__(self, current: Pass, actions: Actions, azure: Azure, definition: int | None = None) -> None:
        self.current, self.actions, self.azure = current, actions, azure
        self._definition = definition
        self._troubles = 0

    def carry_out(self, act: CancelBuild | RetryBuild | QueueBuild, cause: str = "") -> bool:
        """Do one of them; `cause` names the request of a person. Tells whether it was done."""
        if self._troubles >= MAX_TROUBLES:
            return False
        action = self._begin(act, cause)
        if action is None:
            return False
        try:
            self._do(act, action)
        except UnavailableError as error:  # whether it was carried out is for the next pass to find out
            self._trouble(act, error, stop=isinstance(error, ThrottledError))
            if isinstance(error, ThrottledError):
                self.actions.failed(action, answer=str(error))
            return False
        except ServiceError as error:
            self.actions.failed(action, answer=str(error))
            self._trouble(act, error, stop=isinstance(error, NotAuthorizedError))
            return False
        self._troubles = 0
        return True

    def _begin(self, act: CancelBuild | RetryBuild | QueueBuild, cause: str) -> Action | None:
        number, reason = act.number, act.reason
        match act:
            case CancelBuild():
                key = f"cancel:{act.build_id}"
                return self.actions.begin(key, CANCEL, number, reason, build=act.build_id, by_person=act.by_person)
            case RetryBuild():
                key = f"retry:{act.build_id}:{cause or max(act.commands, default='canceled')}"
                commands = list(act.commands)
                return self.actions.begin(key, RETRY, number, reason, build=act.build_id, commands=commands)
            case QueueBuild():
                name = branch_name(number, act.sha)
                asked = cause or (str(max(act.commands)) if act.commands else "")
                kind = QUEUE if asked else QUEUE_MISSING
                key = f"{queue_key(number, act.sha)}:{asked}" if asked else queue_key(number, act.sha)
                payload: dict[str, Any] = {
                    "branch": name,
                    "sha": act.sha,
                    "commands": list(act.commands),
                    "after": _newest(name),
                }
                return self.actions.begin(key, kind, number, reason, **payload)

    def _do(self, act: CancelBuild | RetryBuild | QueueBuild, action: Action) -> None:
        match act:
            case CancelBuild():
                self._cancel(act, action)
            case RetryBuild():
                self._retry(act, action)
            case QueueBuild():
                name = action.payload["branch"]
                self.settle(action, self._queue(name, act.sha, action.payload["after"]), "builds_queued")

    def _cancel(self, act: CancelBuild, action: Action) -> None:
        try:
            build = self.azure.cancel_build(act.build_id)
        except (RefusedError, NotFoundError):  # it may have ended just now
            found = self.azure.builds_by_id([act.build_id])
            if found and found[0].status != "finished":
                raise
            save_builds(found, self.current.now)
            self.actions.done(action, answer="It had ended already.")
            return
        if act.again:  # asking the build alone is not always enough
            for stage in self.azure.timeline(act.build_id).stages:
                if stage.status != "finished":
                    self.azure.cancel_stage(act.build_id, stage.key)
        with transaction.atomic():
            save_builds([build], self.current.now)
            self.actions.done(action)
        self.current.count("builds_canceled")

    def _retry(self, act: RetryBuild, action: Action) -> None:
        """Retry; a build that is gone, or too old to be retried, has a new one queued in its place."""
        try:
            build = self.azure.retry_build(act.build_id)
        except (NotFoundError, RefusedError) as error:
            if isinstance(error, NotFoundError):
                Build.objects.filter(provider="azure", external_id=act.build_id).update(gone_at=self.current.now)
            name = branch_name(act.number, act.sha)
            self.settle(action, self._queue(name, act.sha, _newest(name)), "builds_queued")
        else:
            self.settle(action, build, "builds_retried")

    def _queue(self, branch: str, sha: str, after: int) -> BuildFacts:
        """Queue a build, unless one has come in the meantime."""
        for build in self.azure.builds_of_branch(branch, limit=20):
            if build.external_id > after:
                return build
        return self.azure.queue_build(self._definition_id(), branch, sha)

    def settle(self, action: Action, build: BuildFacts, what: str) -> None:
        """Record that a build runs for the sake of an act, and of the commands behind it."""
        with transaction.atomic():
            save_builds([build], self.current.now)
            row = Build.objects.get(provider=build.provider, external_id=build.external_id)
            waiting = CommandComment.objects.filter(comment_id__in=action.payload["commands"])
            waiting.update(state=CommandState.RERUN, build_url=build_url(row), settled_at=self.current.now)
            self.actions.done(action, answer=f"build {build.external_id}")
        self.current.count(what)

    def _definition_id(self) -> int:
        """Return the pipeline that builds the CI repository: that of its latest build, else as Azure lists it."""
        if self._definition is None:
            repository = str(Repository.objects.get(role=Repository.Role.PULL_REQUESTS))
            latest = Build.objects.filter(scope="pull", repository=repository).exclude(definition_id=None)
            self._definition = latest.order_by("-external_id").values_list("definition_id", flat=True).first()
            if self._definition is None:
                listed = [each for each in self.azure.definitions() if each.repository == repository]
                if not listed:
                    raise RefusedError(f"Azure DevOps has no pipeline for {repository}: create one.")
                self._definition = listed[0].external_id
        return self._definition

    def _trouble(self, act: CancelBuild | RetryBuild | QueueBuild, error: ServiceError, stop: bool) -> None:
        self._troubles = MAX_TROUBLES if stop else self._troubles + 1
        self.current.fail(f"#{act.number}: {error}")


def settle_commands(current: Pass, act: SettleCommands) -> None:
    """Note what became of commands for which nothing had to be done."""
    found = CommandComment.objects.filter(comment_id__in=act.commands)
    found.update(state=act.state, build_url=act.url, settled_at=current.now)
    current.count("commands_settled", len(act.commands))


def _newest(branch: str) -> int:
    known = Build.objects.filter(provider="azure", branch=branch).order_by("-external_id")
    return known.values_list("external_id", flat=True).first() or 0
