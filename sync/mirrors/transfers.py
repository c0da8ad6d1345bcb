"""Branches on their way from the source through the cache to the mirror: fetched, compared, pushed."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from flinkci_dashboard.clients.errors import NotAuthorizedError, NotFoundError, RefusedError, UnavailableError
from flinkci_dashboard.clients.git.cache import Cache
from flinkci_dashboard.clients.git.errors import CacheCorrupt, RemoteMissing, TimedOut
from flinkci_dashboard.clients.git.process import Progress
from flinkci_dashboard.clients.git.pushes import PushResult, PushStatus
from flinkci_dashboard.jobs.run import Pass
from sync.mirrors.sides import HEADS
from sync.mirrors.values import BranchFacts, BranchState, Failure, MirrorPlan, Push, Relation
from sync.models import Mirror


class Transfers:
    """What one pass carries over, what it learns on the way, and what fails."""

    def __init__(self, current: Pass, mirror: Mirror) -> None:
        self.current, self.mirror = current, mirror
        self.relations: dict[tuple[str, str], Relation] = {}  # by (mirror SHA, source SHA)
        self.failures: dict[str, Failure] = {}  # by branch

    def fetch(self, cache: Cache, decided: MirrorPlan, last: bool) -> None:
        """Fetch what the cache lacks, in one go; when that fails, branch by branch, so that a bad one stands alone."""
        wanted = _lacking(cache, decided)
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

    def relate(self, cache: Cache, compared: Iterable[BranchFacts]) -> None:
        """Find out how the heads of both sides relate."""
        facts = [each for each in compared if each.branch not in self.failures]
        have = cache.contains(each.target_sha for each in facts)
        for each in facts:
            self.relations[each.target_sha, each.source_sha] = _relation(cache, each, each.target_sha in have)

    def push(self, cache: Cache, pushes: Sequence[Push]) -> dict[str, PushResult]:
        """Push all in one go; returns {branch: answer}.

        Of several that the mirror refused one may be to blame: each is tried alone.
        """
        results = self._try_push(cache, pushes)
        refused = [push for push in pushes if self._is_refused(push, results)]
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
            self.failures |= {branch: Failure(state_after(error), str(error)) for branch in wanted}
            return {}
        return {result.ref.removeprefix(HEADS): result for result in results}

    def _is_refused(self, push: Push, results: Mapping[str, PushResult]) -> bool:
        if push.branch in results:
            return results[push.branch].status == PushStatus.REJECTED
        return push.branch in self.failures and self.failures[push.branch].state == BranchState.REJECTED

    def _shown(self, phase: str) -> Callable[[Progress], None]:
        self.current.progress(phase)
        return lambda seen: self.current.progress(f"{phase}: {seen.phase}", seen.percent, seen.megabytes)


def state_after(error: Exception) -> BranchState:
    """Return the state of a branch whose repository gave this error."""
    return BranchState.NOT_AUTHORIZED if isinstance(error, NotAuthorizedError) else BranchState.UNREACHABLE


def _lacking(cache: Cache, decided: MirrorPlan) -> dict[str, str]:
    """Return the source's heads that have to be compared or pushed, and are not in the cache."""
    heads = {each.branch: each.source_sha for each in decided.compare}
    heads |= {each.branch: each.new for each in decided.pushes}
    have = cache.contains([*heads.values(), *(each.target_sha for each in decided.compare)])  # what is compared next
    return {branch: sha for branch, sha in heads.items() if sha not in have}


def _relation(cache: Cache, facts: BranchFacts, in_cache: bool) -> Relation:
    if in_cache:
        ahead, behind = cache.ahead_behind(facts.target_sha, facts.source_sha)
        return Relation(ahead > 0, ahead, behind)
    # The whole history of the source's head is here (counting it proves that), and the mirror's head is not in it.
    cache.count_commits(None, facts.source_sha)
    return Relation(diverged=True)
