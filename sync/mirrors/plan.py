"""What to mirror, and what to do about each branch: decisions alone. PURE"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sync.mirrors.values import (
    BranchFacts,
    BranchState,
    KnownBranch,
    MirrorPlan,
    Observation,
    Policy,
    Push,
    Relation,
    ResetRequest,
    Selection,
)

NUMBER = "(0|[1-9][0-9]{0,8})"
RELEASE = re.compile(rf"release-{NUMBER}\.{NUMBER}")
PUBLISHED = re.compile(rf"release-{NUMBER}\.{NUMBER}\.{NUMBER}")
LAGGING = (BranchState.BEHIND, BranchState.NEW)
NOT_YET = "is not published yet."
MAX_NAME = 255  # what a row holds; a longer name follows no rule

Version = tuple[int, int]


@dataclass(frozen=True)
class Meaning:
    """What a state says, and what a person can do about it; no remedy where nothing need be done."""

    meaning: str
    remedy: str = ""


MEANINGS = {
    BranchState.IN_SYNC: Meaning("Source and mirror stand at the same commit."),
    BranchState.BEHIND: Meaning(
        "The source has commits that the mirror does not have yet.",
        "None needed: the next pass pushes them. If it lasts, look at the last run's error on the jobs page.",
    ),
    BranchState.NEW: Meaning(
        "The policy selects it, and the mirror does not have it yet.",
        "None needed: the next pass creates it. If it lasts, look at the last run's error on the jobs page.",
    ),
    BranchState.DIVERGED: Meaning(
        "The mirror has commits that the source does not have, so it can't follow without losing them. "
        "It is left alone.",
        "Find out where they came from. If they may go, an admin resets the branch to the source.",
    ),
    BranchState.GONE: Meaning(
        "The source does not have it. The mirror's branch is never deleted.",
        "If it is really over, delete it on the mirror by hand; if it is pinned, unpin it.",
    ),
    BranchState.REJECTED: Meaning(
        "The mirror refused the push, in the words shown.",
        "Lift what it names (a branch protection, a missing “workflow” scope of the token), then press “Sync now”. "
        "It is tried again by the next pass, then after 2, 10 and 15 minutes, or when either side moves.",
    ),
    BranchState.UNREACHABLE: Meaning(
        "A repository did not answer, so that nothing newer is known.",
        "None needed if it is brief: every pass tries again. If it lasts, check the repository's name, "
        "GITHUB_GIT_URL, the network, and GitHub's status page.",
    ),
    BranchState.NOT_AUTHORIZED: Meaning(
        "A repository refused the token, or wants one.",
        "Store a GitHub token that is valid and may write to the mirror, then press “Sync now”. "
        "It is tried again by the next pass, then after 2, 10 and 15 minutes, or when a side or the token changes.",
    ),
    BranchState.NOT_SELECTED: Meaning(
        "The policy does not select it.", "To mirror it, pin it in the mirror's policy, or lift its exclusion."
    ),
}


def select_branches(branches: Iterable[str], tags: Iterable[str], policy: Policy) -> list[Selection]:
    """Apply the policy to a source's branches: one answer for each that it names or that looks like a release.

    Versions count as numbers (1.9 < 1.10). A version is published when a tag release-X.Y.Z exists. git-repo-sync
    took the three branches that sort last, so that release-japicmp pushed a real one out.
    """
    named = {*policy.always, *policy.pinned, *policy.excluded}
    published = sorted({version for tag in tags if (version := _version(tag, PUBLISHED))}, reverse=True)
    candidates = {name for name in branches if name.startswith("release-") and len(name) <= MAX_NAME} | named
    return [_select(name, published, policy) for name in sorted(candidates, key=_display_order)]


def plan(
    policy: Policy, seen: Observation, known: Mapping[str, KnownBranch], now: datetime, *, forced: bool = False
) -> MirrorPlan:
    """Decide what follows from an observation. Never by force, never a deletion.

    A branch that the mirror refused waits until it is due, unless either side moved or a person waits (`forced`). Where
    the relation of two heads is not known yet, `compare` names the branch: relate it, then plan again.
    """
    facts = tuple(_facts(choice, seen, known, now, forced) for choice in _choices(policy, seen, known))
    facts = tuple(_left_alone(fact, policy) for fact in facts)
    left = {*seen.failures, *policy.unpushed}
    lagging = [fact for fact in facts if fact.state in LAGGING and fact.branch not in left]
    compare = tuple(fact for fact in lagging if fact.target_sha and not fact.commits_behind)
    pushes = tuple(Push(fact.branch, fact.target_sha, fact.source_sha) for fact in lagging if fact not in compare)
    return MirrorPlan(facts, pushes, compare)


def _left_alone(facts: BranchFacts, policy: Policy) -> BranchFacts:
    """Say of a branch that nobody pushes any more why that is."""
    if facts.branch not in policy.unpushed or facts.state not in LAGGING:
        return facts
    return replace(facts, detail=f"Pushing is switched off: {policy.unpushed[facts.branch]}")


def out_of_reach(
    known: Mapping[str, KnownBranch], state: BranchState, detail: str, source: Mapping[str, str] | None = None
) -> tuple[BranchFacts, ...]:
    """Say of each mirrored branch that a side does not answer: it stays as last seen, but for the source's head."""
    return tuple(
        _out_of_reach(branch, before, (source or {}).get(branch, before.source_sha), state, detail)
        for branch, before in known.items()
        if before.selected
    )


