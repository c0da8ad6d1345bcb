"""What services answer, made sure of: missing, null or odd fields are normal, and become None, "" or nothing."""

import re
from datetime import UTC, datetime
from typing import Any

LARGEST = 2**63 - 1
LARGEST_SIZE = 2**31 - 1
NULL_YEAR = 1970  # some services write "no date" as the year 1
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def text(value: Any, limit: int) -> str:
    """Return a value as text without control characters (tabs and line ends stay), cut to `limit` characters."""
    return CONTROL.sub("", "" if value is None else str(value)).strip()[:limit]


def number(value: Any) -> int | None:
    """Return a whole number of at most 63 bits, or None for anything else."""
    try:
        return int(value) if abs(int(value)) <= LARGEST else None
    except (TypeError, ValueError, OverflowError):
        return None


def size(value: Any) -> int | None:
    """Return a number from 0 to what a row's integer holds, or None for anything else."""
    found = number(value)
    return found if found is not None and 0 <= found <= LARGEST_SIZE else None


def identity(value: Any, most: int = LARGEST) -> int:
    """Return the number of something that has one; raises ValueError for what is none, or greater than `most`."""
    found = number(value)
    if found is None or not 0 <= found <= most:
        raise ValueError("a number that no such thing has")
    return found


def attempt_of(value: Any) -> int:
    """Return which attempt it is: 1 where nobody says so, and at most what a row holds."""
    return min(max(number(value) or 1, 1), 32767)


def when(value: Any) -> datetime | None:
    """Read a time stamp as UTC, which one without a zone is too; "no date" and nonsense are None."""
    try:
        parsed = datetime.fromisoformat(str(value))
        aware = parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return aware if aware.year > NULL_YEAR else None


def inner(data: dict[str, Any], field: str) -> dict[str, Any]:
    """Return an object inside an object; an empty one where there is none."""
    value = data.get(field)
    return value if isinstance(value, dict) else {}


def address(value: Any) -> str:
    """Return an address of the web; "" for anything else."""
    found = text(value, 500)
    return found if found.startswith(("https://", "http://")) else ""
