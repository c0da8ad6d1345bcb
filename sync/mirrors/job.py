"""The mirror job: look at both sides, decide, carry branches over, record."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from django.conf import settings

from flinkci_dashboard.clients.errors import (
    NotAuthorizedError,
    NotFoundError,
    RefusedError,
    ServiceError,
    UnavailableError,
)
from flinkci_dashboard.clients.git.cache import (
    Cache,
    Commit,
    LsRemote,
    PushResult,
    PushStatus,
    open_cache,
    remove_cache,
)
from flinkci_dashboard.clients.git.errors import CacheCorrupt, GitMissing, RemoteMissing, TimedOut
from flinkci_dashboard.clients.git.process import Progress
from flinkci_dashboard.clients.github.pulls import CommitFacts, connect
from flinkci_dashboard.clients.secrets import UnreadableSecretError
from flinkci_dashboard.jobs.run import ConfigurationError, Pass
from flinkci_dashboard.models import JobRequest
from sync.mirrors.plan import out_of_reach, plan, plan_reset
from sync.mirrors.rows import MirrorRecords
from sync.mirrors.values import BranchFacts, BranchState, Failure, MirrorPlan, Observation, Push, Relation, ResetRequest
from sync.models import Mirror

log = logging.getLogger(__name__)
MAX_LOOKED_UP = 20  # commits in one pass
HEADS, TAGS = "refs/heads/", "refs/tags/"


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
        self.records = MirrorRecords(mirror, current.now)
        self.policy, self.known = self.records.policy(), self.records.known()
        self.source: dict[str, str] = {}
        self.target: dict[str, str] = {}  # heads by branch
        self.relations: dict[tuple[str, str], Relation] = {}
        self.failures: dict[str, Failure] = {}
        self.commits: dict[str, Commit | CommitFacts] = {}
        self.tried: set[str] = set()
        self.asked = [(request, asked) for request in current.requests if (asked := self._asked(request))]

    def run(self) -> None:
        """Look, and if anything is to be done, do it; then record."""
        if not self._look():
            return
        if settled := self.records.settle_pending(self.target):
            self.current.count("lost_pushes_settled", settled)
        decided = self._decide()
        if self._has_work(decided):
            self._work(decided)
            decided = self._decide()
        self.records.drop_overtaken(decided.pushes if settings.SYNC_MODE == "observe" else ())
        self.records.record(decided.branches, self.commits | self._look_up(decided), self.tried)
        self._report_failures()
        self._answer_rest(decided)

    def _look_up(self, decided: MirrorPlan) -> dict[str, Commit | CommitFacts]:
        """Ask GitHub about heads that are new to us and were never fetched, since the mirror has them already.

        Once for each head: who wrote it is good to know, and nothing depends on it.
        """
        heads = self.records.new_heads(decided) - set(self.commits)
        found: dict[str, Commit | CommitFacts] = {}
        if not heads:
            return found
        with connect(str(self.mirror.source), patience=0) as github:
            for sha in sorted(heads)[:MAX_LOOKED_UP]:
                try:
                    found[sha] = github.commit(sha)
                except ServiceError as error:
                    log.info("%s: nothing is known of commit %s: %s", self.mirror, sha, error)
                    break
        return found

    # Looking and deciding

    def _look(self) -> bool:
        """Read both sides at once; False, and recorded, when one of them does not answer."""
        with (
            LsRemote(self.mirror.source.git_url, (HEADS, TAGS)) as source,
            LsRemote(self.mirror.target.git_url, (HEADS,), authenticate=True) as target,
        ):
            answers = [_answer(side) for side in (source, target)]
        errors = [answer if isinstance(answer, ServiceError) else None for answer in answers]
        self.records.note_problems(*(str(error or "") for error in errors))
        for error in filter(None, errors):
            self.current.fail(f"{self.mirror}: {error}")
        self.source, self.target = (answer if isinstance(answer, dict) else {} for answer in answers)
        self.target = _under(HEADS, self.target)
        if blocking := errors[0] or errors[1]:
            self._give_up(blocking)
        return not blocking

    def _give_up(self, error: ServiceError) -> None:
        heads = _under(HEADS, self.source)
        self.records.record_out_of_reach(out_of_reach(self.known, _state(error), str(error), heads))
        for request, _ in self.asked:
            self.current.answer(request, f"Nothing was reset: {error}")

    def _decide(self) -> MirrorPlan:
        heads, tags = _under(HEADS, self.source), _under(TAGS, self.source)
        seen = Observation(heads, tags, self.target, self.relations, self.failures)
        return plan(self.policy, seen, self.known, self.current.now, forced=self.current.forced)

    def _has_work(self, decided: MirrorPlan) -> bool:
        if settings.SYNC_MODE == "observe":
            return bool(decided.compare or self.records.unplanned(decided.pushes))
        return not decided.settled

    # Working

    def _work(self, decided: MirrorPlan) -> None:
        """Carry branches over through the cache; a damaged one is made anew, once."""
        folder = settings.DATA_DIR / "git" / f"mirror-{self.mirror.pk}.git"
        try:
            try:
                self._work_in(folder, decided, last=False)
            except CacheCorrupt as error:
                log.warning("%s: %s It is made anew.", self.mirror, error)
                self.current.count("caches_rebuilt")
                self.failures.clear()
                remove_cache(folder)
                self._work_in(folder, decided, last=True)
        except ServiceError as error:
            if isinstance(error, GitMissing):
                raise
            waiting = [each.branch for each in decided.compare] + [each.branch for each in decided.pushes]
            self.failures |= {branch: Failure(None, str(error)) for branch in waiting if branch not in self.tried}

    def _work_in(self, folder: Path, decided: MirrorPlan, last: bool) -> None:
        with open_cache(folder) as cache:
            if cache.healed:
                log.info("%s: cleared what an interrupted pass left: %s", self.mirror, ", ".join(cache.healed))
                self.current.count("leftovers_cleared", len(cache.healed))
            self._fetch(cache, decided, last)
            self._relate(cache, decided.compare)
            decided = self._decide()
            pushes = (*decided.pushes, *self._resets(decided))
            if pushes and settings.SYNC_MODE == "observe":
                self._only_plan(pushes)
            elif pushes:
                self._push(cache, pushes)
            shas = cache.contains(self.records.without_commit(decided))
            self.commits = dict(cache.commit_facts(shas))
            cache.tidy()

    def _fetch(self, cache: Cache, decided: MirrorPlan, last: bool) -> None:
        """Fetch what the cache lacks, in one go; when that fails, branch by branch, so that a bad one stands alone."""
        heads = {each.branch: each.source_sha for each in decided.compare}
        heads |= {each.branch: each.new for each in decided.pushes}
        have = cache.contains(heads.values())
        wanted = {branch: sha for branch, sha in heads.items() if sha not in have}
        if not wanted:
            return
        url, shown = self.mirror.source.git_url, self._shown(f"Fetching from {self.mirror.source}")
        excused = (UnavailableError, NotFoundError, RefusedError, *([CacheCorrupt] if last else []))
        try:
            cache.fetch(url, wanted, shown)
        except excused as error:
            if len(wanted) == 1 or isinstance(error, (TimedOut, RemoteMissing)):
                self.failures |= {branch: Failure(BranchState.UNREACHABLE, str(error)) for branch in wanted}
                return
            for branch, sha in wanted.items():
                try:
                    cache.fetch(url, {branch: sha}, shown)
                except excused as single:
                    self.failures[branch] = Failure(BranchState.UNREACHABLE, str(single))

    def _relate(self, cache: Cache, compared: Iterable[BranchFacts]) -> None:
        facts = [each for each in compared if each.branch not in self.failures]
        have = cache.contains(each.target_sha for each in facts)
        for each in facts:
            self.relations[each.target_sha, each.source_sha] = _relation(cache, each, each.target_sha in have)

    def _push(self, cache: Cache, pushes: Sequence[Push]) -> None:
        """Push all branches in one go, then look at the mirror for what came of it."""
        actions = self.records.begin(pushes, self._reasons(pushes))
        self.tried = {push.branch for push in pushes}
        results = self._try_pushes(cache, pushes)
        self._look_again(pushes, results)
        done = {push.branch for push in pushes if self._is_done(push, results)}
        for branch in done:
            self.failures.pop(branch, None)
        answers = {branch: failure.detail for branch, failure in self.failures.items()}
        answers |= {branch: result.message for branch, result in results.items() if branch not in answers}
        self.records.settle(actions, done, answers)
        self._count(pushes, done)

    def _try_pushes(self, cache: Cache, pushes: Sequence[Push]) -> dict[str, PushResult]:
        """Return {branch: answer}. Of several that the mirror refused one may be to blame: each is tried alone."""
        results = self._try_push(cache, pushes)
        refused = [push for push in pushes if _is_refused(push, results, self.failures)]
        if len(refused) > 1:
            for push in refused:
                self.failures.pop(push.branch, None)
                results |= self._try_push(cache, [push])
        for push in pushes:
            result = results.get(push.branch)
            if result and result.status == PushStatus.REJECTED:
                self.failures[push.branch] = Failure(BranchState.REJECTED, result.message)
        return results

    def _try_push(self, cache: Cache, pushes: Sequence[Push]) -> dict[str, PushResult]:
        wanted = {push.branch: push.new for push in pushes}
        leases = {push.branch: push.old for push in pushes if push.reset}
        shown = self._shown(f"Pushing to {self.mirror.target}")
        try:
            results = cache.push(self.mirror.target.git_url, wanted, shown, leases=leases)
        except RefusedError as error:
            self.failures |= {branch: Failure(BranchState.REJECTED, str(error)) for branch in wanted}
            return {}
        except (NotAuthorizedError, NotFoundError, UnavailableError) as error:
            self.failures |= {branch: Failure(_state(error), str(error)) for branch in wanted}
            return {}
        return {result.ref.removeprefix(HEADS): result for result in results}

    def _look_again(self, pushes: Sequence[Push], results: Mapping[str, PushResult]) -> None:
        with LsRemote(self.mirror.target.git_url, (HEADS,), authenticate=True) as asking:
            answer = _answer(asking)
        if isinstance(answer, dict):
            self.target = _under(HEADS, answer)
            return
        self.records.note_problems("", str(answer))
        self.current.fail(f"{self.mirror.target}: {answer}")
        self.target |= {push.branch: push.new for push in pushes if _is_taken(push, results)}

    def _only_plan(self, pushes: Sequence[Push]) -> None:
        new = self.records.unplanned(pushes)
        self.records.note_planned(new, self._reasons(new))
        if new:
            self.current.count("branches_planned", len(new))

    # Telling

    def _is_done(self, push: Push, results: Mapping[str, PushResult]) -> bool:
        return self.target.get(push.branch) == push.new or _is_taken(push, results)

    def _count(self, pushes: Sequence[Push], done: set[str]) -> None:
        for push in pushes:
            if push.branch in done:
                self.current.count("branches_reset" if push.reset else "branches_pushed")

    def _reasons(self, pushes: Sequence[Push]) -> dict[str, str]:
        facts = {each.branch: each for each in self._decide().branches}
        return {push.branch: _reason(push, facts[push.branch]) for push in pushes}

    def _report_failures(self) -> None:
        for detail in dict.fromkeys(failure.detail for failure in self.failures.values()):
            branches = ", ".join(branch for branch, failure in self.failures.items() if failure.detail == detail)
            self.current.fail(f"{self.mirror.target}: {branches}: {detail}")

    def _shown(self, phase: str) -> Callable[[Progress], None]:
        self.current.progress(phase)
        return lambda seen: self.current.progress(f"{phase}: {seen.phase}", seen.percent, seen.megabytes)

    # Resets that an admin asked for

    def _asked(self, request: JobRequest) -> ResetRequest | None:
        asked = ResetRequest.parse(request.subject) if request.act == ResetRequest.ACT else None
        return asked if asked and asked.target == str(self.mirror.target) else None

    def _resets(self, decided: MirrorPlan) -> list[Push]:
        facts = {each.branch: each for each in decided.branches}
        decisions = (plan_reset(asked, facts.get(asked.branch)) for _, asked in self.asked)
        return [decision for decision in dict.fromkeys(decisions) if isinstance(decision, Push)]

    def _answer_rest(self, decided: MirrorPlan) -> None:
        facts = {each.branch: each for each in decided.branches}
        for request, asked in self.asked:
            self.current.answer(request, self._outcome(asked, facts.get(asked.branch)))

    def _outcome(self, asked: ResetRequest, facts: BranchFacts | None) -> str:
        if asked.branch in self.failures:
            return f"{asked.branch} was not reset: {self.failures[asked.branch].detail}"
        if facts and asked.branch in self.tried and facts.state == BranchState.IN_SYNC:
            return f"{asked.branch} was reset from {asked.seen[:10]} to {facts.source_sha[:10]}."
        decision = plan_reset(asked, facts)
        if isinstance(decision, str):
            return decision
        return f"{asked.branch} was not reset: this installation only observes (SYNC_MODE=observe)."


def _answer(asking: LsRemote) -> dict[str, str] | ServiceError:
    try:
        return asking.result()
    except ServiceError as error:
        return error


def _state(error: ServiceError) -> BranchState:
    return BranchState.NOT_AUTHORIZED if isinstance(error, NotAuthorizedError) else BranchState.UNREACHABLE


def _under(prefix: str, refs: Mapping[str, str]) -> dict[str, str]:
    return {ref.removeprefix(prefix): sha for ref, sha in refs.items() if ref.startswith(prefix)}


def _relation(cache: Cache, facts: BranchFacts, in_cache: bool) -> Relation:
    if in_cache:
        ahead, behind = cache.ahead_behind(facts.target_sha, facts.source_sha)
        return Relation(ahead > 0, ahead, behind)
    # The whole history of the source's head is here (counting it proves that), and the mirror's head is not in it.
    cache.count_commits(None, facts.source_sha)
    return Relation(diverged=True)


def _is_taken(push: Push, results: Mapping[str, PushResult]) -> bool:
    return push.branch in results and results[push.branch].status == PushStatus.DONE


def _is_refused(push: Push, results: Mapping[str, PushResult], failures: Mapping[str, Failure]) -> bool:
    if push.branch in results:
        return results[push.branch].status == PushStatus.REJECTED
    return push.branch in failures and failures[push.branch].state == BranchState.REJECTED


def _reason(push: Push, facts: BranchFacts) -> str:
    if push.reset:
        return "An admin asked to reset it to the source."
    if not push.old:
        return f"{facts.reason} The mirror does not have it yet."
    number = facts.commits_behind or 0
    return f"The mirror lacks {number:,} commit{'' if number == 1 else 's'} of the source."
