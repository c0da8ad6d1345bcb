"""What is printed inside of tests that then pass tells nothing of a failure, whatever it says.

Surefire says where a class begins and how it ended, Flink's end-to-end runner says so of each of its tests. Several
classes run at the same time: what is printed then belongs to any of them, and counts unless all of those pass. What
Maven says itself, with its level before it, is printed by no test but an end-to-end one that runs Maven. What could
not be fetched before Maven, pytest or a test began was fetched at last: they would not have begun. PURE
"""

import re
from dataclasses import dataclass, field
from typing import Generic, TypeVar

BEGINS = re.compile(r"^\[INFO\] Running ([\w$.]{1,400})$|^Running '(.{1,300})'$")
ENDS = re.compile(
    r"^\[[A-Z]+\] Tests run: [^<]{1,120}(<<< (?:FAILURE|ERROR)! )?-{1,2} in ([\w$.]{1,400})$"
    r"|^\[(?:PASS|(FAIL))\] '(.{1,300}?)' (?:passed|failed) after "
)
STARTS = re.compile(r"^\[INFO\] Scanning for projects|^=+ test session starts =+$")
OF_MAVEN = re.compile(r"^\[[A-Z]+\] ")
BEFORE = ""  # who ran before the first line that we have
AT_ONCE = 64  # classes that are followed
Note = TypeVar("Note")


@dataclass
class _Held(Generic[Note]):
    """A note, and the tests that have to pass before it is dropped."""

    note: Note
    tests: set[str] = field(default_factory=set)
    lasts: bool = False  # one of its tests failed, or there was none
    is_dropped: bool = False


class Scenes(Generic[Note]):
    """Keeps notes that were taken on lines of a log, until it is known whether the tests around them passed.

    `whole`: the log is read from its first line on, so that no test is running yet.
    """

    def __init__(self, whole: bool) -> None:
        self._running: dict[str, list[_Held[Note]]] = {} if whole else {BEFORE: []}  # in the order of their beginnings
        self._all: list[_Held[Note]] = []
        self._before: list[_Held[Note]] = []  # notes that the next beginning drops

    def see(self, line: str) -> None:
        """Look whether a line begins or ends a test."""
        if begun := BEGINS.match(line):
            self._overcome()
            self._running.setdefault(begun[1] or begun[2], [])
            if len(self._running) > AT_ONCE:
                del self._running[next(iter(self._running))]
        elif ended := ENDS.match(line):
            self._end(ended[2] or ended[4], passed=not (ended[1] or ended[3]))
        elif STARTS.match(line):
            self._overcome()

    def note(self, line: str, note: Note, of_fetching: bool = False) -> None:
        """Take a note on the line that was seen last. `of_fetching`: it tells that something could not be fetched."""
        running = self._titles() if OF_MAVEN.match(line) else self._running
        held = _Held(note, set(running))
        held.lasts = not held.tests
        self._all.append(held)
        if of_fetching and held.lasts:
            self._before.append(held)
        for test in held.tests:
            self._running[test].append(held)

    def notes(self) -> list[Note]:
        """Return the notes that last, in their order; those too whose tests have not ended: they were cut off."""
        return [each.note for each in self._all if not each.is_dropped]

    def _titles(self) -> list[str]:
        """Return the end-to-end tests that run: they may run Maven. What Maven runs has a name without blanks."""
        return [name for name in self._running if " " in name]

    def _overcome(self) -> None:
        for each in self._before:
            each.is_dropped = True
        self._before.clear()

    def _end(self, name: str, passed: bool) -> None:
        for each in self._running.pop(name if name in self._running else BEFORE, ()):
            each.tests.discard(name if name in each.tests else BEFORE)
            each.lasts = each.lasts or not passed
            each.is_dropped = not (each.tests or each.lasts)
