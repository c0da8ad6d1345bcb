"""The overview's tiles: each app has a module `tiles` with `tiles(now) -> list[Tile]`, found here by its name.

A tile says what there is. Whether something is wrong with it, the findings of its area say, and nothing else.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from importlib import import_module

from flinkci_dashboard.alerts.standing import Standing
from flinkci_dashboard.parts import parts
from flinkci_dashboard.web.durations import Lasting
from flinkci_dashboard.web.trends import Trend

OURS = ("flinkci_dashboard.credentials.tiles", "flinkci_dashboard.jobs.tiles")
NOTHING = "none"  # the state of a tile that has nothing to tell
WORRIES = {  # what an area's findings say → the tile's state, and its label
    "bad": ("failed", "{} failing"),
    "warn": ("partial", "{} worth a look"),
    "unknown": ("unknown", "not known"),
}


@dataclass(frozen=True)
class Part:
    """One line of a tile, and where it leads."""

    text: str  # {time} in it is how long it has been so
    url: str = ""
    since: datetime | None = None

    @property
    def words(self) -> Lasting:
        """Return the line as a sentence, with since when where it tells how long."""
        return Lasting(self.text, self.since)


@dataclass(frozen=True)
class Tile:
    """One fact on the overview: a figure with its words, its state, how old it is, and where to read more."""

    title: str
    url: str
    figure: str
    words: str
    area: str  # a `models.Area`
    state: str  # while nothing is wrong in its area
    label: str
    seen_at: datetime | None
    lines: list[Part] = field(default_factory=list)
    permission: str = ""  # that it takes to follow the links; "" for everybody who is signed in
    job: str = ""  # what feeds it: how old it may be
    rules: frozenset[str] = frozenset()  # whose findings are about it; none: all of its area
    tag: str = ""  # that these findings bear
    tally: str = ""  # how much of it is wrong, in its own figure's units; else the number of findings says it
    trend: Trend | None = None
    place: int = 50  # among the tiles


def tiles(now: datetime, found: Standing) -> list[Tile]:
    """Return the tiles of all apps and of the ground, in their order."""
    made = [tile for part in (*parts("tiles"), *map(import_module, OURS)) for tile in part.tiles(now)]
    return [_judged(_known(tile), found) for tile in sorted(made, key=lambda tile: tile.place)]


def _judged(tile: Tile, found: Standing) -> Tile:
    worst, number = found.worst(tile.area, tile.rules, tile.tag)
    if worst not in WORRIES:
        return tile
    state, label = WORRIES[worst]
    counted = tile.tally if tile.tally and not found.unknown else label.format(number)
    return replace(tile, state=state, label=counted)


def _known(tile: Tile) -> Tile:
    """Say no number of what nothing has looked at yet."""
    if tile.seen_at or tile.state != NOTHING:
        return tile
    return replace(tile, figure="–", words="", lines=[], trend=None)
