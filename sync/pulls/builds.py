"""Builds of pull requests: cancelled, retried and queued at the CI service, or read because a report names them."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from django.db import transaction

from agents.builds.observe import ask_for
from agents.builds.rows import close_gone, save_builds
from agents.models import Build
from flinkci_dashboard.clients.errors import (
    InvalidError,
    NotFoundError,
    RefusedError,
    ThrottledError,
    UnavailableError,
)
from flinkci_dashboard.clients.facts import BuildFacts
from flinkci_dashboard.clients.providers import CIService
from flinkci_dashboard.jobs.attempts import Attempts
from flinkci_dashboard.jobs.ledger import Intent, Ledger
from flinkci_dashboard.jobs.run import Pass
from flinkci_dashboard.models import Action
from flinkci_dashboard.names import branch_name, build_name
from sync.models import CommandComment, PullRequest, Repository
from sync.pulls.acts import CancelBuild, QueueBuild, RetryBuild, SettleCommands, Wanted
from sync.pulls.report import build_id
from sync.pulls.state import CANCEL, QUEUE_MISSING, RETRY, build_url, lost_ids, parse_known, queue_key
from sync.pulls.values import CommandState

QUEUE = "queue-build"
RECENT = 20  # builds of a branch among which a new one is looked for


class Builds:
    """Cancels, retries and new builds. Failures are recorded; after some in a row the rest is left alone."""

    def __init__(self, current: Pass, ledger: Ledger, service: CIService) -> None:
        self.current, self.ledger, self.service = current, ledger, service
        self._attempts = Attempts(current, ledger)
        self._definition: int | None = None

    def carry_out(self, wanted: Wanted) -> None:
        """Do one of them, unless it waits or was done for the same requests already."""
        act, causes = wanted.act, wanted.causes
        if isinstance(act, CancelBuild):
            self._attempts.attempt(_cancel_intent(act, causes, self.service.provider), partial(self._cancel, act))
        elif isinstance(act, RetryBuild):
            self._attempts.attempt(_retry_intent(act, causes, self.service.provider), self._retry)
        elif isinstance(act, QueueBuild):
            self._attempts.attempt(_queue_intent(act, causes, self.service.provider), self._queue)

    def _cancel(self, act: CancelBuild, action: Action) -> None:
        try:
            build = self.service.cancel_build(act.build_id)
        except (RefusedError, NotFoundError):  # it may have ended just now
            shown = self.service.builds_by_id([act.build_id])
            if shown and shown[0].status != "finished":
                raise
            save_builds(shown, self.current.now)
            self.ledger.done(action, answer="It had ended already.")
            return
        if act.again:  # asking the build alone is not always enough
            for stage in self.service.timeline(act.build_id).stages:
                if stage.status != "finished":
                    self.service.cancel_stage(act.build_id, stage.key)
        with transaction.atomic():
            save_builds([build], self.current.now)
            self.ledger.done(action)
        self.current.count("builds_canceled")

    def _retry(self, action: Action) -> None:
        """Retry; after a refusal or an odd answer look at the build: somebody may have been quicker.

        The service has refused retries that have a body, and others that have none, so both are tried. A build that is
        gone, or too old to be retried, has a new one queued in its place.
        """
        build_id, words = action.payload["build"], ""
        for empty in (False, True):
            try:
                build = self.service.retry_build(build_id, empty=empty)
            except (NotFoundError, RefusedError) as error:
                words = str(error)
            except ThrottledError:
                raise
            except UnavailableError as error:
                self._find(action, str(error))
                return
            else:
                if ran_on(build, action):
                    self.settle(action, build, "builds_retried")
                else:
                    self._find(action, "The CI service answers a retry with the build as it was.")
                return
            seen = self._look(build_id)
            if seen is None:
                break
            if ran_on(seen, action):
                self.settle(action, seen, "builds_found_running", words)
                return
        self._queue(action, words)

    def _find(self, action: Action, words: str) -> None:
        """After an odd answer, or none, a build that runs serves; else whether it will is for the next pass to see."""
        build = self._look(action.payload["build"])
        if build is None or not ran_on(build, action):
            raise UnavailableError(words)
        self.settle(action, build, "builds_found_running", words)

    def _look(self, build_id: int) -> BuildFacts | None:
        """Return a build as it is now; None, and recorded, when it is gone."""
        try:
            return self.service.build(build_id)
        except NotFoundError:
            close_gone(self.service.provider, [build_id], self.current.now)
            return None

    def _queue(self, action: Action, words: str = "") -> None:
        """Queue a build, unless one has come in the meantime. What is wrong with a head stays so: it is noted."""
        facts = action.payload
        try:
            build = started(self.service, action) or self._order(facts)
        except InvalidError as error:
            with transaction.atomic():
                self.ledger.failed(action, answer=str(error))
                self._refuse(facts["number"], facts["sha"], str(error))
            self.current.count("builds_refused")
            return
        self.settle(action, build, "builds_queued", words)

    def _order(self, facts: Mapping[str, Any]) -> BuildFacts:
        """Queue a build and look at it: an answer may name another one, which then is not taken for what was ordered.

        Raises UnavailableError for such an answer: the next pass looks what came to the branch.
        """
        told = self.service.queue_build(self._definition_id(), facts["branch"], facts["sha"])
        found = self._look(told.external_id)
        ours = found and (found.branch, found.version) == (facts["branch"], facts["sha"])
        if found is None or not ours or found.external_id <= facts["after"]:
            raise UnavailableError(f"The CI service answers with build {told.external_id}, which nobody ordered.")
        return found

    def _refuse(self, number: int, sha: str, words: str) -> None:
        """Settle all commands for a head of which the service queues no build; a later one asks anew."""
        pull = PullRequest.objects.filter(number=number, head_sha=sha)
        pull.update(build_problem=words, build_problem_head=sha)
        waiting = CommandComment.objects.filter(
            pull__number=number, head_sha=sha, known=True, state=CommandState.WAITING
        )
        waiting.update(state=CommandState.REFUSED, settled_at=self.current.now)

    def settle(self, action: Action, build: BuildFacts, what: str, words: str = "") -> None:
        """Record that a build runs for the sake of an act, and of the commands behind it."""
        with transaction.atomic():
            save_builds([build], self.current.now)
            row = Build.objects.get(provider=build.provider, external_id=build.external_id)
            waiting = CommandComment.objects.filter(
                comment_id__in=action.payload["commands"], state=CommandState.WAITING
            )
            waiting.update(state=CommandState.RERUN, build_url=build_url(row), settled_at=self.current.now)
            mended = PullRequest.objects.filter(number=action.payload["number"]).exclude(build_problem="")
            mended.update(build_problem="", build_problem_head="")
            self.ledger.done(action, answer=f"build {build.external_id}{f' ({words})' if words else ''}")
        self.current.count(what)

    def _definition_id(self) -> int:
        """Return the pipeline that builds the CI repository: that of its latest build, else as the service lists it."""
        if self._definition is None:
            repository = str(Repository.objects.get(role=Repository.Role.PULL_REQUESTS))
            ours = Build.objects.filter(provider=self.service.provider, scope="pull", repository=repository)
            latest = ours.exclude(definition_id=None)
            self._definition = latest.order_by("-external_id").values_list("definition_id", flat=True).first()
            if self._definition is None:
                listed = [each for each in self.service.definitions() if each.repository == repository]
                if not listed:
                    raise RefusedError(f"There is no pipeline for {repository}: create one.")
                self._definition = listed[0].external_id
        return self._definition


def read_reported(
    current: Pass, service: CIService, pulls: Iterable[PullRequest], bodies: dict[int, list[str]]
) -> bool:
    """Read the builds that reports name and that we do not know; tells if there were any.

    What the service has no more is noted with the pull request. `bodies` holds the texts of reports by pull request.
    """
    lost_before = {pull.pk: lost_ids(pull, service.provider) for pull in pulls}
    named = {pull.pk: _named(bodies.get(pull.pk, ())) - lost_before[pull.pk] for pull in pulls}
    wanted = set().union(*named.values()) if named else set()
    if not wanted:
        return False
    known = Build.objects.filter(provider=service.provider, external_id__in=wanted)
    unknown = wanted - set(known.values_list("external_id", flat=True))
    if not unknown:
        return False
    lost = ask_for(current, service, unknown)
    for pull in pulls:
        if gone := named[pull.pk] & lost:
            pull.lost_builds = sorted({*pull.lost_builds, *(build_name(service.provider, number) for number in gone)})
            pull.save(update_fields=["lost_builds"])
    return True


def ran_on(build: BuildFacts, action: Action) -> bool:
    """Tell whether a build has gone on since an act saw it: its present run ends at another time, or not yet.

    Both times are the service's: our clock says nothing about that.
    """
    ended = build.finished_at.isoformat() if build.finished_at else ""
    return build.status != "finished" or ended != action.payload.get("finished_at", ended)


def started(service: CIService, action: Action) -> BuildFacts | None:
    """Return the build that came to an act's branch since the act began; None when there is none."""
    recent = service.builds_of_branch(action.payload["branch"], limit=RECENT)
    return next((build for build in recent if build.external_id > action.payload["after"]), None)


