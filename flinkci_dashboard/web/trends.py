"""The last day of something as a row of bars, an hour each. PURE"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from flinkci_dashboard.web.words import counted

HOUR = timedelta(hours=1)
HOURS = 24
STEP, WIDTH, HEIGHT, LOWEST = 5, 4, 22, 3  # in units of the drawing


@dataclass(frozen=True)
class Step:
    """One bar: when it began, how high it is, its tone (good, idle, warn, bad, info), and its words."""

    at: datetime
    value: float
    kind: str
    words: str


@dataclass(frozen=True)
class Bar:
    """A step's place in the drawing."""

    x: int
    height: int
    step: Step


@dataclass(frozen=True)
class Trend:
    """A row of bars, and all of it in a sentence."""

    words: str
    bars: list[Bar]


def hour_of(at: datetime) -> datetime:
    """Return the start of an hour."""
    return at.replace(minute=0, second=0, microsecond=0)


def day_of_hours(now: datetime) -> list[datetime]:
    """Return the starts of the last 24 hours, the oldest first; the last one still runs."""
    last = hour_of(now)
    return [last - HOUR * back for back in range(HOURS - 1, -1, -1)]


def trend(words: str, steps: Iterable[Step]) -> Trend:
    """Lay steps out from left to right, the highest as high as there is room; nothing is a line at the bottom."""
    steps = list(steps)
    most = max((step.value for step in steps), default=0) or 1
    return Trend(words, [Bar(STEP * place, _height(step, most), step) for place, step in enumerate(steps)])


def counted_trend(words: str, ends: Iterable[tuple[datetime, bool]], now: datetime, thing: str) -> Trend:
    """Lay out what ended in each of the last 24 hours: (when, whether badly)."""
    good: dict[datetime, int] = {}
    bad: dict[datetime, int] = {}
    for at, badly in ends:
        hours = bad if badly else good
        hours[hour_of(at)] = hours.get(hour_of(at), 0) + 1
    steps = []
    for hour in day_of_hours(now):
        failed, total = bad.get(hour, 0), good.get(hour, 0) + bad.get(hour, 0)
        kind = "bad" if failed else "good" if total else "idle"
        steps.append(Step(hour, total, kind, f"{counted(total, thing)}, {failed} failed"))
    return trend(words, steps)


def _height(step: Step, most: float) -> int:
    return max(LOWEST, round(HEIGHT * step.value / most)) if step.value else 1
