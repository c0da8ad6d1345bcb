"""What a message says: title and text, from what is to be told. PURE"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flinkci_dashboard.alerts.episodes import Event, Quiet
from flinkci_dashboard.alerts.findings import RANK, Severity
from flinkci_dashboard.web.durations import Lasting, duration

MARKS = {Severity.BAD: "✕", Severity.WARN: "!", Severity.INFO: "●"}
OVER = (Event.ENDED, Event.SETTLED)
LINES = 40  # of one message
LONGEST, LAST_LINE = 600, 3000  # characters of one line, and of the last, which names what has none
NAMED = 3  # subjects in a title


@dataclass(frozen=True)
class Item:
    """One thing to tell: an alert, and what happened to it."""

    event: Event
    subject: str
    severity: Severity
    text: str  # with {time}
    since: datetime
    began_at: datetime
    ended_at: datetime | None = None
    url: str = ""  # absolute
    ask: tuple[str, ...] = ()  # names of whom to ask
    turns: int = 1
    acknowledged_by: str = ""
    folded: int = 0  # findings that this one explains


@dataclass(frozen=True)
class Message:
    """A title, a text, and how it is to look."""

    title: str
    body: str
    kind: str  # bad, warn, info or good


def compose(items: Sequence[Item], now: datetime, quiet: Quiet | None = None) -> Message:
    """Write one message about everything that is to be told to a place."""
    fresh = [item.severity for item in items if item.event not in OVER]
    kind = min(fresh, key=lambda each: RANK[each]).value if fresh else "good"
    title = _names(items) if fresh else f"Over: {_names(items)}"
    lines = [_digest(quiet)] if quiet and any(quiet.covers(item.began_at) for item in items) else []
    lines += [" ".join(line(item, now).split())[:LONGEST] for item in items[:LINES]]
    if rest := [item.subject for item in items[LINES:]]:
        lines.append(f"… and {len(rest)} more: {', '.join(dict.fromkeys(rest))}"[:LAST_LINE])
    return Message(" ".join(title.split())[:255], "\n".join(lines), kind)  # a title is a mail's header


def line(item: Item, now: datetime) -> str:
    """Write the line of one alert: what is wrong and whom to ask, or what it has cost."""
    if item.event in OVER:
        return _over(item)
    text = Lasting(item.text, item.since).at(now)
    tail = f" Whom to ask: {', '.join(item.ask)}." if item.ask else ""
    tail += f" {_explains(item.folded)}" if item.folded else ""
    tail += f" {item.url}" if item.url else ""
    return f"{MARKS[item.severity]} {_named(item, _began(item, text, now))}.{tail}"


def _names(items: Sequence[Item]) -> str:
    subjects = list(dict.fromkeys(item.subject for item in items))
    more = f" and {len(subjects) - NAMED} more" if len(subjects) > NAMED else ""
    return f"{', '.join(subjects[:NAMED])}{more}"


def _began(item: Item, text: str, now: datetime) -> str:
    if item.event is Event.FLAPS:
        times = f"{item.turns} times in {duration(now - item.began_at)}"
        return f"comes and goes, {times}; nothing more is told until it stays away: {text}"
    if item.event is Event.ESCALATED:
        return f"nobody has acknowledged this for {duration(now - item.began_at)}: {text}"
    return text


def _over(item: Item) -> str:
    lasted = duration((item.ended_at or item.began_at) - min(item.since, item.began_at))
    times = f", {item.turns} times in all" if item.turns > 1 else ""
    by = f"acknowledged by {item.acknowledged_by}" if item.acknowledged_by else "acknowledged by nobody"
    text = item.text.replace("{time}", lasted)
    return f"✓ Over: {_named(item, text)}. It lasted {lasted}{times}; {by}."


def _named(item: Item, text: str) -> str:
    """Begin with the subject, unless the sentence names it."""
    return text if item.subject in text else f"{item.subject}: {text}"


def _explains(number: int) -> str:
    return f"It explains {number} other finding{'' if number == 1 else 's'}."


def _digest(quiet: Quiet) -> str:
    return f"What came in the quiet hours, {quiet.begin:%H:%M} to {quiet.end:%H:%M} {quiet.zone}:"
