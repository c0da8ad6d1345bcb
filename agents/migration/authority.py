"""Which service has the say: for a branch or for pull requests, in testing, in publishing, and whether we push."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from agents.models import Authority, Build
from agents.models.builds import Provider

PULLS = ""  # what stands for all pull requests in the place of a branch
RECENT = timedelta(days=30)  # branches with builds since then
MOST = 30
Purpose, Choice = Authority.Purpose, Authority.Choice
CHOICES = {
    Purpose.TESTING: (Choice.AZURE, Choice.BOTH, Choice.ACTIONS),
    Purpose.PUBLISHING: (Choice.AZURE, Choice.BOTH, Choice.ACTIONS),
    Purpose.PUSHING: (Choice.ON, Choice.OFF),
}
PROVIDERS = {
    Choice.AZURE: (Provider.AZURE,),
    Choice.BOTH: (Provider.AZURE, Provider.ACTIONS),
    Choice.ACTIONS: (Provider.ACTIONS,),
}


class Decisions:
    """What was decided, as it stands; read once, by one query. Where nobody decided, it is as it was before Actions."""

    def __init__(self) -> None:
        self._latest: dict[tuple[str, str], list[Authority]] = {}
        for row in Authority.objects.order_by("id"):
            self._latest.setdefault((row.branch, row.purpose), []).append(row)

    def choice(self, branch: str, purpose: Authority.Purpose) -> Authority.Choice:
        """Return what holds for a branch, or for pull requests."""
        row = self.latest(branch, purpose)
        return Choice(row.choice) if row else CHOICES[purpose][0]

    def latest(self, branch: str, purpose: Authority.Purpose) -> Authority | None:
        """Return the decision that holds; None where nobody decided."""
        rows = self._latest.get((branch, purpose))
        return rows[-1] if rows else None

    def before(self, branch: str, purpose: Authority.Purpose) -> Authority.Choice | None:
        """Return what held before the last decision that was not taken back; None where there is none."""
        left = self._left(branch, purpose)
        return Choice(left[-2].choice) if len(left) > 1 else CHOICES[purpose][0] if left else None

    def providers(self, branch: str, purpose: Authority.Purpose = Purpose.TESTING) -> tuple[Provider, ...]:
        """Return the services that have the say."""
        return PROVIDERS[self.choice(branch, purpose)]

    def is_decided(self, branch: str, purpose: Authority.Purpose) -> bool:
        """Tell whether a decision is left that was not taken back."""
        return bool(self._left(branch, purpose))

    def hears(self, branch: str, provider: str, publishes: bool = False) -> bool:
        """Tell whether alerts about a branch speak of a service: of all of them until somebody decides."""
        left = self._left(branch, Purpose.PUBLISHING if publishes else Purpose.TESTING)
        return not left or provider in PROVIDERS[Choice(left[-1].choice)]

    def unpushed(self) -> dict[str, Authority]:
        """Return what is not pushed, with the decision that says so."""
        last = {branch: rows[-1] for (branch, purpose), rows in self._latest.items() if purpose == Purpose.PUSHING}
        return {branch: row for branch, row in last.items() if row.choice == Choice.OFF}

    def _left(self, branch: str, purpose: Authority.Purpose) -> list[Authority]:
        """Return the decisions that were not taken back: where none is left, it is as if nobody had decided."""
        left: list[Authority] = []
        for row in self._latest.get((branch, purpose), []):
            below = left[-2].choice if len(left) > 1 else CHOICES[purpose][0]
            if row.undoes and left and row.choice == below:
                left.pop()
            else:
                left.append(row)
        return left

    def branches(self) -> set[str]:
        """Return the branches of which something was decided."""
        return {branch for branch, _ in self._latest}

    def history(self) -> Iterable[Authority]:
        """Return all decisions, the newest first."""
        return sorted((row for rows in self._latest.values() for row in rows), key=lambda row: -row.pk)


def decide(
    branch: str,
    purpose: Authority.Purpose,
    choice: Authority.Choice,
    reason: str,
    by: str,
    now: datetime,
    undoes: bool = False,
) -> Authority:
    """Note a decision; from now on it holds."""
    facts = {"choice": choice, "reason": reason, "by": by, "at": now, "undoes": undoes}
    return Authority.objects.create(branch=branch, purpose=purpose, **facts)


@dataclass(frozen=True)
class Stand:
    """What holds for one purpose."""

    purpose: Authority.Purpose
    choice: Authority.Choice
    decision: Authority | None
    choices: tuple[Authority.Choice, ...]
    before: Authority.Choice | None  # what taking it back would bring


@dataclass(frozen=True)
class BranchStand:
    """What holds for a branch, or for pull requests."""

    branch: str
    stands: list[Stand]

    @property
    def title(self) -> str:
        """Return what is meant."""
        return self.branch or "pull requests"


def stands(decisions: Decisions, now: datetime) -> list[BranchStand]:
    """Return what holds for pull requests, and for each branch with recent builds or a decision: one query."""
    builds = Build.objects.filter(scope=Build.Scope.BRANCH, queued_at__gt=now - RECENT).exclude(branch="")
    recent = builds.order_by("branch").values_list("branch", flat=True).distinct()[:MOST]
    names = ({*recent} | decisions.branches()) - {PULLS}
    ordered = sorted(names, key=lambda name: (name != "master", not name.startswith("release-"), name))
    return [_of(branch, decisions) for branch in (PULLS, *ordered)]


def _of(branch: str, decisions: Decisions) -> BranchStand:
    return BranchStand(branch, [_stand(branch, purpose, decisions) for purpose in Authority.Purpose])


def _stand(branch: str, purpose: Authority.Purpose, decisions: Decisions) -> Stand:
    latest = decisions.latest(branch, purpose)
    before = decisions.before(branch, purpose)
    return Stand(purpose, decisions.choice(branch, purpose), latest, CHOICES[purpose], before)
