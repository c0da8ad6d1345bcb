"""What GitHub keeps: pull requests, comments and labels."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass
class Comment:
    """A comment in a pull request's conversation. `login` is None when its author's account was deleted."""

    id: int
    number: int
    login: str | None
    body: str
    created_at: datetime
    updated_at: datetime
    reactions: dict[tuple[str, str], int] = field(default_factory=dict)  # (login, content) → id


@dataclass
class Pull:
    """A pull request as GitHub keeps it."""

    number: int
    title: str
    login: str | None
    head: str
    base: str
    created_at: datetime
    updated_at: datetime
    branch: str = "patch"
    draft: bool = False
    base_sha: str = "0" * 40
    closed_at: datetime | None = None
    merged_at: datetime | None = None
    labels: list[str] = field(default_factory=list)
    body: str | None = None

    @property
    def state(self) -> str:
        """Return "open" or "closed", as the API does for merged ones too."""
        return "closed" if self.closed_at else "open"


@dataclass(frozen=True)
class Change:
    """A file that a pull request changes."""

    name: str
    status: str  # added, modified, removed, renamed
    blob: str
    former: str = ""  # its name before, where it was moved


@dataclass
class Label:
    """A label of the repository."""

    id: int
    name: str
    color: str = "ededed"
    description: str | None = None
