"""What the mirror job remembers of a mirror: each branch's row, and how both sides answered."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from agents.builds.commits import remember
from agents.migration.authority import Decisions
from flinkci_dashboard.clients.github.reading import CommitFacts
from flinkci_dashboard.models.writing import Changes
from sync.mirrors.values import BranchFacts, BranchState, KnownBranch, MirrorPlan, Policy, Push
from sync.models import Mirror, MirrorBranch

COPIED = ("selected", "reason", "state", "detail", "target_sha", "commits_behind")
REFUSED = (MirrorBranch.State.REJECTED, MirrorBranch.State.NOT_AUTHORIZED)


class MirrorRows:
    """The rows of one mirror during one pass. Nothing is written that has not changed."""

    def __init__(self, mirror: Mirror, now: datetime) -> None:
        self.mirror, self.now = mirror, now
        self.rows = {row.name: row for row in mirror.branches.all()}
        self._unpushed = Decisions().unpushed()

    def policy(self) -> Policy:
        """Return the policy as the admin set it."""
        lists = (self.mirror.always, self.mirror.pinned, self.mirror.excluded)
        always, pinned, excluded = (tuple(text.split()) for text in lists)
        unpushed = {branch: row.reason for branch, row in self._unpushed.items()}
        return Policy(always, self.mirror.published_versions, pinned, excluded, unpushed)

    def known(self, due: Mapping[str, datetime] | None = None) -> dict[str, KnownBranch]:
        """Return what the last pass recorded, by branch; `due` says when a refused one is tried again."""
        return {name: _known(row, (due or {}).get(name)) for name, row in self.rows.items()}

    def refused(self) -> list[Push]:
        """Return the pushes that the mirror refused, as the last pass tried them."""
        return [Push(row.name, row.target_sha, row.source_sha) for row in self.rows.values() if row.state in REFUSED]

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

    def record(
        self, facts: Iterable[BranchFacts], histories: Mapping[str, Sequence[CommitFacts]], tried: Collection[str]
    ) -> None:
        """Write what this pass found; rows of branches that neither side has any more go.

        `histories` has for heads the commits up to them, the newest first.
        """
        found = {each.branch: each for each in facts}
        changes = Changes[MirrorBranch]()
        for name, each in found.items():
            row = self.rows.setdefault(name, MirrorBranch(mirror=self.mirror, name=name))
            changes.put(row, self._values(row, each, histories.get(each.source_sha, ()), name in tried))
        gone = [row.pk for name, row in self.rows.items() if name not in found]
        if changes or gone:
            with transaction.atomic():
                changes.write()
                MirrorBranch.objects.filter(pk__in=gone).delete()

    def record_out_of_reach(self, facts: Iterable[BranchFacts]) -> None:
        """Write that branches are out of reach; all other rows stay."""
        spoken_of = {each.branch: each for each in facts}
        others = [_as_facts(row) for name, row in self.rows.items() if name not in spoken_of]
        self.record([*spoken_of.values(), *others], {}, ())

    def without_commit(self, plan: MirrorPlan) -> dict[str, str]:
        """Return {source head whose author and subject are not recorded yet: the recorded one that it follows}.

        "" where there is none, or where branches with that head followed different ones.
        """
        known = {row.source_sha for row in self.rows.values() if row.subject}
        before = {name: row.source_sha for name, row in self.rows.items() if row.subject and row.selected}
        found: dict[str, set[str]] = defaultdict(set)
        for each in plan.branches:
            if each.source_sha and each.source_sha not in known:
                found[each.source_sha].add(before.get(each.branch, ""))
        return {head: shas.pop() if len(shas) == 1 else "" for head, shas in found.items()}

    def new_heads(self, plan: MirrorPlan) -> set[str]:
        """Return the source heads of mirrored branches that this pass sees for the first time."""
        known = {row.source_sha for row in self.rows.values()}
        return {each.source_sha for each in plan.branches if each.selected and each.source_sha} - known

    def _values(
        self, row: MirrorBranch, facts: BranchFacts, history: Sequence[CommitFacts], tried: bool
    ) -> dict[str, Any]:
        values: dict[str, Any] = {name: getattr(facts, name) for name in COPIED}
        moved = row.source_sha != facts.source_sha
        if row.state != facts.state:
            values["state_since"] = self.now
        if moved:
            values |= {"source_sha": facts.source_sha, "source_seen_at": self.now, "mirrored_at": None}
            values |= {"author": "", "subject": "", "committed_at": None}
        if tried:
            values["tried_at"] = self.now
        if (moved or row.mirrored_at is None) and facts.state == BranchState.IN_SYNC:
            values["mirrored_at"] = timezone.now() if tried else self.now
        if history:
            values |= {"author": history[0].author[:255], "subject": history[0].subject[:500]}
            values["committed_at"] = history[0].committed_at
            if facts.selected:
                remember(facts.branch, history[::-1])
        return values


def _known(row: MirrorBranch, due: datetime | None) -> KnownBranch:
    return KnownBranch(
        BranchState(row.state),
        row.selected,
        row.reason,
        row.detail,
        row.source_sha,
        row.target_sha,
        row.commits_behind,
        due,
    )


def _as_facts(row: MirrorBranch) -> BranchFacts:
    state = BranchState(row.state)
    return BranchFacts(
        row.name, row.selected, row.reason, state, row.detail, row.source_sha, row.target_sha, row.commits_behind
    )