def plan_reset(asked: ResetRequest, facts: BranchFacts | None) -> Push | str:
    """Decide on an admin's wish to reset a branch to its source: the push, or the reason why not."""
    if facts is None or not facts.selected:
        return f"{asked.branch} is not mirrored, so it was not reset."
    if facts.target_sha != asked.seen:
        return f"{asked.branch} has moved on the mirror since you looked, so it was not reset. Look at it again."
    if facts.state == BranchState.IN_SYNC:
        return f"{asked.branch} is in sync; there is nothing to reset."
    if facts.state != BranchState.DIVERGED or not facts.source_sha:
        return f"{asked.branch} has not diverged, so it was not reset."
    return Push(asked.branch, facts.target_sha, facts.source_sha, reset=True)


def _out_of_reach(branch: str, before: KnownBranch, source: str, state: BranchState, detail: str) -> BranchFacts:
    behind = before.commits_behind if source == before.source_sha else None
    return BranchFacts(branch, True, before.reason, state, detail, source, before.target_sha, behind)


def _select(name: str, published: list[Version], policy: Policy) -> Selection:
    if name in policy.excluded:
        return Selection(name, False, "Excluded in the policy.")
    if name in policy.always:
        return Selection(name, True, "Always mirrored.")
    if name in policy.pinned:
        return Selection(name, True, "Pinned in the policy.")
    version = _version(name, RELEASE)
    if version is None:
        return Selection(name, False, "Not a release branch: its name is not release-X.Y.")
    return Selection(name, *_select_release(version, published, policy.published_versions))


def _select_release(version: Version, published: list[Version], count: int) -> tuple[bool, str]:
    label = "{}.{}".format(*version)
    if version in published[:count]:
        place = "the most recently published version" if version == published[0] else "a recently published version"
        return True, f"{label} is {place} (of {count} that are kept in step)."
    if version in published:
        return False, f"{label} is published, but {count} newer versions are." if count else f"{label} is published."
    if not published or version > published[0]:
        return True, f"{label} {NOT_YET}"
    return False, f"{label} was never published, and {'{}.{}'.format(*published[0])} is."


def _choices(policy: Policy, seen: Observation, known: Mapping[str, KnownBranch]) -> Iterator[Selection]:
    """Yield every branch to speak of: what the policy answers for, and what only the mirror has left."""
    selections = _selections(policy, seen, known)
    for choice in selections:
        there = choice.branch in seen.source or choice.branch in seen.target
        if there or choice.selected:
            yield choice
    spoken_of = {choice.branch for choice in selections}
    left = {name for name in seen.target if name in known or RELEASE.fullmatch(name)} - spoken_of
    for name in sorted(left, key=_display_order):
        if name in seen.source:
            yield Selection(name, False, "No longer named in the policy.")
        else:
            yield Selection(name, False, "Only the mirror has it.")


def _selections(policy: Policy, seen: Observation, known: Mapping[str, KnownBranch]) -> list[Selection]:
    selections = select_branches(seen.source, seen.tags, policy)
    missing = _tags_are_missing(seen, known)
    return [_as_before(choice, known.get(choice.branch)) for choice in selections] if missing else selections


