"""What the mirror job remembers: each branch's row, each push as an action, and how both sides answered."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from flinkci_dashboard.clients.git.cache import Commit
from flinkci_dashboard.clients.github.pulls import CommitFacts
from flinkci_dashboard.models import Action
from sync.mirrors.values import BranchFacts, BranchState, KnownBranch, MirrorPlan, Policy, Push
from sync.models import Mirror, MirrorBranch

JOB = "sync_mirrors"
OPEN = (Action.State.PENDING, Action.State.PLANNED)
RECORDED = [field.name for field in MirrorBranch._meta.concrete_fields if field.name not in ("id", "mirror", "name")]
COPIED = ("selected", "reason", "state", "detail", "target_sha", "commits_behind")


class MirrorRecords:
    """The records of one mirror during one pass. Nothing is written that has not changed."""

    def __init__(self, mirror: Mirror, now: datetime) -> None:
        self.mirror, self.now = mirror, now
        self.rows = {row.name: row for row in mirror.branches.all()}
        actions = Action.objects.filter(job=JOB, state__in=OPEN)
        self.open = {action.key: action for action in actions if action.payload.get("mirror") == mirror.pk}

    def policy(self) -> Policy:
        """Return the policy as the admin set it."""
        lists = (self.mirror.always, self.mirror.pinned, self.mirror.excluded)
        always, pinned, excluded = (tuple(text.split()) for text in lists)
        return Policy(always, self.mirror.published_versions, pinned, excluded)

    def known(self) -> dict[str, KnownBranch]:
        """Return what the last pass recorded, by branch."""
        return {name: _known(row) for name, row in self.rows.items()}

    def note_problems(self, source: str, target: str) -> None:
        """Note how the two sides answered; an empty text says that all is well."""
        changed: dict[str, Any] = {}
        for side, problem in (("source", source), ("target", target)):
            before = getattr(self.mirror, f"{side}_problem")
            if problem != before:
                changed[f"{side}_problem"] = problem
            if bool(problem) != bool(before):
                changed[f"{side}_problem_since"] = self.now if problem else None
        for name, value in changed.items():
            setattr(self.mirror, name, value)
        if changed:
            self.mirror.save(update_fields=list(changed))

    def settle_pending(self, heads: Mapping[str, str]) -> int:
        """Settle pushes that a killed pass left open by what the mirror has now; returns how many there were."""
        pending = [action for action in self.open.values() if action.state == Action.State.PENDING]
        for action in pending:
            done = heads.get(action.payload["branch"]) == action.payload["new"]
            found = "has it" if done else "does not have it"
            self._settle(action, done, f"The pass that tried this ended before it knew the answer; the mirror {found}.")
        return len(pending)

    def begin(self, pushes: Iterable[Push], reasons: Mapping[str, str]) -> list[Action]:
        """Record pushes before they are tried."""
        return [self._begin(push, reasons.get(push.branch, "")) for push in pushes]

    def settle(self, actions: Iterable[Action], done: Collection[str], answers: Mapping[str, str]) -> None:
        """Record how tried pushes ended: branches in `done` were moved, the others have their answer."""
        for action in actions:
            branch = action.payload["branch"]
            self._settle(action, branch in done, answers.get(branch, ""))

    def unplanned(self, pushes: Iterable[Push]) -> list[Push]:
        """Return those pushes that observe mode has not recorded as planned yet."""
        return [push for push in pushes if self._key(push) not in self.open]

    def note_planned(self, pushes: Iterable[Push], reasons: Mapping[str, str]) -> None:
        """Record, for observe mode, what would be pushed now."""
        for push in pushes:
            facts = self._facts(push, reasons.get(push.branch, "")) | {"state": Action.State.PLANNED, "attempts": 0}
            action, _ = Action.objects.update_or_create(key=self._key(push), defaults=facts)
            self.open[action.key] = action

    def drop_overtaken(self, pushes: Iterable[Push]) -> None:
        """Forget what observe mode planned and would not do any more."""
        current = {self._key(push) for push in pushes}
        planned = {key: action.pk for key, action in self.open.items() if action.state == Action.State.PLANNED}
        if overtaken := [pk for key, pk in planned.items() if key not in current]:
            Action.objects.filter(pk__in=overtaken).delete()

    def record(
        self, facts: Iterable[BranchFacts], commits: Mapping[str, Commit | CommitFacts], tried: Collection[str]
    ) -> None:
        """Write what this pass found; rows of branches that neither side has any more go."""
        found = {each.branch: each for each in facts}
        before = {name: _values(row) for name, row in self.rows.items()}
        for name, each in found.items():
            row = self.rows.setdefault(name, MirrorBranch(mirror=self.mirror, name=name))
            self._apply(row, each, commits, name in tried)
        new = [row for row in self.rows.values() if not row.pk]
        changed = [row for name, row in self.rows.items() if row.pk and _values(row) != before[name]]
        gone = [row.pk for name, row in self.rows.items() if name not in found]
        if new or changed or gone:
            with transaction.atomic():
                MirrorBranch.objects.bulk_create(new)
                MirrorBranch.objects.bulk_update(changed, RECORDED)
                MirrorBranch.objects.filter(pk__in=gone).delete()

    def record_out_of_reach(self, facts: Iterable[BranchFacts]) -> None:
        """Write that branches are out of reach; all other rows stay."""
        spoken_of = {each.branch: each for each in facts}
        others = [_as_facts(row) for name, row in self.rows.items() if name not in spoken_of]
        self.record([*spoken_of.values(), *others], {}, ())

    def without_commit(self, plan: MirrorPlan) -> set[str]:
        """Return the source heads whose author and subject are not recorded yet."""
        recorded = {row.source_sha for row in self.rows.values() if row.subject}
        return {each.source_sha for each in plan.branches if each.source_sha} - recorded

    def new_heads(self, plan: MirrorPlan) -> set[str]:
        """Return the source heads of mirrored branches that this pass sees for the first time."""
        known = {row.source_sha for row in self.rows.values()}
        return {each.source_sha for each in plan.branches if each.selected and each.source_sha} - known

    def _apply(
        self, row: MirrorBranch, facts: BranchFacts, commits: Mapping[str, Commit | CommitFacts], tried: bool
    ) -> None:
        if row.state != facts.state:
            row.state_since = self.now
        if row.source_sha != facts.source_sha:
            row.source_sha, row.source_seen_at, row.mirrored_at = facts.source_sha, self.now, None
            row.author, row.subject, row.committed_at = "", "", None
        for name in COPIED:
            setattr(row, name, getattr(facts, name))
        if tried:
            row.tried_at = self.now
        if row.mirrored_at is None and facts.state == BranchState.IN_SYNC:
            row.mirrored_at = timezone.now() if tried else self.now
        if commit := commits.get(row.source_sha):
            row.author, row.subject = commit.author[:255], commit.subject[:500]
            row.committed_at = commit.committed_at

    def _begin(self, push: Push, reason: str) -> Action:
        key = self._key(push)
        action = Action.objects.filter(key=key).first() or Action(key=key, attempts=0, created_at=self.now)
        for name, value in self._facts(push, reason).items():
            setattr(action, name, value)
        action.state, action.answer, action.settled_at = Action.State.PENDING, "", None
        action.attempts += 1
        action.save()
        self.open[key] = action
        return action

    def _settle(self, action: Action, done: bool, answer: str) -> None:
        action.state = Action.State.DONE if done else Action.State.FAILED
        action.answer, action.settled_at = answer, timezone.now()
        action.save(update_fields=["state", "answer", "settled_at"])
        self.open.pop(action.key, None)

    def _facts(self, push: Push, reason: str) -> dict[str, Any]:
        return {
            "job": JOB,
            "kind": "reset-branch" if push.reset else "push-branch",
            "subject": f"{self.mirror.target}: {push.branch}"[:255],
            "reason": reason,
            "payload": {"mirror": self.mirror.pk, "branch": push.branch, "old": push.old, "new": push.new},
        }

    def _key(self, push: Push) -> str:
        return f"{'reset' if push.reset else 'push'}:{self.mirror.pk}:{push.old or '-'}:{push.new}:{push.branch}"[:255]


def _known(row: MirrorBranch) -> KnownBranch:
    return KnownBranch(
        BranchState(row.state),
        row.selected,
        row.reason,
        row.detail,
        row.source_sha,
        row.target_sha,
        row.commits_behind,
        row.tried_at,
    )


def _as_facts(row: MirrorBranch) -> BranchFacts:
    state = BranchState(row.state)
    return BranchFacts(
        row.name, row.selected, row.reason, state, row.detail, row.source_sha, row.target_sha, row.commits_behind
    )


def _values(row: MirrorBranch) -> list[Any]:
    return [getattr(row, name) for name in RECORDED]
