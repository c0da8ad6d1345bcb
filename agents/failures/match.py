"""A failing test and the tickets of known ones → which ticket it is: by its whole name, or by class and method.

A class alone may be many things, and so is "maybe": it is shown, and never counted as known. PURE
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

WORD = re.compile(r"[A-Za-z_][\w]*")
METHOD = re.compile(r"[a-z_$][\w$]*\Z")
JAVA = re.compile(r"[\w$]+(?:\.[\w$]+)+\Z")
TITLED = re.compile(r"((?:[a-z][\w$]*\.)+[A-Z][\w$]*)[.#]([^.].*)", re.S)  # package.Class.a title in plain words
PLAIN_WORD = re.compile(r"[a-z]+\Z")  # a method named so is found only where the class stands before it
MODULE = re.compile(r"test_\w+|\w+_tests?")  # files of Python's tests are called so
PACKAGE = re.compile(r"[a-z_]\w*")
MANY = 3  # words of a title: a shorter one may stand in a summary by chance


class Level(IntEnum):
    """How sure it is that a ticket is about a test."""

    MAYBE = 1  # it names the class
    NAMED = 2  # class and method
    EXACT = 3  # the whole name


@dataclass(frozen=True)
class TicketFacts:
    """A ticket of a test that is known to fail at times."""

    id: int
    summary: str
    closed: bool


@dataclass(frozen=True)
class Match:
    """Which ticket a test's failure is, and how sure that is."""

    ticket: int
    level: Level

    @property
    def is_known(self) -> bool:
        """Tell whether it counts."""
        return self.level > Level.MAYBE


@dataclass(frozen=True)
class Name:
    """A test's name in parts: `package.Class#method` is its key, whatever form it was told in."""

    key: str
    classes: tuple[str, ...]  # by any of which a ticket may call it: `Outer$Inner` is both
    method: str


def in_one_form(test: str) -> str:
    """Return `path/test_x.py::Class::test`, as pytest's log has it, as JUnit has it: `path.test_x.Class.test`.

    Other names stay as they are.
    """
    path, _, inside = test.partition("::")
    if not path.endswith(".py"):
        return test
    module = path.rpartition("flink-python/")[2].removesuffix(".py").strip("./").replace("/", ".")
    return ".".join([module, *inside.split("::")]) if inside else module


def in_pytest_form(key: str) -> str:
    """Return a Python test by its key as pytest is told it: `path/test_x.py::Class::test`; "" of any other test."""
    parts = key.replace("#", ".").split(".")
    place = next((n for n, part in enumerate(parts) if not PACKAGE.fullmatch(part) or MODULE.fullmatch(part)), 0)
    if not place or not MODULE.fullmatch(parts[place]):
        return ""
    return "::".join(["/".join(parts[: place + 1]) + ".py", *parts[place + 1 :]])


def name_of(test: str) -> Name:
    """Take a test's name apart: JUnit's, pytest's, or the title of an end-to-end test, which has no parts.

    What a Scala test calls itself may be a sentence: it stands in the place of the method.
    """
    test = in_one_form(test)
    test = test.replace("#", ".", 1) if JAVA.match(test.replace("#", ".", 1)) else test
    if not JAVA.match(test):
        titled = TITLED.fullmatch(test)
        return Name(f"{titled[1]}#{titled[2]}", _simple(titled[1]), titled[2]) if titled else Name(test, (), "")
    owner, _, method = test.rpartition(".")
    path, *inside = in_pytest_form(test).split("::")
    if not METHOD.match(method) or (path and not inside):  # a class, or a module of Python, that failed as a whole
        return Name(test, _simple(test), "")
    module = path.rpartition("/")[2].removesuffix(".py")
    return Name(f"{owner}#{method}", tuple(dict.fromkeys(filter(None, (*_simple(owner), module)))), method)


def _simple(name: str) -> tuple[str, ...]:
    last = name.rpartition(".")[2]
    return tuple(dict.fromkeys(part for part in (last, *last.split("$")) if part))


class Matcher:
    """Finds tickets of tests; made once for all tickets, it takes little time for each test."""

    def __init__(self, tickets: Iterable[TicketFacts]) -> None:
        self._by_word: dict[str, list[TicketFacts]] = defaultdict(list)
        self._tickets = sorted(tickets, key=lambda ticket: (ticket.closed, -ticket.id))  # the best of equals first
        for ticket in self._tickets:
            for word in set(WORD.findall(ticket.summary)):
                self._by_word[word].append(ticket)

    def match(self, test: str) -> Match | None:
        """Return the ticket of a test: the surest, of equal ones an open one, then the newest; None without any."""
        name = name_of(test)
        found = [Match(each.id, level) for each in self._near(name) if (level := _level(name, each.summary))]
        return max(found, key=lambda match: match.level, default=None)

    def _near(self, name: Name) -> list[TicketFacts]:
        if not name.classes:
            return self._tickets if len(name.key.split()) >= MANY else []
        near = {ticket.id: ticket for word in name.classes for ticket in self._by_word.get(word, ())}
        return [ticket for ticket in self._tickets if ticket.id in near] if len(near) > 1 else list(near.values())


def _level(name: Name, summary: str) -> Level | None:
    if not name.classes:
        return Level.EXACT if name.key.lower() in summary.lower() else None
    if any(_holds(summary, form) for form in (name.key, name.key.replace("#", "."), in_pytest_form(name.key)) if form):
        return Level.EXACT if name.method else Level.MAYBE
    if not any(_holds(summary, each) for each in name.classes):
        return None
    return Level.NAMED if name.method and _names_method(name, summary) else Level.MAYBE


def _names_method(name: Name, summary: str) -> bool:
    """Tell whether a summary names the method too: behind the class, or as a word that no English sentence has."""
    joined = (f"{each}{sign}{name.method}" for each in name.classes for sign in (".", "#", "::", "->"))
    alone = not PLAIN_WORD.match(name.method) and _holds(summary, name.method)
    return alone or any(_holds(summary, form) for form in joined)


def _holds(text: str, name: str) -> bool:
    """Tell whether a name stands in a text as a whole, not as a part of a longer one."""
    at = text.find(name)
    while at >= 0:
        end = at + len(name)
        if not _goes_on(text[at - 1 : at]) and not _goes_on(text[end : end + 1]):
            return True
        at = text.find(name, at + 1)
    return False


def _goes_on(sign: str) -> bool:
    return bool(sign) and (sign.isalnum() or sign in "_$")
