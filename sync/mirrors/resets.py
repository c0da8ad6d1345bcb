"""Resets of diverged branches that admins asked for, and what came of each."""

from collections.abc import Mapping

from flinkci_dashboard.jobs.ledger import acts_for
from flinkci_dashboard.jobs.run import Pass
from flinkci_dashboard.models import Action, JobRequest
from sync.mirrors.plan import plan_reset
from sync.mirrors.values import BranchFacts, Failure, MirrorPlan, Push, ResetRequest
from sync.models import Mirror

OBSERVING = "this installation only observes (SYNC_MODE=observe)"


class Resets:
    """The resets of one mirror that wait in this pass."""

    def __init__(self, current: Pass, mirror: Mirror) -> None:
        self.current, self.mirror = current, mirror
        self.asked = [(request, asked) for request in current.requests if (asked := self._asked(request))]

    def pushes(self, decided: MirrorPlan) -> dict[Push, tuple[str, ...]]:
        """Return the pushes that are due, each with the requests behind it; what was done for one is not repeated."""
        facts = {each.branch: each for each in decided.branches}
        due: dict[Push, tuple[str, ...]] = {}
        for request, asked in self.asked:
            decision = plan_reset(asked, facts.get(asked.branch))
            if isinstance(decision, Push) and not self._settled(request, asked):
                due[decision] = (*due.get(decision, ()), _cause(request))
        return due

    def answer(self, decided: MirrorPlan, failures: Mapping[str, Failure]) -> None:
        """Answer every request by what came of it."""
        facts = {each.branch: each for each in decided.branches}
        for request, asked in self.asked:
            self.current.answer(request, self._outcome(request, asked, facts.get(asked.branch), failures))

    def give_up(self, why: str) -> None:
        """Answer that nothing could be done."""
        for request, _ in self.asked:
            self.current.answer(request, f"Nothing was reset: {why}")

    def _asked(self, request: JobRequest) -> ResetRequest | None:
        asked = ResetRequest.of(request.payload) if request.act == ResetRequest.ACT else None
        return asked if asked and asked.target == str(self.mirror.target) else None

    def _settled(self, request: JobRequest, asked: ResetRequest) -> Action | None:
        tried = acts_for(_cause(request), subject(self.mirror, asked.branch))
        return next((action for action in reversed(tried) if action.settled), None)

    def _outcome(
        self, request: JobRequest, asked: ResetRequest, facts: BranchFacts | None, failures: Mapping[str, Failure]
    ) -> str:
        act = self._settled(request, asked)
        if act and act.state == Action.State.DONE:
            return f"{asked.branch} was reset from {act.payload['old'][:10]} to {act.payload['new'][:10]}."
        if act or asked.branch in failures:
            return f"{asked.branch} was not reset: {act.answer if act else failures[asked.branch].detail}"
        decision = plan_reset(asked, facts)
        return decision if isinstance(decision, str) else f"{asked.branch} was not reset: {OBSERVING}."


def subject(mirror: Mirror, branch: str) -> str:
    """Return what acts on a branch of a mirror are about."""
    return f"{mirror.target}: {branch}"[:255]


def _cause(request: JobRequest) -> str:
    return f"request-{request.pk}"
