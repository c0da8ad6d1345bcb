"""A strict subset of JQL: what it does not know, it refuses, as Jira does."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from flinkci_dashboard.sandbox.jira.tickets import Jira, Ticket

TOKEN = re.compile(r'\s*(?:(>=|<=|!=|=|>|<|\(|\)|,)|"([^"]*)"|(-\d+[mhdw])(?![\w-])|([\w./:-]+))', re.ASCII)
RELATIVE = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
LITERALS = ("%Y/%m/%d %H:%M", "%Y-%m-%d %H:%M", "%Y/%m/%d", "%Y-%m-%d")
ORDERS = {"key": lambda ticket: ticket.id, "updated": lambda ticket: ticket.updated, "created": lambda t: t.created}
Test = Callable[[Ticket], bool]


class JqlError(Exception):
    """The query is refused; `messages` says why, a line each."""

    def __init__(self, *messages: str) -> None:
        super().__init__(*messages)
        self.messages = list(messages)


@dataclass
class _Reader:
    jira: Jira
    words: list[str]
    strict: bool
    warnings: list[str] = field(default_factory=list)

    def lacks(self, *messages: str) -> None:
        """Refuse values that do not exist, or note them where the query is not validated."""
        if messages and self.strict:
            raise JqlError(*messages)
        self.warnings += messages

    def take(self, *wanted: str) -> str:
        word = self.words.pop(0) if self.words else ""
        if wanted and word.lower() not in wanted:
            raise JqlError(f"Error in the JQL Query: Expecting {' or '.join(wanted)} but got '{word or 'end'}'.")
        return word

    def next_is(self, *wanted: str) -> bool:
        return bool(self.words) and self.words[0].lower() in wanted


def search(jira: Jira, query: str, strict: bool = True) -> tuple[list[Ticket], list[str]]:
    """Return the tickets that a query finds, in its order, and warnings. Raises JqlError.

    Unknown keys refuse a `strict` query as a whole; else they are what the warnings tell.
    """
    reader = _Reader(jira, _words(query), strict)
    test = _any_of(reader) if not reader.next_is("order") and reader.words else lambda ticket: True
    orders = _orders(reader)
    if reader.words:
        raise JqlError(f"Error in the JQL Query: '{reader.words[0]}' is not expected here.")
    with jira.lock:
        found = [ticket for ticket in jira.by_id.values() if test(ticket)]
    for by, descending in reversed(orders or [("key", True)]):
        found.sort(key=ORDERS[by], reverse=descending)
    return found, reader.warnings


def _words(query: str) -> list[str]:
    words, at = [], 0
    while query[at:].strip():
        found = TOKEN.match(query, at)
        if not found:
            raise JqlError(f"Error in the JQL Query: The character '{query[at:].strip()[0]}' is reserved.")
        words.append(next(group for group in found.groups() if group is not None))
        at = found.end()
    return words


def _any_of(reader: _Reader) -> Test:
    tests = [_all_of(reader)]
    while reader.next_is("or"):
        reader.take("or")
        tests.append(_all_of(reader))
    return lambda ticket: any(test(ticket) for test in tests)


def _all_of(reader: _Reader) -> Test:
    tests = [_clause(reader)]
    while reader.next_is("and"):
        reader.take("and")
        tests.append(_clause(reader))
    return lambda ticket: all(test(ticket) for test in tests)


def _clause(reader: _Reader) -> Test:
    if reader.next_is("("):
        reader.take("(")
        inner = _any_of(reader)
        reader.take(")")
        return inner
    clauses = {"key": _key, "labels": _labels, "project": _project, "updated": _updated}
    return clauses[reader.take(*clauses).lower()](reader)


def _project(reader: _Reader) -> Test:
    reader.take("=")
    name = reader.take()
    if name.upper() != "FLINK":
        reader.lacks(f"The value '{name}' does not exist for the field 'project'.")
        return lambda ticket: False
    return lambda ticket: ticket.key.startswith("FLINK-")


def _labels(reader: _Reader) -> Test:
    """A label is any text: one that no ticket has finds none."""
    wanted = {reader.take()} if reader.take("=", "in") == "=" else set(_list(reader))
    return lambda ticket: not wanted.isdisjoint(ticket.labels)


def _key(reader: _Reader) -> Test:
    keys = [reader.take()] if reader.take("=", "in") == "=" else _list(reader)
    ids = set()
    missing = []
    for key in keys:
        ticket = reader.jira.find(key)
        if ticket is None or (ticket.key != key.upper() and not reader.jira.search_finds_moved):
            missing.append(f"An issue with key '{key}' does not exist for field 'key'.")
        else:
            ids.add(ticket.id)
    reader.lacks(*missing)
    return lambda ticket: ticket.id in ids


def _list(reader: _Reader) -> list[str]:
    reader.take("(")
    found = [reader.take()]
    while reader.take(",", ")") == ",":
        found.append(reader.take())
    return found


def _updated(reader: _Reader) -> Test:
    reader.take(">=")
    since = _moment(reader.jira, reader.take())
    return lambda ticket: ticket.updated >= since


def _moment(jira: Jira, text: str) -> datetime:
    if re.fullmatch(r"-\d+[mhdw]", text):
        return jira.clock.now() - timedelta(**{RELATIVE[text[-1]]: int(text[1:-1])})
    for form in LITERALS:
        try:
            return datetime.strptime(text, form).replace(tzinfo=timezone(timedelta(hours=jira.utc_offset)))
        except ValueError:
            continue
    raise JqlError(
        f"Date value '{text}' for field 'updated' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', "
        "'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'."
    )


def _orders(reader: _Reader) -> list[tuple[str, bool]]:
    found: list[tuple[str, bool]] = []
    if not reader.next_is("order"):
        return found
    reader.take("order"), reader.take("by")
    while True:
        name = reader.take(*ORDERS).lower()
        descending = reader.next_is("asc", "desc") and reader.take().lower() == "desc"
        found.append((name, descending))
        if not reader.next_is(","):
            return found
        reader.take(",")
