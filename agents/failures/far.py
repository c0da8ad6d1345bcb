"""Where the end of a log does not tell why a job failed, what lies before it may: all of it, in a second or two.

RE2 looks through each part for anything that a rule may match; only where one does its lines are read that RE2 finds.
"""

import re
from collections.abc import Iterable
from itertools import islice
from typing import Any

import re2

from agents.failures.causes import Found, cause_of_log
from agents.failures.rules import RULES

CLOSELY = 4  # parts that are read line by line
HITS = 100  # of a part that are looked at
BOUNDED = re.compile(r"\{(\d+),\d*\}\??")
BEGIN = re.compile(r"(?<!\[)\^")
ASSERTION = "(?!"
OPTIONS = re2.Options()
OPTIONS.log_errors = False


def cause_far_back(parts: Iterable[tuple[int, bytes]], found: Found) -> Found:
    """Return the deepest cause that parts of a log tell, else what its end told. Each has its first line's number."""
    read = 0
    for first, coloured in parts:
        part = COLOUR.sub(b"", coloured) if b"\x1b" in coloured else coloured
        if read < CLOSELY and _may_tell(part):
            read += 1
            each = cause_of_log(map(_told, part.split(b"\n")), first)
            found = each if not each.is_weak and each.rank < found.rank else found
    return found


def _may_tell(part: bytes) -> bool:
    """Tell whether one of these lines is such as a rule is for."""
    return any(not cause_of_log([_line(part, hit.end() - 1)]).is_weak for hit in islice(HINT.finditer(part), HITS))


def _told(line: bytes) -> str:
    """Return a line that may tell a cause, or that a test begins or ends; "" of any other."""
    return line.decode(errors="replace") if HINT.search(line) or SCENE.search(line) else ""


def _line(part: bytes, place: int) -> str:
    end = part.find(b"\n", place)
    return part[part.rfind(b"\n", 0, place) + 1 : end if end >= 0 else len(part)].decode(errors="replace")


def hint_of(pattern: str) -> str:
    """Return an expression of RE2 for all lines that a rule matches, and few others, with whatever clock or colour."""
    loose = BOUNDED.sub(lambda repeat: "*" if repeat[1] == "0" else "+", _without_assertions(pattern))
    return BEGIN.sub(r"(?:^|[ \\]m])", loose).replace("$", r"(?:\s|$)")


def _without_assertions(pattern: str) -> str:
    """Leave out what a match must not be followed by: RE2 has no such thing."""
    while (start := pattern.find(ASSERTION)) >= 0:
        depth, end = 1, start + len(ASSERTION)
        while depth:
            depth += {"(": 1, ")": -1}.get(pattern[end], 0) * (pattern[end - 1] != "\\")
            end += 1
        pattern = pattern[:start] + pattern[end:]
    return pattern


COLOUR = re2.compile(rb"\x1b\[[0-9;]*[A-Za-z]")
SCENE = re2.compile(
    rb"\[INFO\] (?:Running|Scanning) |Running '|Tests run: |\[(?:PASS|FAIL)\] '|= test session starts ="
)


def _hint() -> Any:
    shapes = [hint_of(rule.pattern.pattern) for rule in RULES if not (rule.is_weak or rule.of_test)]
    return re2.compile(f"(?m){'|'.join(shapes)}".encode(), OPTIONS)


HINT = _hint()
