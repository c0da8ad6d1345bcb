"""Jira's answers → tickets as values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flinkci_dashboard.clients.errors import UnavailableError
from flinkci_dashboard.clients.values import identity


@dataclass(frozen=True)
class Ticket:
    """A ticket as Jira tells it. `key` is the present one, whichever key was asked for; `id` never changes."""

    id: int
    key: str
    summary: str
    status: str
    assignee: str  # "" when nobody is
    components: tuple[str, ...]
    fix_versions: tuple[str, ...]
    updated: datetime


@dataclass(frozen=True)
class Page:
    """A part of a search's answer."""

    start: int
    total: int
    size: int  # of the page, with those that can't be read
    tickets: list[Ticket]
    troubles: Mapping[str, str]


def read_page(data: Any) -> Page:
    """Read a page. A ticket that bears its key and can't be read otherwise must not hide the others."""
    tickets: list[Ticket] = []
    troubles: dict[str, str] = {}
    try:
        for issue in data["issues"]:
            try:
                tickets.append(read_ticket(issue))
            except UnavailableError as error:
                troubles[str(issue["key"])] = str(error)
        return Page(int(data["startAt"]), int(data["total"]), len(data["issues"]), tickets, troubles)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise UnavailableError(f"Jira's answer has an unexpected form ({type(error).__name__}).") from error


def read_ticket(issue: Any) -> Ticket:
    """Read a ticket; raises UnavailableError when it has not the shape of one."""
    try:
        fields = issue["fields"]
        return Ticket(
            id=identity(issue["id"]),
            key=str(issue["key"])[:64],
            summary=_text(fields.get("summary"))[:500],
            status=_text((fields.get("status") or {}).get("name"))[:100],
            assignee=_text((fields.get("assignee") or {}).get("displayName"))[:200],
            components=_names(fields.get("components")),
            fix_versions=_names(fields.get("fixVersions")),
            updated=datetime.strptime(fields["updated"], "%Y-%m-%dT%H:%M:%S.%f%z").astimezone(UTC),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise UnavailableError(f"Jira's answer has an unexpected form ({type(error).__name__}).") from error


def read_comments(data: Any) -> tuple[list[str], int]:
    """Read a page of a ticket's comments: their texts, and how many there are in all. Raises UnavailableError."""
    try:
        return [_text(comment.get("body")) for comment in data["comments"]], int(data["total"])
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise UnavailableError(f"Jira's answer has an unexpected form ({type(error).__name__}).") from error


def _names(items: Any) -> tuple[str, ...]:
    return tuple(filter(None, (_text(item["name"])[:255] for item in items or [])))


def _text(value: Any) -> str:
    return "" if value is None else str(value)
