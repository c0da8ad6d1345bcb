"""Which job of one service is which of the other: patterns on their names.

Names are read from builds and differ by branch. In GitHub Actions a job of a workflow that another one calls is named
`<caller> / <called>`. A matrix whose jobs were skipped together shows one name that was never filled in. PURE
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

PART = "{part}"  # what both names share, and the group's name too: a module, a number
WILDCARD = "*"
MAX_WILDCARDS = 4  # in one pattern: who reads it should see what it means
CALLS = " / "  # between a caller's name and what it calls
UNFILLED = "${{"


@dataclass(frozen=True)
class Rule:
    """A group of jobs: patterns of its names on both services, "" where one has no counterpart.

    `*` stands for anything, `{part}` for what names of both sides and the group's name share.
    """

    group: str
    azure: str = ""
    actions: str = ""
    gaps: frozenset[str] = frozenset()  # `reasons.Gap`: in what the two are known to differ


@dataclass(frozen=True)
class Place:
    """Where a job belongs. `everywhere`: it stands for all groups of its rule, whatever their parts."""

    group: str
    gaps: frozenset[str] = frozenset()
    has_counterpart: bool = False
    everywhere: bool = False


class JobMap:
    """Rules in order: the first that matches a job's name says what it is. What was asked once is kept."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = list(rules)
        self._azure = [(rule, Pattern(rule.azure)) for rule in self._rules if rule.azure]
        self._actions = [(rule, _of_call(rule.actions)) for rule in self._rules if rule.actions]
        self._placed: dict[tuple[str, ...], Place] = {}
        self._called: dict[str, Place] = {}

    def of_azure(self, name: str, key: str = "") -> Place:
        """Place a job by its name, or by its key and the last part of it; else it is a group by itself."""
        if (name, key) not in self._placed:
            self._placed[name, key] = self._of_azure(name, key.rpartition(".")[2], key)
        return self._placed[name, key]

    def of_actions(self, name: str) -> Place:
        """Place a job; else it is a group by itself."""
        if name not in self._called:
            self._called[name] = self._of_actions(name)
        return self._called[name]

    def names(self) -> list[str]:
        """Return the groups as the rules name them, each once."""
        return list(dict.fromkeys(rule.group for rule in self._rules))

    def _of_azure(self, *names: str) -> Place:
        for rule, pattern in self._azure:
            for name in filter(None, names):
                if (part := pattern.part_of(name)) is not None:
                    return _place(rule, part, bool(rule.actions))
        return Place(names[0])

    def _of_actions(self, name: str) -> Place:
        caller, called = split(name)
        for rule, (of_caller, of_called) in self._actions:
            left, right = of_caller.part_of(caller), of_called.part_of(called)
            if left is not None and right is not None:
                return _place(rule, left or right, bool(rule.azure))
        return Place(name)


class Pattern:
    """What names look like. Matching takes time in proportion to a name, whoever made it up."""

    def __init__(self, text: str) -> None:
        first, *others = re.split(r"(\*|\{part\})", text)
        self._first = first
        self._rest = list(zip(others[::2], others[1::2], strict=True))  # a wildcard, and what stands behind it

    def part_of(self, name: str) -> str | None:
        """Return what `{part}` stands for in a name, "" where the pattern has none; None where the name is another.

        Each wildcard but the last takes as little as it can: if any way to match leaves enough behind, that one does.
        """
        if not self._rest:
            return "" if name == self._first else None
        if not name.startswith(self._first):
            return None
        at, part = len(self._first), ""
        for place, (wildcard, behind) in enumerate(self._rest, 1):
            least = at + (wildcard == PART)
            end = len(name) - len(behind) if place == len(self._rest) else name.find(behind, least)
            if end < least or not name.startswith(behind, end):
                return None
            part = name[at:end] if wildcard == PART else part
            at = end + len(behind)
        return part


def split(name: str) -> tuple[str, str]:
    """Return the caller's name, "" where none called, and the called job's own."""
    caller, called, rest = name.partition(CALLS)
    return (caller, rest) if called else ("", name)


def problem_of(pattern: str) -> str:
    """Say what is wrong with a pattern; "" when nothing is."""
    if pattern.count(WILDCARD) > MAX_WILDCARDS:
        return f"A pattern holds at most {MAX_WILDCARDS} wildcards."
    if pattern.count(PART) > 1:
        return f"{PART} may stand once in a pattern."
    return ""


def _place(rule: Rule, part: str, has_counterpart: bool) -> Place:
    if UNFILLED in part:
        return Place(rule.group, rule.gaps, has_counterpart, everywhere=True)
    return Place(rule.group.replace(PART, part), rule.gaps, has_counterpart)


def _of_call(pattern: str) -> tuple[Pattern, Pattern]:
    caller, called = split(pattern)
    return Pattern(caller), Pattern(called)


def matches(pattern: str, name: str) -> bool:
    """Tell whether a name looks like a pattern."""
    return Pattern(pattern).part_of(name) is not None
