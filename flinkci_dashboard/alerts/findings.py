"""What is wrong: findings, the rules that make them, and how causes take their children in. PURE"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from flinkci_dashboard.web.durations import Lasting


class Severity(StrEnum):
    """How much a finding should worry."""

    BAD = "bad"  # something does not work: somebody should act now
    WARN = "warn"  # it will not work for long, or works badly
    INFO = "info"  # to be known by those who asked for it; no page and no channel worries about it


RANK = {severity: place for place, severity in enumerate(Severity)}  # the worst first
# What can be a cause, by the first word of its topic: the deepest first. A cause is folded under a deeper one only.
CAUSES = ("worker", "token", "host", "service", "job", "pool")


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong. `text` is a sentence without its full stop; {time} in it is how long it has been so."""

    rule: str
    subject: str
    severity: Severity
    text: str
    since: datetime | None = None  # None: since it was first found
    url: str = ""  # a page of ours
    area: str = ""  # a `models.Area`: whom to ask
    ends_when: str = ""
    cause_of: tuple[str, ...] = ()  # topics that nothing can be said about while this lasts: "service:azure"
    under: tuple[str, ...] = ()  # topics that this depends on
    tags: tuple[str, ...] = ()  # what people subscribe to: "branch:master", "component:Runtime"
    holder: int | None = None  # the contact who answers for this very thing, before those of the area
    judged_at: datetime | None = None  # when the pass began that it tells of; a cause that lasted longer may be why

    @property
    def says(self) -> Lasting:
        """Return the sentence, and since when it is true."""
        return Lasting(self.text, self.since)

    @property
    def key(self) -> str:
        """Return what stays the same while it lasts."""
        return f"{self.rule}:{self.subject}"


@dataclass(frozen=True)
class Rule:
    """A rule that findings come from. Admins change its limits, and how long an alert may wait for somebody."""

    name: str
    title: str
    limit: float | None = None
    unit: str = ""  # of the limit: "minutes", "hours", "percent", "runs", "labels"
    second: float | None = None  # another limit, such as from where on it is bad, not only worth a look
    second_unit: str = ""  # what that is: "seconds until it is failing"
    least: float = 0  # that both may be
    acknowledge: int | None = None  # minutes until the backup contact is told; None: never


@dataclass(frozen=True)
class Limits:
    """The limits in force, by rule; a rule that an admin switched off finds nothing."""

    rules: Mapping[str, Rule]
    off: frozenset[str] = frozenset()

    def __getitem__(self, rule: str) -> float:
        """Return a rule's limit, in the rule's unit."""
        return self.rules[rule].limit or 0

    def second(self, rule: str) -> float:
        """Return a rule's second limit, in its own unit."""
        return self.rules[rule].second or 0

    def length(self, rule: str) -> timedelta:
        """Return a rule's limit as a length of time; its unit is minutes, hours or days."""
        return timedelta(**{self.rules[rule].unit: self[rule]})


@dataclass(frozen=True)
class Case:
    """One cause, with everything that is folded under it."""

    finding: Finding
    folded: tuple[Finding, ...] = ()


def fold(findings: Iterable[Finding]) -> list[Case]:
    """Put each finding under the deepest cause that explains it; the causes that remain, the worst first."""
    found = list(findings)
    parents = {finding.key: _parent(finding, found) for finding in found}
    folded: dict[str, list[Finding]] = {}
    for finding in found:
        if parent := parents[finding.key]:
            folded.setdefault(_root(parent, parents).key, []).append(finding)
    roots = [finding for finding in found if parents[finding.key] is None]
    return [Case(root, tuple(sorted(folded.get(root.key, []), key=order))) for root in sorted(roots, key=order)]


def order(finding: Finding) -> tuple[int, int, str]:
    """Sort the worst first, then the deepest cause, then by name."""
    return RANK[finding.severity], _depth(finding), finding.key


def _parent(finding: Finding, found: list[Finding]) -> Finding | None:
    topics = set(finding.under)
    causes = [each for each in found if topics.intersection(each.cause_of) and _depth(each) < _depth(finding)]
    return min(causes, key=_depth, default=None)


def _root(finding: Finding, parents: Mapping[str, Finding | None]) -> Finding:
    while parent := parents[finding.key]:
        finding = parent
    return finding


def _depth(finding: Finding) -> int:
    kinds = [topic.partition(":")[0] for topic in finding.cause_of]
    return min((CAUSES.index(kind) for kind in kinds if kind in CAUSES), default=len(CAUSES))