def latest_builds(branches: Iterable[str], provider: str) -> dict[str, int]:
    """Return {branch: the id of its latest build that we know} of one service."""
    known = Build.objects.filter(provider=provider, branch__in=list(branches)).order_by("external_id")
    return dict(known.values_list("branch", "external_id"))


def settle_commands(current: Pass, act: SettleCommands) -> None:
    """Note what became of commands for which nothing had to be done."""
    commands = CommandComment.objects.filter(comment_id__in=act.commands)
    commands.update(state=act.state, build_url=act.url, settled_at=current.now)
    current.count("commands_settled", len(act.commands))


def _cancel_intent(act: CancelBuild, causes: tuple[str, ...], provider: str) -> Intent:
    payload = {"number": act.number, "provider": provider, "build": act.build_id, "by_person": act.by_person}
    return Intent(f"cancel:{provider}:{act.build_id}", CANCEL, f"#{act.number}", act.reason, payload, causes)


def _retry_intent(act: RetryBuild, causes: tuple[str, ...], provider: str) -> Intent:
    """Keep which run of the build is to be repeated: that is what tells later whether it was."""
    ended = Build.objects.values_list("finished_at", flat=True).get(provider=provider, external_id=act.build_id)
    run = {"build": act.build_id, "finished_at": ended.isoformat() if ended else ""}
    payload = _for_head(act, provider) | run
    return Intent(f"retry:{provider}:{act.build_id}", RETRY, f"#{act.number}", act.reason, payload, causes)


def _queue_intent(act: QueueBuild, causes: tuple[str, ...], provider: str) -> Intent:
    key, asked = queue_key(act.number, act.sha), bool(act.commands or causes)
    kind = QUEUE if asked else QUEUE_MISSING
    key = f"{key}:asked" if asked else key
    return Intent(key, kind, f"#{act.number}", act.reason, _for_head(act, provider), causes, once=not asked)


def _for_head(act: RetryBuild | QueueBuild, provider: str) -> dict[str, Any]:
    """Return what tells later whether a build came: the latest one that there was before."""
    branch = branch_name(act.number, act.sha)
    after = latest_builds([branch], provider).get(branch, 0)
    facts = {"number": act.number, "provider": provider, "branch": branch, "sha": act.sha}
    return facts | {"commands": list(act.commands), "after": after}


def _named(bodies: Iterable[str]) -> set[int]:
    """Return the builds of all commits that are still shown."""
    reports = [parsed.report for parsed in map(parse_known, bodies) if parsed.report]
    entries = [entry for report in reports for entry in report.known if entry.status != "DELETED"]
    return {number for entry in entries if (number := build_id(entry.url))}
