"""Who wrote a commit, and when, as `git log` tells it."""

from dataclasses import dataclass
from datetime import UTC, datetime

from flinkci_dashboard.clients.git.errors import printable

LAYOUT = "--format=%H%x00%an%x00%ct%x00%s"


@dataclass(frozen=True)
class Commit:
    """Who wrote a commit and when it came to be: None when the commit holds nonsense."""

    author: str
    committed_at: datetime | None
    subject: str


def read_log(text: str) -> dict[str, Commit]:
    """Read the lines of LAYOUT: {SHA: Commit}."""
    fields = (line.split("\0") for line in text.split("\n") if line.count("\0") == 3)
    return {sha: Commit(printable(author), _time(made), printable(subject)) for sha, author, made, subject in fields}


def _time(seconds: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return None
