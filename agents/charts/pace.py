"""Has a job or a test got slower? Only successes count; and does a job sit idle at its end?

The rule keeps from crying wolf: the median of the last three runs stands against that of the 24 before, by at least a
quarter and by six minutes, and each of the three is over that. PURE
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from agents.failures.match import in_one_form, name_of

LAST, BEFORE = 3, 24  # runs
SHARE, LEAST = 0.25, 360.0  # of the usual length, and seconds
DAY = 86_400
# [INFO] Tests run: 3, Failures: 0, Errors: 0, Skipped: 1, Time elapsed: 1,041.3 s -- in org.apache.flink.FooTest
OF_CLASS = re.compile(
    r"^\[(?:INFO|WARNING)\] Tests run: [1-9]\d{0,6}, Failures: 0, Errors: 0, Skipped: \d{1,7}(?:, Flakes: \d{1,7})?, "
    r"Time elapsed: ([\d.,]{1,15}) s -{1,2} in ([\w$.]{1,255})$"
)
# [PASS] 'Resuming Savepoint end-to-end test' passed after 3 minutes and 2 seconds! Test exited with exit code 0.
END_TO_END = re.compile(r"^\[PASS\] '(.{1,255}?)' passed after (\d{1,5}) minutes and (\d{1,2}) seconds")
# 64.15s call     pyflink/table/tests/test_udf.py::UdfTests::test_open[a b] – the slowest twenty of each part
OF_PYTEST = re.compile(r"^(\d{1,6}\.\d\d)s (?:setup|call|teardown) +([\w./-]{1,150}\.py::[^\s\[]{1,100})(\[.{0,300})?$")
PYTEST_FAILED = re.compile(r"^(?:FAILED|ERROR) +([\w./-]{1,300}\.py::[^\s\[]{1,200})")
IDLE = 600  # seconds without a result at a job's end that are worth a look
CLOCK = re.compile(r"(?:^|[ T])(\d{2}):(\d{2}):(\d{2})(?:[.,]\d{1,7})?Z?(?= |$)")
# What says that a test, or a module's tests, have come to their end.
RESULT = re.compile(
    r"Tests run: \d+, |\[(?:PASS|FAIL)\] '|^.{0,60}(?:PASSED|FAILED) +\[ *\d+%\]|BUILD (?:SUCCESS|FAILURE)"
    r"|= .{0,80}\b\d+ passed\b|congratulations :\)"
)


@dataclass(frozen=True)
class Slower:
    """How long a job ran usually, and runs lately: seconds, by the medians."""

    usual: float
    lately: float


def slower(seconds: Sequence[float]) -> Slower | None:
    """Judge the seconds of a job's successful runs, the newest last; None where it is not, or little is known."""
    if len(seconds) < LAST + BEFORE:
        return None
    last, usual = seconds[-LAST:], median(seconds[-LAST - BEFORE : -LAST])
    over = usual + max(usual * SHARE, LEAST)
    return Slower(usual, median(last)) if min(last) >= over else None


def passed_in(lines: Iterable[str]) -> dict[str, float]:
    """Return {class, end-to-end or Python test: seconds} of those that passed, by a log without clocks and colours.

    Surefire tells how long a class took, not a method; of a class that ran in several jobs the longest time counts.
    pytest tells its slowest tests each, what they set up and tear down apart; of several cases the longest counts.
    """
    found: dict[str, float] = {}
    cases: dict[tuple[str, str], float] = {}
    failed = set()
    for line in lines:
        if told := OF_CLASS.match(line):
            found[told[2]] = max(_number(told[1]), found.get(told[2], 0.0))
        elif told := END_TO_END.match(line):
            found[told[1]] = 60.0 * int(told[2]) + int(told[3])
        elif told := OF_PYTEST.match(line):
            case = (_key(told[2]), told[3] or "")
            cases[case] = cases.get(case, 0.0) + float(told[1])
        elif told := PYTEST_FAILED.match(line):
            failed.add(_key(told[1]))
    for (key, _), seconds in cases.items():
        if key not in failed:
            found[key] = max(round(seconds, 2), found.get(key, 0.0))
    return found


def idle_end(lines: Iterable[str]) -> int | None:
    """Return the seconds between the last result of a test in a job's log and its last line; None without either.

    The lines bear a clock of the day, which may have passed midnight.
    """
    result = end = None
    for line in lines:
        if (at := _clock(line)) is not None:
            end = at
            if RESULT.search(line[:400]):
                result = at
    return (end - result) % DAY if end is not None and result is not None else None


def _key(test: str) -> str:
    return name_of(in_one_form(test)).key


def _number(words: str) -> float:
    try:
        return float(words.replace(",", ""))
    except ValueError:
        return 0.0


def _clock(line: str) -> int | None:
    found = CLOCK.search(line[:60])
    if not found:
        return None
    hours, minutes, seconds = map(int, found.groups())
    return hours * 3600 + minutes * 60 + seconds if hours < 24 and minutes < 60 and seconds < 60 else None
