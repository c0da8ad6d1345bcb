"""The mirror job: look at both sides, decide, carry branches over, record."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from django.conf import settings

from flinkci_dashboard.clients.errors import NotFoundError, ServiceError
from flinkci_dashboard.clients.git.cache import Cache, open_cache
from flinkci_dashboard.clients.git.commits import CommitFacts
from flinkci_dashboard.clients.git.errors import CacheCorrupt, GitMissing
from flinkci_dashboard.clients.git.folder import remove_cache
from flinkci_dashboard.clients.git.pushes import PushResult, PushStatus
from flinkci_dashboard.clients.github.pulls import GitHub, connect, token_fingerprint
from flinkci_dashboard.clients.secrets import UnreadableSecretError
from flinkci_dashboard.jobs.ledger import Intent, Ledger
from flinkci_dashboard.jobs.modes import is_active
from flinkci_dashboard.jobs.run import ConfigurationError, Pass
from flinkci_dashboard.models import Action
from sync.mirrors.files import read_test_files
from sync.mirrors.plan import out_of_reach, plan
from sync.mirrors.resets import Resets, subject
from sync.mirrors.rows import MirrorRows
from sync.mirrors.sides import Sides
from sync.mirrors.transfers import Transfers, state_after
from sync.mirrors.values import BranchFacts, BranchState, Failure, MirrorPlan, Observation, Push, ResetRequest
from sync.models import Mirror

log = logging.getLogger(__name__)
JOB = "sync_mirrors"
MAX_LOOKED_UP = 20  # heads in one pass
REMEMBERED = 100  # commits of a branch, when its head is first seen
# After the first failure the next pass tries again; the mirror may have been busy for a moment.
TRY_AGAIN = (timedelta(0), timedelta(minutes=2), timedelta(minutes=10), timedelta(minutes=15))


def sync_mirrors(current: Pass) -> None:
    """Bring every enabled mirror in step with its source; one that fails does not stop the others."""
    mirrors = list(Mirror.objects.select_related("source", "target"))
    if not mirrors:
        raise ConfigurationError("No mirror is set up: run manage.py bootstrap, or add one in the admin.")
    try:
        for mirror in mirrors:
            if mirror.enabled:
                MirrorPass(current, mirror).run()
    except (GitMissing, UnreadableSecretError) as error:
        raise ConfigurationError(str(error)) from error
    for request in current.requests:
        if request.act == ResetRequest.ACT and request.settled_at is None:
            current.answer(request, "Nothing was reset: there is no such mirror, or it is disabled.")


class MirrorPass:
    """One mirror's part of a pass."""

    def __init__(self, current: Pass, mirror: Mirror) -> None:
        self.current, self.mirror = current, mirror
        self.active = is_active(JOB)
        self.folder = settings.DATA_DIR / "git" / f"mirror-{mirror.pk}.git"
        self.sides, self.rows, self.resets = Sides(mirror), MirrorRows(mirror, current.now), Resets(current, mirror)
        self.transfers = Transfers(current, mirror)
        scope = {"mirror": mirror.pk}
        self.ledger = Ledger(JOB, current.now, scope=scope, back_off=TRY_AGAIN, forced=current.asked_for_all)
        self.token = token_fingerprint()
        self.histories: dict[str, Sequence[CommitFacts]] = {}  # of heads, the newest commit first
        self.tried: set[str] = set()

    def run(self) -> None:
        """Look, and if anything is to be done, do it; then record."""
        if not self._look():
            return
        self._recover()
        decided = self._decide()
        if self._has_work(decided):
            self._work(decided)
            decided = self._decide()
        self.ledger.plan(() if self.active else self._intents(decided).values())
        self.rows.record(decided.branches, self.histories | self._look_up(decided), self.tried)
        self._report(decided)
        self.resets.answer(decided, self.transfers.failures)
        read_test_files(self.current, self.mirror, self.sides.heads, self.folder)

    # Looking and deciding -----------------------------------------------------------------------

    def _look(self) -> bool:
        """Read both sides; False, and recorded, when one of them does not answer."""
        errors = self.sides.look()
        self.rows.note_problems(*(str(error or "") for error in errors))
        for error in filter(None, errors):
            self.current.fail(f"{self.mirror}: {error}")
        if blocking := errors[0] or errors[1]:
            known = self.rows.known()
            self.rows.record_out_of_reach(out_of_reach(known, state_after(blocking), str(blocking), self.sides.heads))
            self.resets.give_up(str(blocking))
        return not blocking

    def _recover(self) -> None:
        """Settle pushes that a killed pass left open, by what the mirror has now."""
        lost = self.ledger.unsettled()
        for action in lost:
            done = self.sides.target.get(action.payload["branch"]) == action.payload["new"]
            self.ledger.settle_lost(action, done, f"the mirror {'has it' if done else 'does not have it'}.")
        if lost:
            self.current.count("lost_pushes_settled", len(lost))

    def _decide(self) -> MirrorPlan:
        seen = Observation(
            self.sides.heads, self.sides.tags, self.sides.target, self.transfers.relations, self.transfers.failures
        )
        refused = {(intent := self._intent(push)).key: (push.branch, intent) for push in self.rows.refused()}
        waiting = self.ledger.waiting(intent for _, intent in refused.values())
        known = self.rows.known({refused[key][0]: at for key, at in waiting.items()})
        return plan(self.rows.policy(), seen, known, self.current.now, forced=self.current.asked_for_all)

    def _has_work(self, decided: MirrorPlan) -> bool:
        if not self.active:
            return bool(decided.compare) or self.ledger.unplanned(self._intents(decided).values())
        return bool(decided.compare or self._intents(decided))

    # Working ------------------------------------------------------------------------------------

    def _work(self, decided: MirrorPlan) -> None:
        """Carry branches over through the cache; a damaged one is made anew, once."""
        failures = self.transfers.failures
        try:
            try:
                self._work_in(decided, last=False)
            except CacheCorrupt as error:
                log.warning("%s: %s It is made anew.", self.mirror, error)
                self.current.count("caches_rebuilt")
                failures.clear()
                remove_cache(self.folder)
                self._work_in(decided, last=True)
        except GitMissing:
            raise
        except ServiceError as error:
            waiting = [each.branch for each in decided.compare] + [each.branch for each in decided.pushes]
            failures |= {branch: Failure(None, str(error)) for branch in waiting if branch not in self.tried}

    def _work_in(self, decided: MirrorPlan, last: bool) -> None:
        with open_cache(self.folder) as cache:
            if cache.healed:
                log.info("%s: cleared what an interrupted pass left: %s", self.mirror, ", ".join(cache.healed))
                self.current.count("leftovers_cleared", len(cache.healed))
            self.transfers.fetch(cache, replace(decided, pushes=tuple(self._intents(decided))), last)
            self.transfers.relate(cache, decided.compare)
            decided = self._decide()
            intents = self._intents(decided)
            if intents and self.active:
                self._push(cache, intents)
            elif new := self.ledger.plan(intents.values()):
                self.current.count("branches_planned", new)
            self.histories = self._read_histories(cache, self.rows.without_commit(decided))
            cache.tidy()

    def _read_histories(self, cache: Cache, heads: Mapping[str, str]) -> dict[str, Sequence[CommitFacts]]:
        """Read what came up to heads that are in the cache; after the ones that they follow, where those are, too."""
        here = cache.contains({*heads, *heads.values()} - {""})
        known = {head: before if before in here else "" for head, before in heads.items() if head in here}
        return {head: cache.history(head, REMEMBERED, before) for head, before in known.items()}

    def _push(self, cache: Cache, intents: Mapping[Push, Intent]) -> None:
        """Push all branches in one go; where the mirror did not take all of them, look for what came of it."""
        begun = zip(intents, self.ledger.begin_all(list(intents.values())), strict=True)
        actions = {push: action for push, action in begun if action}
        self.tried = {push.branch for push in actions}
        results = self.transfers.push(cache, list(actions))
        taken = {push.branch: push.new for push in actions if _is_taken(push, results)}
        self.sides.target |= taken
        if len(taken) < len(actions) and (problem := self.sides.look_at_target()):
            self.rows.note_problems("", str(problem))
            self.current.fail(f"{self.mirror.target}: {problem}")
        for push, action in actions.items():
            self._settle(push, action, results)

    def _settle(self, push: Push, action: Action, results: Mapping[str, PushResult]) -> None:
        if self.sides.target.get(push.branch) == push.new or _is_taken(push, results):
            self.transfers.failures.pop(push.branch, None)
            self.ledger.done(action)
            self.current.count("branches_reset" if push.reset else "branches_pushed")
            return
        failure, result = self.transfers.failures.get(push.branch), results.get(push.branch)
        self.ledger.failed(action, answer=failure.detail if failure else result.message if result else "")

    def _intents(self, decided: MirrorPlan) -> dict[Push, Intent]:
        """Return what is to be pushed, each as an act."""
        facts = {each.branch: each for each in decided.branches}
        pushes: dict[Push, tuple[str, ...]] = dict.fromkeys(decided.pushes, ())
        if self.active:
            pushes |= self.resets.pushes(decided)
        return {
            # What was refused and is not due yet is in no plan.
            push: replace(self._intent(push, _reason(push, facts[push.branch]), causes), patient=False)
            for push, causes in pushes.items()
        }

    def _intent(self, push: Push, reason: str = "", causes: tuple[str, ...] = ()) -> Intent:
        key = f"{'reset' if push.reset else 'push'}:{self.mirror.pk}:{push.old or '-'}:{push.new}:{push.branch}"
        kind, payload = "reset-branch" if push.reset else "push-branch", {"old": push.old, "new": push.new}
        about = subject(self.mirror, push.branch)
        return Intent(key, kind, about, reason, payload | {"branch": push.branch}, causes, token=self.token)

    # Telling ------------------------------------------------------------------------------------

    def _look_up(self, decided: MirrorPlan) -> dict[str, Sequence[CommitFacts]]:
        """Ask GitHub about heads that are new to us and were never fetched, since the mirror has them already.

        Once for each head: who wrote it is good to know, and nothing depends on it.
        """
        heads = self.rows.new_heads(decided) - set(self.histories)
        found: dict[str, Sequence[CommitFacts]] = {}
        if not heads:
            return found
        with connect(str(self.mirror.source), patience=0) as github:
            for sha in sorted(heads)[:MAX_LOOKED_UP]:
                try:
                    found[sha] = _history(github, sha)
                except ServiceError as error:
                    log.info("%s: nothing is known of commit %s: %s", self.mirror, sha, error)
                    break
        return found

    def _report(self, decided: MirrorPlan) -> None:
        """Tell what failed, and which selected branches stay out of step: then the rest is done, and these are not."""
        failures = self.transfers.failures
        self._tell({branch: failure.detail for branch, failure in failures.items()})
        left = {each.branch: each.detail for each in _left_behind(decided.branches) if each.branch not in failures}
        self._tell(left)
        self.current.achieved = self.current.achieved or bool(left and not failures)

    def _tell(self, details: Mapping[str, str]) -> None:
        for detail in dict.fromkeys(details.values()):
            branches = ", ".join(branch for branch, each in details.items() if each == detail)
            self.current.fail(f"{self.mirror.target}: {branches}: {detail}")


def _left_behind(facts: Iterable[BranchFacts]) -> list[BranchFacts]:
    """Return the selected branches that no further pass brings in step by itself, or not yet."""
    states = (BranchState.REJECTED, BranchState.NOT_AUTHORIZED, BranchState.DIVERGED)
    return [each for each in facts if each.selected and each.state in states]


def _history(github: GitHub, sha: str) -> Sequence[CommitFacts]:
    """Ask for a commit with those before it, or else for that one alone."""
    try:
        return github.history(sha)
    except NotFoundError:
        return [github.commit(sha)]


def _is_taken(push: Push, results: Mapping[str, PushResult]) -> bool:
    return push.branch in results and results[push.branch].status == PushStatus.DONE


def _reason(push: Push, facts: BranchFacts) -> str:
    if push.reset:
        return "An admin asked to reset it to the source."
    if not push.old:
        return f"{facts.reason} The mirror does not have it yet."
    number = facts.commits_behind or 0
    return f"The mirror lacks {number:,} commit{'' if number == 1 else 's'} of the source."
