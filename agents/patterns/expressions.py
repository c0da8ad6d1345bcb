"""Failures that admins describe: a list of regular expressions, each of which matches a line of the log, in order.

RE2 has no backtracking: a line takes time by its length, whatever the expression is (https://github.com/google/re2).
"""

from collections.abc import Iterable, Sequence
from typing import Any

import re2

MAX_LINES, MAX_LENGTH = 10, 500
OPTIONS = re2.Options()
OPTIONS.log_errors = False


class PatternError(ValueError):
    """An expression that is none; the message says which and why."""


def compiled(text: str) -> list[Any]:
    """Return the expressions of a pattern, one a line. Raises PatternError."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise PatternError("Give at least one line.")
    if len(lines) > MAX_LINES:
        raise PatternError(f"{len(lines)} lines are too many: {MAX_LINES} at most.")
    return [_compiled(line, number) for number, line in enumerate(lines, 1)]


def matched_line(expressions: Sequence[Any], lines: Iterable[str]) -> str:
    """Return the line that the first expression matches, where each of the others matches a later one; else ""."""
    first, left = "", list(expressions)
    for line in lines:
        if left and left[0].search(line):
            first = first or line
            left.pop(0)
    return "" if left else first


def _compiled(line: str, number: int) -> Any:
    if len(line) > MAX_LENGTH:
        raise PatternError(f"Line {number} is longer than {MAX_LENGTH} characters.")
    try:
        expression = re2.compile(line, OPTIONS)
    except re2.error as error:
        words = error.args[0] if error.args else ""
        told = words.decode(errors="replace") if isinstance(words, bytes) else str(words)
        raise PatternError(f"Line {number} is no regular expression of RE2: {told}.") from error
    if expression.search(""):
        raise PatternError(f"Line {number} matches everything.")
    return expression
