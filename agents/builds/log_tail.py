"""The end of a failed job's log → which tests failed, and with what words.

It reads what Flink's jobs print: Maven Surefire (JUnit), pytest (PyFlink) and the end-to-end test runner.

PURE
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

TAIL_LINES = 1500  # of a log: Surefire's summary is followed by the upload of artifacts
MAX_FAILURES = 50  # of a job: beyond that it is not about tests
MAX_NAME = 500
MAX_MESSAGE = 1000

NOISE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|^##\[[a-z]+\]|[\x00-\x08\x0b-\x1f]")
CLOCK = re.compile(r"^(?:[A-Z][a-z]{2} +\d{1,2} \d\d:\d\d:\d\d(?:\.\d+)?|\d\d:\d\d:\d\d(?:[.,]\d+)?) +")
CASE = r"(?:\[[^\]]{0,200}\])?(?:\([^)]{0,200}\))?(?:\[[^\]]{0,200}\])?"  # which case of a parameterized test
# [ERROR] org.apache.flink.FooTest.testBar(int)[2]  Time elapsed: 0.5 s  <<< FAILURE!
# [ERROR] testBar(org.apache.flink.FooTest)  Time elapsed: 0.5 s  <<< FAILURE!  (Surefire before 2.22)
MARKED = re.compile(r"^\[ERROR\] +(\S{1,600}) +(?:-- )?Time elapsed: [^<]{1,40} <<< (?:FAILURE|ERROR)!")
OLDER = re.compile(r"^([\w$]+)(?:\[[^\]]{0,200}\])?\(([\w$]+(?:\.[\w$]+)+)\)$")
NEWER = re.compile(rf"^([\w$]+(?:\.[\w$]+)+){CASE}$")
# [ERROR]   FooTest.testBar:12->Base.check:3 expected: <1> but was: <2>
SUMMED = re.compile(
    rf"^\[ERROR\] {{2,}}(?:Run \d+: )?([A-Z][\w$]*)(?:>[\w$]+)?\.([\w$]+){CASE}(?:(?::\d|->)\S*)?(?: +(.*))?$"
)
PYTHON = re.compile(r"^(?:FAILED|ERROR) +([\w./-]{1,300}\.py::[^\s]{1,200})(?: - (.*))?$")
END_TO_END = re.compile(r"^\[FAIL\] '([^']{1,300})' failed after ([^!]{1,80})!?(.*)$")


@dataclass(frozen=True)
class Failure:
    """One failing test and the first words of why."""

    test: str  # Class.method with its package where told, path::test, or the end-to-end test's title
    message: str


def failing_tests(lines: Iterable[str]) -> list[Failure]:
    """Return the tests that failed, in the order of the log, each once; none when the log names none."""
    cleaned = [CLOCK.sub("", NOISE.sub("", line)).rstrip() for line in lines]
    found: dict[str, Failure] = {}
    for number, line in enumerate(cleaned):
        failure = _read(line, cleaned[number + 1] if number + 1 < len(cleaned) else "")
        if failure and (known := _same(failure.test, found)):
            found[known] = _richer(found[known], failure)  # it keeps its place
        elif failure and len(found) < MAX_FAILURES:
            found[failure.test] = failure
    return list(found.values())


def _read(line: str, following: str) -> Failure | None:
    if (match := MARKED.match(line)) and (name := _qualified(match[1])):
        return _failure(name, following)
    if match := SUMMED.match(line):
        return _failure(f"{match[1]}.{match[2]}", (match[3] or "").removeprefix("» "))
    if match := PYTHON.match(line):
        return _failure(match[1], match[2] or "")
    if match := END_TO_END.match(line):
        return _failure(match[1], f"failed after {match[2]}.{match[3]}")
    return None


def _failure(test: str, message: str) -> Failure:
    return Failure(test[:MAX_NAME], "" if message.startswith("[") else message.strip()[:MAX_MESSAGE])


def _qualified(name: str) -> str:
    """Return package.Class.method without the case of a parameterized test; "" for what names no test."""
    if older := OLDER.match(name):
        return f"{older[2]}.{older[1]}"
    newer = NEWER.match(name)
    return newer[1] if newer else ""


def _same(test: str, found: dict[str, Failure]) -> str | None:
    """Find a test that is already known under its longer or shorter name (the summary leaves out the package)."""
    return next(
        (name for name in found if name == test or name.endswith(f".{test}") or test.endswith(f".{name}")), None
    )


def _richer(one: Failure, other: Failure) -> Failure:
    return Failure(max(one.test, other.test, key=len), one.message or other.message)
