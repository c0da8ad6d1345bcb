"""The end of a failed job's log → which tests failed, and with what words.

It reads what Flink's jobs print: Maven Surefire (JUnit), pytest (PyFlink) and the end-to-end test runner. All cases of
a parameterized test are one test. Every line is read in time that grows with its length alone. PURE
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import pairwise

from agents.failures.match import in_one_form

TAIL_LINES = 1500  # of a log: Surefire's summary is followed by the upload of artifacts
MAX_FAILURES = 50  # of a job: beyond that it is not about tests
MAX_NAME = 500
MAX_MESSAGE = 1000
MAX_CASE = 200
MAX_LINE = 2000  # of a line's characters are looked at

NOISE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|^##\[[a-z]+\]|[\x00-\x08\x0b-\x1f]")
CLOCK = r"(?:[A-Z][a-z]{2} +\d{1,2} |\d{4}-\d\d-\d\d[ T])?\d\d:\d\d:\d\d(?:[.,]\d+)?Z? +"
CLOCKS = re.compile(rf"^(?:{CLOCK}){{1,3}}")  # Flink's watched steps put one of their own before Maven's
NAME = re.compile(r"[\w$]+(?:[.>][\w$]+)*")
NUMBERED = re.compile(r"(?:\([^()]{0,300}\))? ?\[\d{1,6}\](?: |$)")  # (String, int)[1] with its values behind it
BRACKETS = {"[": "]", "(": ")", "{": "}"}
ELAPSED = "Time elapsed:"
ENDED_BADLY = re.compile(r" <<< (?:FAILURE|ERROR)!")
# [ERROR] Tests run: 3, Failures: 1, … Time elapsed: 1.2 s <<< FAILURE! -- in org.apache.flink.FooTest
OF_CLASS = re.compile(r"^\[[A-Z]+\] Tests run: [^<]{1,120}(?:<<< (?:FAILURE|ERROR)! )?-{1,2} in ([\w$.]{1,400})$")
RUNNING = re.compile(r"^\[INFO\] Running ([\w$.]{1,400})$")
SECTION = re.compile(r"^\[[A-Z]+\] (Failures|Errors|Flakes|Crashed tests): *$")
SECTION_ENDS = re.compile(r"^\[[A-Z]+\] (?:Tests run:|Results ?:)")
LISTED = re.compile(r"^\[[A-Z]+\] ([\w$]+(?:\.[\w$]+)+)(.{0,600})$")  # a name alone, as in "Flakes:"
# [ERROR]   FooTest.testBar:12->Base.check:3 expected: <1> but was: <2>
SUMMED = re.compile(r"^\[ERROR\] {2,}(?:Run \d+: )?([A-Z].*)$")
WHERE = re.compile(r"(?::\d|->)\S*")
EXIT_CODE = re.compile(r"^\[ERROR\] Process Exit Code: (\d{1,5})$")
PYTHON = re.compile(r"^(?:FAILED|ERROR) +([\w./-]{1,300}\.py(?:::[^\s\[]{1,200})?)(?=[\s\[]|$)(.*)$")
END_TO_END = re.compile(r"^\[FAIL\] '(.{1,300}?)' failed after ([^!]{1,80})!?(.*)$")
# \tat org.apache.flink.FooTest.testBar(FooTest.java:118): with which package a class is called
FRAME = re.compile(
    r"^\s{0,8}at (?:app//)?((?:[a-z]\w{0,60}\.){2,20}([A-Z]\w{0,200}))[.$][\w$.<>]{1,200}\(\2\.(?:java|scala):\d+\)$"
)


@dataclass(frozen=True)
class Failure:
    """One failing test and the first words of why."""

    test: str  # Class.method with its package where told, or the end-to-end test's title
    message: str
    case: str = field(default="", compare=False)  # of a parameterized test, as it was told: "(String, int)[2]"


def failing_tests(lines: Iterable[str]) -> list[Failure]:
    """Return the tests that failed, in the order of the log, each once; none when the log names none.

    A test that passed when it was run again is no failure; the class in which a forked VM crashed is one.
    """
    cleaned = [plain(line[:MAX_LINE]) for line in lines]
    log = _Log()
    for line, following in pairwise([*cleaned, ""]):
        log.read(line, following)
    return log.failures()


def plain(line: str) -> str:
    """Return a line of a log without its colours, its clocks, and the mark by which the service colours it."""
    return NOISE.sub("", CLOCKS.sub("", NOISE.sub("", line))).rstrip()


def without_case(name: str) -> str:
    """Return a test's name without which case of a parameterized test it is: `FooTest.testX(int)[2]` → `FooTest.testX`.

    What stands behind the brackets stays: a name may be a title in plain words.
    """
    found = NAME.match(name)
    if found is None or not found[0].rpartition(".")[2]:
        return name
    return found[0] if _is_case(name, found.end()) else name


def case_of(name: str) -> str:
    """Return what `without_case` leaves out of a name: `(int)[2]`."""
    return name[len(without_case(name)) :][:MAX_CASE]


def with_case(before: str, case: str) -> str:
    """Add a case to those that are known of a test, as far as there is room."""
    if not case or case in before:
        return before
    both = f"{before}, {case}" if before else case
    return both if len(both) <= MAX_CASE else before


class _Log:
    """What has been read of a log so far."""

    def __init__(self) -> None:
        self._found: dict[str, Failure] = {}
        self._summed: set[str] = set()  # tests that a summary lists as failed
        self._flaky: set[str] = set()
        self._classes: dict[str, str] = {}  # by simple name, with the package
        self._class = ""  # the one whose tests are being told
        self._section = ""  # of a summary
        self._exit_code = ""

    def read(self, line: str, following: str) -> None:
        """Read one line; some tell only with the next one why."""
        if self._is_about_classes(line) or self._is_about_sections(line):
            return
        if self._section == "Flakes":
            self._note_flaky(line)
        elif ELAPSED in line:
            self._read_marked(line, following)
        elif found := SUMMED.match(line):
            self._read_summed(found[1])
        elif self._section and (found := LISTED.match(line)):
            self._read_listed(found[1], found[2])
        elif self._section == "Crashed tests":
            self._section = ""
        elif failure := _read_python(line) or _read_end_to_end(line):
            self._add(failure)
        elif found := FRAME.match(line):
            self._classes.setdefault(found[2], found[1])

    def failures(self) -> list[Failure]:
        """Return what has failed for good. What told a class's package may have come after the test."""
        flaky = self._flaky - self._summed
        lasting = [failure for name, failure in self._found.items() if name not in flaky]
        named = {(name := self._with_package(failure.test)): replace(failure, test=name) for failure in lasting[::-1]}
        return list(named.values())[::-1]

    def _with_package(self, test: str) -> str:
        first, dot, rest = test.partition(".")
        return f"{self._classes.get(first, first)}{dot}{rest}"

    def _is_about_classes(self, line: str) -> bool:
        found = OF_CLASS.match(line) or RUNNING.match(line)
        if found:
            self._class = found[1]
            self._classes[found[1].rpartition(".")[2]] = found[1]
        return bool(found)

    def _is_about_sections(self, line: str) -> bool:
        if found := EXIT_CODE.match(line):
            self._exit_code = found[1]
        section = SECTION.match(line)
        ends = SECTION_ENDS.match(line)
        if section or ends:
            self._section = section[1] if section else ""
        return bool(found or section or ends)

    def _note_flaky(self, line: str) -> None:
        if found := LISTED.match(line):
            self._flaky.add(self._known(found[1]) or found[1])

    def _read_marked(self, line: str, following: str) -> None:
        """Read `[ERROR] FooTest.testX(String, int)[2] -- Time elapsed: 0.5 s <<< FAILURE!`."""
        head, _, rest = line.partition(ELAPSED)
        if not head.startswith("[ERROR] ") or not ENDED_BADLY.search(rest):
            return
        told = head.removeprefix("[ERROR] ").strip().removesuffix("--").rstrip()
        if name := self._qualified(told):
            self._add(_failure(name, following, "" if _class_in_brackets(told) else case_of(told)))

    def _read_summed(self, text: str) -> None:
        found = NAME.match(text)
        if found is None:
            return
        if "." not in found[0]:
            self._read_class(found[0], text[found.end() :])
            return
        end = _after_case(text, found.end())
        case, rest = text[found.end() : end], text[end:]
        where = WHERE.match(rest)
        message = rest[where.end() :] if where else rest
        if message and not message.startswith(" "):
            return
        first, _, method = found[0].rpartition(".")
        short = f"{first.partition('>')[0]}.{method}"
        name = self._known(short) or self._qualified(short)
        self._summed.add(self._add(_failure(name, message.strip().removeprefix("» "), case)))

    def _read_class(self, name: str, rest: str) -> None:
        """Read a class that failed before any of its tests began: `FooITCase » ContainerLaunch no container`."""
        if self._section and rest.startswith(" » "):
            known = self._known(name) or self._classes.get(name, name)
            self._summed.add(self._add(_failure(known, rest.removeprefix(" » "))))

    def _read_listed(self, name: str, rest: str) -> None:
        """Read a name that stands alone: a test that was run more than once, or a class whose VM crashed."""
        if _after_case(rest, 0) != len(rest):
            self._section = ""
        elif self._section == "Crashed tests":
            code = f" (exit code {self._exit_code})" if self._exit_code else ""
            self._add(_failure(name, f"The forked VM crashed{code}."))
        else:
            self._summed.add(self._add(_failure(self._qualified(name), "", rest)))

    def _qualified(self, text: str) -> str:
        """Return package.Class.method without the case; "" for what names no test."""
        found = NAME.match(text)
        if found is None:
            return ""
        name = found[0]
        if "." not in name and (older := _class_in_brackets(text)):  # testBar[2](org.apache.flink.FooTest)
            return f"{older}.{name}"
        if not _is_case(text, found.end()):
            name = text  # a title in plain words
        first, _, rest = name.partition(".")
        if not first[:1].isupper():
            inside = f"{self._class}.{name}" if self._class else ""
            return name if "." in found[0] else inside
        if known := self._classes.get(first):
            return f"{known}.{rest}" if rest else known
        return name if rest else ""

    def _known(self, test: str) -> str | None:
        """Find a test that is known under its longer or shorter name: a summary leaves out the package."""
        if test in self._found:
            return test
        names = reversed(self._found)
        return next((name for name in names if name.endswith(f".{test}") or test.endswith(f".{name}")), None)

    def _add(self, failure: Failure) -> str:
        """Add a failure, or what it tells more of one that is known, which keeps its place; returns its name."""
        known = self._known(failure.test)
        if known:
            before, name = self._found[known], max(known, failure.test, key=len)
            failure = Failure(name, before.message or failure.message, with_case(before.case, failure.case))
            both = {known: failure.test}
            self._found = {both.get(name, name): each for name, each in self._found.items()}
            self._summed |= {failure.test} if known in self._summed else set()
        if known or len(self._found) < MAX_FAILURES:
            self._found[failure.test] = failure
        return failure.test


