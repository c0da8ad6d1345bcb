"""One search over everything: each app has a module `search` with `search(query) -> list[Group]`, found by its name."""

from dataclasses import dataclass, field

from flinkci_dashboard.parts import parts

MOST = 10  # hits of a group that are shown
SHORTEST = 2  # characters; one digit or letter is in nearly everything


@dataclass(frozen=True)
class Hit:
    """One thing that was found: what it is called, what tells it from others, and where it is."""

    title: str
    url: str
    note: str = ""
    exact: bool = False  # it is just what was asked for, not only something that contains it


@dataclass(frozen=True)
class Group:
    """Things of one kind, and where all of them are listed."""

    title: str
    hits: list[Hit] = field(default_factory=list)
    more: str = ""  # address of the whole list, when there are more


def look_for(query: str) -> list[Group]:
    """Return what matches, by kind; kinds without a hit are left out."""
    text = query.strip().replace("\0", "")
    if len(text) < SHORTEST and not text.isdecimal():
        return []
    return [group for part in parts("search") for group in part.search(text) if group.hits]


def only_one(groups: list[Group]) -> Hit | None:
    """Return the hit that needs no choice: the single exact one, else the single one."""
    hits = [hit for group in groups for hit in group.hits]
    exact = [hit for hit in hits if hit.exact]
    chosen = exact or hits
    return chosen[0] if len(chosen) == 1 else None
