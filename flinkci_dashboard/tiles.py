"""The overview's tiles: each app has a module `tiles` with `tiles(now) -> list[Tile]`, found here by its name."""

from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from importlib.util import find_spec

from django.apps import apps

CREDENTIALS = "flinkci_dashboard.credential_tile"


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


def tiles(now: datetime) -> list[Tile]:
    """Return the tiles of all apps, in the order of INSTALLED_APPS."""
    names = [f"{config.name}.tiles" for config in apps.get_app_configs() if config.name != "flinkci_dashboard"]
    modules = [import_module(name) for name in names if name.count(".") == 1 and find_spec(name)]
    return [tile for module in (*modules, import_module(CREDENTIALS)) for tile in module.tiles(now)]
