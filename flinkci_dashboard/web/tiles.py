"""The overview's tiles: each app has a module `tiles` with `tiles(now) -> list[Tile]`, found here by its name."""

from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module

from flinkci_dashboard.parts import parts
from flinkci_dashboard.web.tones import tone

OURS = ("flinkci_dashboard.credentials.tiles", "flinkci_dashboard.jobs.tiles")
WORRIES = {"bad": "Failing:", "warn": "Worth a look:"}  # tone → what is said before the tiles, the worst first


@dataclass(frozen=True)
class Tile:
    """One fact on the overview: a figure with its words, its state, how old it is, and where to read more."""

    title: str
    url: str
    figure: str
    words: str
    state: str
    label: str
    seen_at: datetime | None
    lines: list[str] = field(default_factory=list)
    permission: str = ""  # that it takes to follow the link; "" for everybody who is signed in


@dataclass(frozen=True)
class OverallVerdict:
    """How it all stands: a sentence for what fails and one for what worries, each with its tiles, or one for all."""

    tone: str  # good, warn, bad; muted when nothing is known
    sentences: list[tuple[str, list[Tile]]]


def tiles(now: datetime) -> list[Tile]:
    """Return the tiles of all apps, in the order of INSTALLED_APPS, and then those of the ground."""
    return [tile for part in (*parts("tiles"), *map(import_module, OURS)) for tile in part.tiles(now)]


def verdict(shown: list[Tile]) -> OverallVerdict:
    """Return what the tiles say together: the tone is the worst of theirs, and it names those that worry."""
    worrying = {of: [tile for tile in shown if tone(tile.state) == of] for of in WORRIES}
    if troubled := {of: found for of, found in worrying.items() if found}:
        return OverallVerdict(next(iter(troubled)), [(WORRIES[of], found) for of, found in troubled.items()])
    seen = [tile for tile in shown if tile.seen_at]
    if not seen:
        return OverallVerdict("muted", [("Nothing has been looked at yet.", [])])
    return OverallVerdict(
        "good", [("Everything is in order." if seen == shown else "All that was looked at is in order.", [])]
    )
