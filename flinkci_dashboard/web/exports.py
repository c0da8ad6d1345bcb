"""Rows as files for other programs: CSV that no spreadsheet runs, and vCards."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpResponse

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


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return CSV (RFC 4180); cells that a spreadsheet would run are quoted with an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(header)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    return out.getvalue()


def vcard_text(cards: Iterable[Card]) -> str:
    """Return vCards, version 4 (RFC 6350)."""
    return "".join(_card(card) for card in cards)


def attachment(text: str, kind: str, name: str, suffix: str, now: datetime) -> HttpResponse:
    """Return a file to keep, named after the day."""
    response = HttpResponse(text, content_type=f"{kind}; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}-{now:%Y-%m-%d}.{suffix}"'
    return response


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
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
