"""Who wrote a commit, and when, as `git log` tells it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from flinkci_dashboard.clients.git.errors import printable

LAYOUT = "--format=%H%x00%an%x00%ct%x00%s"
WITH_PATHS = "--format=%x01%H%x00%an%x00%ct%x00%s%x00"  # before the paths that each commit changes


@dataclass(frozen=True)
class Commit:
    """Who wrote a commit and when it came to be: None when the commit holds nonsense."""

    author: str
    committed_at: datetime | None
    subject: str


@dataclass(frozen=True)
class FileChange:
    """A commit that changed a file."""

    path: str
    sha: str
    commit: Commit


def read_changes(text: str) -> Iterator[FileChange]:
    """Read what `git log -z --name-only` with WITH_PATHS tells, in its order: the newest first."""
    for part in text.split("\x01")[1:]:
        sha, author, made, subject, *paths = part.split("\0")
        commit = Commit(printable(author), _time(made), printable(subject))
        yield from (FileChange(path.lstrip("\n"), sha, commit) for path in paths if path.strip())


def read_log(text: str) -> dict[str, Commit]:
    """Read the lines of LAYOUT: {SHA: Commit}."""
    fields = (line.split("\0") for line in text.split("\n") if line.count("\0") == 3)
    return {sha: Commit(printable(author), _time(made), printable(subject)) for sha, author, made, subject in fields}


def _time(seconds: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return None
