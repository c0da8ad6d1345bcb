"""What apps tell of a branch on its page, by a module `releases` with `facts(branch, now) -> list[Fact]`. PURE"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Fact:
    """One thing that is so of a branch."""

    name: str
    state: str  # of its badge
    label: str
    words: str = ""
    since: datetime | None = None
    url: str = ""
