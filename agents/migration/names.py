"""Which job of one service is which of the other: patterns on their names.

Names are read from builds and differ by branch. In GitHub Actions a job of a workflow that another one calls is named
`<caller> / <called>`. A matrix whose jobs were skipped together shows one name that was never filled in. PURE
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

PART = "{part}"  # what both names share, and the group's name too: a module, a number
WILDCARD = "*"
MAX_WILDCARDS = 4  # in one pattern, so that no name takes long to match
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
    """Rules in order: the first that matches a job's name says what it is."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = list(rules)
        self._azure = [(rule, _compiled(rule.azure)) for rule in self._rules if rule.azure]
        self._actions = [(rule, _compiled_call(rule.actions)) for rule in self._rules if rule.actions]

    def of_azure(self, *names: str) -> Place:
        """Place a job by the first of its names (its name, its key) that a rule knows; else it is a group by itself."""
        for rule, pattern in self._azure:
            for name in filter(None, names):
                if found := pattern.fullmatch(name):
                    return _place(rule, found.groupdict().get("part", ""), bool(rule.actions))
        return Place(names[0])

    def of_actions(self, name: str) -> Place:
        """Place a job; else it is a group by itself."""
        caller, called = split(name)
        for rule, (of_caller, of_called) in self._actions:
            left, right = of_caller.fullmatch(caller), of_called.fullmatch(called)
            if left and right:
                part = (left.groupdict() | right.groupdict()).get("part", "")
                return _place(rule, part, bool(rule.azure))
        return Place(name)

    def names(self) -> list[str]:
        """Return the groups as the rules name them, each once."""
        return list(dict.fromkeys(rule.group for rule in self._rules))


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


def of_rule(group: str, rule: str) -> bool:
    """Tell whether a group is one of those that a rule's name stands for."""
    return _compiled(rule).fullmatch(group) is not None


def _compiled_call(pattern: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    caller, called = split(pattern)
    return _compiled(caller), _compiled(called)


def _compiled(pattern: str) -> re.Pattern[str]:
    pieces = re.split(r"(\*|\{part\})", pattern)
    shapes = {WILDCARD: ".*", PART: "(?P<part>.+?)"}
    return re.compile("".join(shapes.get(piece) or re.escape(piece) for piece in pieces), re.DOTALL)
