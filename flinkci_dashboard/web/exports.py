"""Rows as files for other programs: CSV that no spreadsheet runs, JSON, and vCards."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import chain
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone

from flinkci_dashboard.web.tables import Shown

Answer = TypeVar("Answer", bound=HttpResponseBase)
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet takes for the start of a formula (OWASP, CSV injection)
FOLD = 75  # octets in a line, without its end (RFC 6350, 3.2)


@dataclass(frozen=True)
class Card:
    """What a vCard says of a person."""

    name: str
    organization: str = ""
    roles: str = ""
    email: str = ""
    time_zone: str = ""
    url: str = ""
    note: str = ""


class _Echo:
    """What a CSV writer writes to: each line is handed on at once."""

    def write(self, line: str) -> str:
        return line


def file_of(request: HttpRequest, context: Mapping[str, Any], kind: str = "") -> HttpResponseBase | None:
    """Return a table of a page as a file of a kind, or the one that `format` asks for; None where the page is wanted.

    `table` names one of several tables. Times are ISO 8601, with the offset of the reader's time zone.
    """
    kind = kind or request.GET.get("format", "")
    write = WRITERS.get(kind)
    shown = [each for each in context.values() if isinstance(each, Shown)]
    if write is None or not shown:
        return None
    named = (each for each in shown if each.table.name == request.GET.get("table"))
    return _sent(next(named, shown[0]), kind, write)


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Return the lines of CSV (RFC 4180); cells that a spreadsheet would run are quoted with an apostrophe."""
    writer = csv.writer(_Echo())
    for row in chain([header], rows):
        yield writer.writerow([_cell(value) for value in row])  # type: ignore[misc]  # what the echo returns


def json_lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Return the lines of a JSON list with an object for each row."""
    before = "[\n"
    for row in rows:
        yield before + json.dumps(dict(zip(header, row, strict=True)), ensure_ascii=False, default=str)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def vcard_text(cards: Iterable[Card]) -> str:
    """Return vCards, version 4 (RFC 6350)."""
    return "".join(_card(card) for card in cards)


def attachment(text: str, kind: str, name: str, suffix: str, now: datetime) -> HttpResponse:
    """Return a file to keep, named after the day."""
    return _named(HttpResponse(text, content_type=f"{kind}; charset=utf-8"), name, suffix, now)


Writer = Callable[[Sequence[str], Iterable[Sequence[object]]], Iterator[str]]
WRITERS: dict[str, Writer] = {"csv": csv_lines, "json": json_lines}
KINDS = {"csv": "text/csv", "json": "application/json"}


def _sent(shown: Shown, kind: str, write: Writer) -> HttpResponseBase:
    columns = [(column.name, column.value) for column in shown.table.columns if column.value]
    zone = timezone.get_current_timezone()  # when the lines are made, the request's own is over
    rows = ([_plain(value(line), zone) for _, value in columns] for line in shown.everything())
    lines = write([name for name, _ in columns], rows)
    response = StreamingHttpResponse(lines, content_type=f"{KINDS[kind]}; charset=utf-8")
    return _named(response, shown.table.name, kind, timezone.now())


def _named(response: Answer, name: str, suffix: str, now: datetime) -> Answer:
    response.headers["Content-Disposition"] = f'attachment; filename="{name}-{now:%Y-%m-%d}.{suffix}"'
    return response


def _plain(value: object, zone: tzinfo) -> object:
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat(timespec="seconds")
    return value


def _cell(value: object) -> str:
    if value is None or isinstance(value, bool | int | float):
        return "" if value is None else str(value).lower()
    if isinstance(value, dict):
        value = json.dumps(value, ensure_ascii=False, sort_keys=True)
    text = "; ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return f"'{text}" if text.lstrip().startswith(FORMULA) or text.startswith(FORMULA) else text


def _card(card: Card) -> str:
    given, _, family = card.name.rpartition(" ")
    fields = [
        ("FN", card.name),
        ("ORG", card.organization),
        ("TITLE", card.roles),
        ("EMAIL", card.email),
        ("TZ", card.time_zone),
        ("URL", card.url),
        ("NOTE", card.note),
    ]
    lines = ["BEGIN:VCARD", "VERSION:4.0", f"N:{_escape(family)};{_escape(given)};;;"]
    lines += [f"{name}:{_escape(value)}" for name, value in fields if value]
    return "".join(f"{_fold(line)}\r\n" for line in [*lines, "END:VCARD"])


def _escape(text: str) -> str:
    text = text.replace("\\", "\\\\").replace(",", "\\,").replace(";", "\\;")
    return "\\n".join(text.splitlines())


def _fold(line: str) -> str:
    """Break a line after 75 octets, never inside a character."""
    folded, size = "", 0
    for character in line:
        width = len(character.encode())
        if size + width > FOLD:
            folded, size = f"{folded}\r\n ", 1
        folded, size = folded + character, size + width
    return folded
