"""The builds that two services made of one commit → a row for each group of jobs. PURE"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from agents.migration.agreement import Agreement, BuildSeen, JobSeen, Verdict, agreement, by_tests, of_jobs, silence
from agents.migration.names import JobMap, Place, matches
from agents.migration.reasons import Why, reasons

BRIEF, LONG = 180, 10  # seconds in which no tests run, and how many times as long they take at the least
NIGHTLY, OTHER = "nightly", "docs"  # in the names of workflows that are not what a push starts


@dataclass(frozen=True)
class Named:
    """What tells which of several builds of a commit is meant: its pipeline's or workflow's name, and its reason."""

    id: int
    name: str
    scheduled: bool
    queued_at: datetime | None

    @property
    def kind(self) -> int:
        """Return 0 for what a push starts, 1 for a nightly build, 2 for what checks documents alone."""
        name = self.name.lower()
        if self.scheduled or NIGHTLY in name:
            return 1
        return 2 if OTHER in name else 0


@dataclass(frozen=True)
class Side:
    """What one service says of a group of jobs. Times are seconds: the longest wait, and all jobs' work together."""

    verdict: Verdict
    names: tuple[str, ...] = ()
    wait: int | None = None
    seconds: int | None = None
    tests: tuple[str, ...] = ()  # that failed
    causes: tuple[str, ...] = ()
    flaked: bool = False
    silence: tuple[Why, ...] = ()  # why it says nothing

    @property
    def is_there(self) -> bool:
        """Tell whether it has such jobs at all."""
        return bool(self.names)


ABSENT = Side(Verdict.NONE)


@dataclass(frozen=True)
class GroupPair:
    """A group of jobs on both services."""

    group: str
    azure: Side
    actions: Side
    agreement: Agreement
    why: tuple[Why, ...] = ()  # they differ, or say nothing, as far as that is known
    mapped: bool = True  # the job map has a counterpart for Azure's jobs, whether or not it ran

    @property
    def has_both(self) -> bool:
        """Tell whether both services have such jobs."""
        return self.azure.is_there and self.actions.is_there


@dataclass
class _Group:
    azure: list[JobSeen] = field(default_factory=list)
    actions: list[JobSeen] = field(default_factory=list)
    gaps: frozenset[str] = frozenset()
    mapped: bool = True

    @property
    def sides(self) -> list[Side]:
        """Return what both services say."""
        return [_side(jobs) if jobs else ABSENT for jobs in (self.azure, self.actions)]


def primary(azure: Sequence[Named], actions: Sequence[Named]) -> tuple[int, int]:
    """Return the two builds that stand for a commit: of a kind that both have (pushes first), the latest ones."""
    common = {each.kind for each in azure} & {each.kind for each in actions}
    return _chosen(azure, common), _chosen(actions, common)


def pair_groups(
    azure: Iterable[BuildSeen],
    actions: Iterable[BuildSeen],
    jobs: JobMap,
    known: Collection[str],
    fork: bool,
    docs: bool = False,
) -> list[GroupPair]:
    """Compare the builds of one commit by groups of jobs, in the order in which Azure shows them.

    `known` are tests that a ticket names; `fork` tells that Actions ran in a fork, `docs` that documentation alone was
    changed: then nothing but its own check says anything.
    """
    groups: dict[str, _Group] = defaultdict(_Group)
    everywhere: list[tuple[Place, JobSeen]] = []
    for job in _jobs(azure):
        place = jobs.of_azure(job.name, job.key)
        groups[place.group].azure.append(job)
        groups[place.group].gaps |= place.gaps
        groups[place.group].mapped = place.has_counterpart
    for job in _jobs(actions):
        place = jobs.of_actions(job.name)
        if place.everywhere:
            everywhere.append((place, job))
        else:
            groups[place.group].actions.append(job)
            groups[place.group].gaps |= place.gaps
    for place, job in everywhere:
        for name in [name for name in groups if matches(place.group, name)]:
            groups[name].actions.append(job)
    return [_pair(name, group, known, fork, docs and OTHER not in name) for name, group in groups.items()]


def _jobs(builds: Iterable[BuildSeen]) -> list[JobSeen]:
    return [job for build in builds for job in build.jobs]


def _chosen(builds: Sequence[Named], common: Collection[int]) -> int:
    kind = min(common) if common else min(each.kind for each in builds)
    of_kind = [each for each in builds if each.kind == kind]
    return max(of_kind, key=lambda each: (each.queued_at.timestamp() if each.queued_at else 0.0, each.id)).id


def _pair(name: str, group: _Group, known: Collection[str], fork: bool, idle: bool) -> GroupPair:
    azure, actions = group.sides
    azure, actions = (_heard(*each, idle) for each in ((azure, actions), (actions, azure)))
    agreed = agreement(azure.verdict, actions.verdict)
    if azure.verdict == actions.verdict == Verdict.FAILED:
        agreed = by_tests(azure.tests, actions.tests)
    why: tuple[Why, ...] = ()
    if agreed is Agreement.DIFFER:
        why = _why_differ(azure, actions, group.gaps, known, fork)
    elif agreed is Agreement.NONE and azure.is_there and actions.is_there:
        why = tuple(dict.fromkeys(each for side in (azure, actions) for each in side.silence))
    return GroupPair(name, azure, actions, agreed, why, group.mapped)


def _heard(side: Side, other: Side, idle: bool) -> Side:
    """Return what a side says, taken together with the other; what passed without testing says nothing."""
    reason = Why.DOCS if idle else Why.LEFT_OUT if _did_nothing(side, other) else None
    return replace(side, verdict=Verdict.NONE, silence=(reason,)) if reason else side


def _why_differ(
    azure: Side, actions: Side, gaps: Collection[str], known: Collection[str], fork: bool
) -> tuple[Why, ...]:
    red = [side for side in (azure, actions) if side.verdict is Verdict.FAILED]
    causes = {cause for side in red for cause in side.causes}
    tests = {test for side in red for test in side.tests}
    return tuple(reasons(causes, tests, known, gaps, fork))


def _did_nothing(side: Side, other: Side) -> bool:
    """Tell a side that passed in no time what takes the other long: it left its tests out, as for documentation."""
    if side.verdict is not Verdict.PASSED or side.seconds is None or other.seconds is None:
        return False
    return side.seconds < BRIEF and other.seconds > LONG * max(side.seconds, BRIEF / 2)


def _side(jobs: Sequence[JobSeen]) -> Side:
    waits = [job.wait for job in jobs if job.wait is not None]
    worked = [job.seconds for job in jobs if job.seconds is not None]
    return Side(
        verdict=of_jobs(jobs),
        names=tuple(job.name for job in jobs),
        wait=max(waits, default=None),
        seconds=sum(worked) if worked else None,
        tests=_all(job.tests for job in jobs),
        causes=_all([job.cause] for job in jobs if job.failed and job.cause),
        flaked=any(job.flaked for job in jobs),
        silence=silence(jobs),
    )


def _all(lists: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return tuple(sorted({each for values in lists for each in values}))
