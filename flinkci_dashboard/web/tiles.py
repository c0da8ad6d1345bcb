"""The overview's tiles: each app has a module `tiles` with `tiles(now) -> list[Tile]`, found here by its name.

A tile says what there is. Whether something is wrong with it, the findings of its area say, and nothing else.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from importlib import import_module

from flinkci_dashboard.alerts.standing import Standing
from flinkci_dashboard.parts import parts

OURS = ("flinkci_dashboard.credentials.tiles", "flinkci_dashboard.jobs.tiles")
WORRIES = {  # what an area's findings say → the tile's state, and its label
    "bad": ("failed", "{} failing"),
    "warn": ("partial", "{} worth a look"),
    "unknown": ("unknown", "not known"),
}


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
    lines: list[str] = field(default_factory=list)
    permission: str = ""  # that it takes to follow the link; "" for everybody who is signed in


def tiles(now: datetime, found: Standing) -> list[Tile]:
    """Return the tiles of all apps, in the order of INSTALLED_APPS, and then those of the ground."""
    made = [tile for part in (*parts("tiles"), *map(import_module, OURS)) for tile in part.tiles(now)]
    return [_judged(tile, found) for tile in made]


def _judged(tile: Tile, found: Standing) -> Tile:
    worst, number = found.worst(tile.area)
    if worst not in WORRIES:
        return tile
    state, label = WORRIES[worst]
    return replace(tile, state=state, label=label.format(number))
