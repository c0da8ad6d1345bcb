"""What the mirror job observes and decides, as values. PURE"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

SHA = re.compile("[0-9a-f]{40}")


class BranchState(StrEnum):
    """Where a branch of a mirror stands; `sync.mirrors.plan.MEANINGS` says what each means and what to do."""

    IN_SYNC = "in_sync"
    BEHIND = "behind"
    NEW = "new"
    DIVERGED = "diverged"
    GONE = "gone"
    REJECTED = "rejected"
    UNREACHABLE = "unreachable"
    NOT_AUTHORIZED = "not_authorized"
    NOT_SELECTED = "not_selected"


@dataclass(frozen=True)
class Policy:
    """Which branches are mirrored, as an admin set it."""

    always: tuple[str, ...] = ("master",)
    published_versions: int = 2
    pinned: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    unpushed: Mapping[str, str] = field(default_factory=dict)  # {branch: why}: left as they are until switched on again


@dataclass(frozen=True)
class Selection:
    """Whether the policy selects a branch, and why."""

    branch: str
    selected: bool
    reason: str


@dataclass(frozen=True)
class Relation:
    """How a branch of the mirror relates to the source's; a count is None when it could not be counted."""

    diverged: bool
    ahead: int | None = None  # commits that only the mirror has
    behind: int | None = None  # commits that only the source has


@dataclass(frozen=True)
class Failure:
    """Why a branch could not be carried over; no state when it stays what it was (a full disk, say)."""

    state: BranchState | None
    detail: str


@dataclass(frozen=True)
class Observation:
    """Both sides as they are now: heads and tags {name: SHA}, relations {(mirror SHA, source SHA): Relation}."""

    source: Mapping[str, str]
    tags: Mapping[str, str]
    target: Mapping[str, str]
    relations: Mapping[tuple[str, str], Relation] = field(default_factory=dict)
    failures: Mapping[str, Failure] = field(default_factory=dict)  # of this very pass, by branch


@dataclass(frozen=True)
class KnownBranch:
    """What the last pass recorded about a branch."""

    state: BranchState
    selected: bool = True
    reason: str = ""
    detail: str = ""
    source_sha: str = ""
    target_sha: str = ""
    commits_behind: int | None = None
    due_at: datetime | None = None  # when what the mirror refused is tried again; None when nothing holds it back


@dataclass(frozen=True)
class BranchFacts:
    """What this pass says about a branch. A SHA is empty when that side has no such branch."""

    branch: str
    selected: bool
    reason: str
    state: BranchState
    detail: str = ""
    source_sha: str = ""
    target_sha: str = ""
    commits_behind: int | None = None


@dataclass(frozen=True)
class Push:
    """Move the mirror's branch from `old` (empty: there is none) to `new`; a reset may lose commits, a push never."""

    branch: str
    old: str
    new: str
    reset: bool = False


@dataclass(frozen=True)
class MirrorPlan:
    """What follows from an observation: each branch's facts, what to push, and what must be compared first."""

    branches: tuple[BranchFacts, ...]
    pushes: tuple[Push, ...] = ()
    compare: tuple[BranchFacts, ...] = ()  # fetch and relate these, then plan again

    @property
    def settled(self) -> bool:
        """Tell whether there is nothing to do."""
        return not (self.pushes or self.compare)


@dataclass(frozen=True)
class ResetRequest:
    """An admin's wish to set a diverged branch of a mirror to its source, having seen the mirror's branch at `seen`."""

    target: str  # owner/name
    branch: str
    seen: str  # SHA

    ACT = "reset-branch"  # the act of a JobRequest of sync_mirrors, whose payload holds these facts

    @classmethod
    def of(cls, facts: Mapping[str, object]) -> "ResetRequest | None":
        """Read a payload; None for anything else."""
        names = ("target", "branch", "seen")
        target, branch, seen = (str(facts.get(name) or "") for name in names)
        return cls(target, branch, seen) if target and branch and SHA.fullmatch(seen) else None
