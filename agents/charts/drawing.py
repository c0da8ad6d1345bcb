"""Geometry of charts: values → coordinates, labels and tables that templates draw as SVG.

A chart's drawing area is WIDTH × HEIGHT units and is stretched to the width that it gets; all words stand outside it.

PURE
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

WIDTH, HEIGHT = 1000, 200
MINUTE, HOUR, DAY = 60, 3_600, 86_400
NICE_DURATIONS = (
    *(2, 4, 10, 20, MINUTE),
    *(count * MINUTE for count in (2, 4, 10, 20, 60)),
    *(count * HOUR for count in (2, 4, 6, 12, 24)),
)
Point = tuple[datetime, float | None]


@dataclass(frozen=True)
class Series:
    """One line of a chart. `kind` is the CSS class that gives it its colour and dash."""

    name: str
    kind: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Line:
    """A series, drawn: SVG path data (with gaps where nothing is known) and dots for values without a neighbour."""

    name: str
    kind: str
    path: str
    dots: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Column:
    """One moment of a chart: the strip that shows its numbers on hover, and its row in the table."""

    at: datetime
    x: float
    width: float
    words: tuple[str, ...]  # a text for each series


@dataclass(frozen=True)
class Chart:
    """Everything that the template needs."""

    key: str  # for ids in the page
    title: str
    note: str  # what is counted, in a sentence
    lines: tuple[Line, ...]
    columns: tuple[Column, ...]
    ticks: tuple[str, ...]  # labels of the vertical axis, from the top to 0
    start: datetime | None
    end: datetime | None
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def is_empty(self) -> bool:
        """Tell whether there is nothing to draw."""
        return not any(line.path or line.dots for line in self.lines)

    @property
    def summary(self) -> str:
        """Return the latest figures in a sentence, for those who don't see the drawing."""
        if not self.columns or self.is_empty:
            return "No figures yet."
        latest = zip((line.name for line in self.lines), self.columns[-1].words, strict=True)
        return "Latest: " + ", ".join(f"{name} {words}" for name, words in latest) + "."


def line_chart(
    key: str,
    title: str,
    note: str,
    series: Sequence[Series],
    words: Callable[[float], str],
    scale: Callable[[float], float] | None = None,
) -> Chart:
    """Draw series over time. `words` writes a value; `scale` gives the axis' end for the greatest (`nice_top`)."""
    moments = sorted({at for each in series for at, _ in each.points})
    known = [value for each in series for _, value in each.points if value is not None]
    top = (scale or nice_top)(max(known, default=0))
    places = _places(moments)
    return Chart(
        key=key,
        title=title,
        note=note,
        lines=tuple(_line(each, places, top) for each in series),
        columns=_columns(places, series, words),
        ticks=tuple(words(top * share) for share in (1, 0.5, 0)),
        start=moments[0] if moments else None,
        end=moments[-1] if moments else None,
    )


def _columns(
    places: dict[datetime, float], series: Sequence[Series], words: Callable[[float], str]
) -> tuple[Column, ...]:
    values = [dict(each.points) for each in series]
    return tuple(
        Column(at, left, round(right - left, 2), tuple(_words(each.get(at), words) for each in values))
        for at, (left, right) in zip(places, _strips(list(places.values())), strict=True)
    )


def nice_top(value: float) -> float:
    """Return the next 1, 2, 4, 6 or 10 times a power of ten: an end for the axis that halves well."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 4, 6, 10) if step * power >= value * 0.9999)


def nice_duration(seconds: float) -> float:
    """Return the next length of time (seconds) that halves well in the units that people say."""
    if seconds > DAY:
        return nice_top(seconds / DAY) * DAY
    return next(top for top in NICE_DURATIONS if top >= seconds)


@dataclass(frozen=True)
class Bar:
    """A stretch of time in a row of a bar chart."""

    x: float
    width: float
    kind: str  # CSS class
    words: str  # shown on hover


def bar(start: datetime, end: datetime, span: tuple[datetime, datetime], kind: str, words: str) -> Bar | None:
    """Place a stretch of time in a row that shows `span`; None when it lies outside. A short one stays visible."""
    first, last = span
    total = (last - first).total_seconds()
    if total <= 0 or end < first or start > last:
        return None
    x = max((start - first).total_seconds() / total, 0.0) * WIDTH
    width = min((end - first).total_seconds() / total, 1.0) * WIDTH - x
    return Bar(round(x, 2), round(max(width, 2.0), 2), kind, words)


def percent(share: float) -> str:
    """Write a share (0 to 1) in percent."""
    return f"{share:.0%}"


def plain(value: float) -> str:
    """Write a number with one digit after the point, or two below one: half of 0.1 is not 0.1."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if value < 1 else f"{value:.1f}".removesuffix(".0")


def _words(value: float | None, words: Callable[[float], str]) -> str:
    return "–" if value is None else words(value)


def _places(moments: Sequence[datetime]) -> dict[datetime, float]:
    """Place moments on the axis as far apart as they are in time; half of a mean step is left at either end."""
    if len(moments) < 2:
        return dict.fromkeys(moments, WIDTH / 2)
    margin = WIDTH / len(moments) / 2
    total = (moments[-1] - moments[0]).total_seconds()
    return {at: round(margin + (at - moments[0]).total_seconds() / total * (WIDTH - 2 * margin), 2) for at in moments}


def _strips(places: Sequence[float]) -> list[tuple[float, float]]:
    """Return where each place's strip begins and ends: half-way to its neighbours."""
    between = [round((left + right) / 2, 2) for left, right in pairwise(places)]
    return list(zip([0.0, *between], [*between, float(WIDTH)], strict=True)) if places else []


def _line(series: Series, places: dict[datetime, float], top: float) -> Line:
    values = dict(series.points)
    runs: list[list[tuple[float, float]]] = [[]]
    for at, x in places.items():
        value = values.get(at)
        if value is not None:
            runs[-1].append((x, round(HEIGHT * (1 - min(value / top, 1)), 2)))
        elif runs[-1]:
            runs.append([])
    path = " ".join("M" + " L".join(f"{x:g},{y:g}" for x, y in run) for run in runs if len(run) > 1)
    dots = tuple(run[0] for run in runs if len(run) == 1)
    return Line(series.name, series.kind, path, dots)
