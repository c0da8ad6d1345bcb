"""Who wrote a commit, and when: as `git log` tells it, and as GitHub does, too."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from flinkci_dashboard.clients.git.errors import printable

LAYOUT = "--format=%H%x00%an%x00%ct%x00%s"
WITH_PATHS = "--format=%x01%H%x00%an%x00%ct%x00%s%x00"  # before the paths that each commit changes


@dataclass(frozen=True)
class CommitFacts:
    """Who wrote a commit, and when it came to be: None where it holds nonsense."""

    sha: str
    author: str
    committed_at: datetime | None
    subject: str


@dataclass(frozen=True)
class FileChange:
    """A commit that changed a file."""

    path: str
    commit: CommitFacts


def read_changes(text: str) -> Iterator[FileChange]:
    """Read what `git log -z --name-only` with WITH_PATHS tells, in its order: the newest first."""
    for part in text.split("\x01")[1:]:
        sha, author, made, subject, *paths = part.split("\0")
        commit = _commit(sha, author, made, subject)
        yield from (FileChange(path.lstrip("\n"), commit) for path in paths if path.strip())


def read_log(text: str) -> list[CommitFacts]:
    """Read the lines of LAYOUT."""
    return [_commit(*line.split("\0")) for line in text.split("\n") if line.count("\0") == 3]


def _commit(sha: str, author: str, made: str, subject: str) -> CommitFacts:
    return CommitFacts(sha, printable(author), _time(made), printable(subject))


def _time(seconds: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return None