def _is_case(text: str, start: int) -> bool:
    """Tell whether all that stands behind a name is a case of it. Its values may hold any brackets."""
    case = text[start:]
    if _after_case(text, start) == len(text) or NUMBERED.match(case):
        return True
    closed = BRACKETS.get(case[:1], "")
    return bool(closed) and case.endswith(closed) and case.count(case[0]) != case.count(closed)


def _after_case(text: str, start: int) -> int:
    """Return where the brackets end that begin at a place; brackets may stand in brackets."""
    end = start
    while end < len(text) and text[end] in BRACKETS:
        end = _after_bracket(text, end)
    return end


def _after_bracket(text: str, start: int) -> int:
    opened, closed, depth = text[start], BRACKETS[text[start]], 0
    for place in range(start, len(text)):
        depth += (text[place] == opened) - (text[place] == closed)
        if depth == 0:
            return place + 1
    return len(text)


def _class_in_brackets(text: str) -> str:
    """Return the class that Surefire before 2.22 put behind the method, with its package."""
    inside = text.rpartition("(")[2]
    name = inside.removesuffix(")")
    is_class = inside.endswith(")") and "." in name and re.fullmatch(r"[\w$.]+", name) is not None
    return name if is_class and not name.startswith("java.") else ""


def _read_python(line: str) -> Failure | None:
    found = PYTHON.match(line)
    if found is None:
        return None
    end = _after_case(found[2], 0)
    case, rest = found[2][:end], found[2][end:]
    if rest and not rest.startswith(" - "):
        return None
    return _failure(in_one_form(found[1]), rest.removeprefix(" - "), case)


def _read_end_to_end(line: str) -> Failure | None:
    found = END_TO_END.match(line)
    return _failure(found[1], f"failed after {found[2]}.{found[3]}") if found else None


def _failure(test: str, message: str, case: str = "") -> Failure:
    words = "" if message.startswith("[") else message.strip()[:MAX_MESSAGE]
    return Failure(test[:MAX_NAME], words, case[:MAX_CASE])