def _tags_are_missing(seen: Observation, known: Mapping[str, KnownBranch]) -> bool:
    """Tell whether an answer lacks the tags that earlier ones had: then no branch becomes one to mirror, or none."""
    told = any(_version(tag, PUBLISHED) for tag in seen.tags)
    releases = (row.reason for name, row in known.items() if _version(name, RELEASE))
    return not told and any("published" in reason and not reason.endswith(NOT_YET) for reason in releases)


def _as_before(choice: Selection, before: KnownBranch | None) -> Selection:
    if not choice.reason.endswith(NOT_YET):
        return choice
    if before is None:
        return Selection(choice.branch, False, "The source told no published version in this pass.")
    return Selection(choice.branch, before.selected, before.reason)


def _facts(
    choice: Selection, seen: Observation, known: Mapping[str, KnownBranch], now: datetime, forced: bool
) -> BranchFacts:
    source, target = seen.source.get(choice.branch, ""), seen.target.get(choice.branch, "")
    facts = BranchFacts(choice.branch, choice.selected, choice.reason, BranchState.IN_SYNC, "", source, target)
    if not source:
        detail = "" if target else "The mirror does not have it either."
        return replace(facts, state=BranchState.GONE, detail=detail)
    if not choice.selected:
        return replace(facts, state=BranchState.NOT_SELECTED)
    if source == target:
        return replace(facts, commits_behind=0)
    return _lagging_facts(facts, seen, known.get(choice.branch), now, forced)


def _lagging_facts(
    facts: BranchFacts, seen: Observation, before: KnownBranch | None, now: datetime, forced: bool
) -> BranchFacts:
    same = before if before and not forced and _same_heads(before, facts) else None
    relation = _relation(facts, seen, same)
    if diverged := _diverged(facts, relation, same):
        return diverged
    state = BranchState.BEHIND if facts.target_sha else BranchState.NEW
    facts = replace(facts, state=state, commits_behind=relation.behind if relation else None)
    if failure := seen.failures.get(facts.branch):
        return replace(facts, state=failure.state or facts.state, detail=failure.detail)
    if same and _waits(same, now):
        return replace(facts, state=same.state, detail=same.detail)
    return facts


def _diverged(facts: BranchFacts, relation: Relation | None, same: KnownBranch | None) -> BranchFacts | None:
    if relation and relation.diverged:
        detail = _divergence(relation)
        return replace(facts, state=BranchState.DIVERGED, detail=detail, commits_behind=relation.behind)
    if same and same.state == BranchState.DIVERGED and not relation:
        return replace(facts, state=same.state, detail=same.detail, commits_behind=same.commits_behind)
    return None


def _relation(facts: BranchFacts, seen: Observation, same: KnownBranch | None) -> Relation | None:
    """Return how the heads relate: as found in this pass, else as recorded for the very same heads."""
    if found := seen.relations.get((facts.target_sha, facts.source_sha)):
        return found
    return Relation(False, 0, same.commits_behind) if same and _recorded_as_behind(same) else None


def _recorded_as_behind(same: KnownBranch) -> bool:
    return same.state != BranchState.DIVERGED and bool(same.target_sha) and bool(same.commits_behind)


def _waits(same: KnownBranch, now: datetime) -> bool:
    return same.due_at is not None and now < same.due_at


def _same_heads(before: KnownBranch, facts: BranchFacts) -> bool:
    return (before.source_sha, before.target_sha) == (facts.source_sha, facts.target_sha)


def _divergence(relation: Relation) -> str:
    if not relation.ahead:
        return "The mirror's head is not part of the source's history."
    behind = f"; the source has {_commits(relation.behind)} that the mirror does not have" if relation.behind else ""
    return f"The mirror has {_commits(relation.ahead)} that the source does not have{behind}."


def _commits(number: int) -> str:
    return "1 commit" if number == 1 else f"{number:,} commits"


def _version(name: str, pattern: re.Pattern[str]) -> Version | None:
    found = pattern.fullmatch(name)
    return (int(found[1]), int(found[2])) if found else None


def _display_order(name: str) -> tuple:
    """Order branches as people read them: others by name, then releases, the newest first."""
    if version := _version(name, RELEASE):
        return (1, -version[0], -version[1], name)
    return (2 if name.startswith("release-") else 0, 0, 0, name)
