"""What can go wrong with git, told apart from its exit status and words (LC_ALL=C), each with a remedy."""

import re
import shutil
from pathlib import Path

from flinkci_dashboard.clients.errors import (
    NotAuthorizedError,
    NotFoundError,
    RefusedError,
    ServiceError,
    UnavailableError,
)
from flinkci_dashboard.clients.secrets import mask

MAX_WORDS = 600  # characters of the other side's words that a message repeats


class GitMissing(ServiceError):
    """There is no git program on this machine."""


class TimedOut(UnavailableError):
    """The repository kept silent, or the work took longer than allowed; the command was ended."""


class RemoteMissing(NotFoundError):
    """There is no such repository, or it has moved, or the token may not see it."""


class MissingRefError(NotFoundError):
    """The repository has not one of the refs that were asked for."""

    def __init__(self, ref: str) -> None:
        super().__init__(f"There is no {ref}.")
        self.ref = ref


class DiskFull(ServiceError):
    """There was no space left for the cached repository."""


class CacheInUse(ServiceError):
    """A git process that can't be ended still works on the cached repository."""


class CacheCorrupt(ServiceError):
    """The cached repository is damaged: it has to be made anew."""


NO_SPACE = re.compile(r"No space left on device|Disk quota exceeded|File too large", re.I)
REFUSED_TOKEN = re.compile(
    r"could not read (Username|Password)|terminal prompts disabled|Authentication failed|returned error: 40[13]"
    r"|Permission to .* denied|Invalid username or|Bad credentials",
    re.I,
)
MISSING = re.compile(r"repository '.*' not found|returned error: (404|410|30[1278])|Repository not found", re.I)
UNREACHABLE = re.compile(
    r"Could not resolve|Failed to connect|Couldn't connect|Connection (refused|reset|timed out|was closed)"
    r"|returned error: (429|5\d\d)|Recv failure|Send failure|Empty reply|Operation (too slow|timed out)|SSL|gnutls|TLS"
    r"|early EOF|unexpected disconnect|hung up unexpectedly|RPC failed|transfer closed|bad line length"
    r"|expected flush|invalid server response|did not find .*packet|Problem with|curl \d+|unable to access"
    r"|Cannot access URL|git-http-(push|fetch) failed|info/refs not valid",  # what is no answer of git's own protocol
    re.I,
)
CORRUPT = re.compile(
    r"not a git repository|is corrupt|bad (packed )?object|missing (blob|tree|commit|tag|object)|unable to read"
    r"|does not match index|cannot be accessed|not a valid object|does not point to a valid object"
    r"|bad (config|tree object|object header)|could not (parse|read) (commit|object|[0-9a-f]{40})"
    r"|failed to (traverse|read object|parse)|did not send all necessary objects|object file .* is empty"
    r"|unable to (find|unpack|parse|resolve reference)|unknown object type|revision walk setup",
    re.I,
)
REPEATED = re.compile(r"^(hint:|\s*$)|^(error: failed to push some refs|fatal: the remote end hung up)", re.I)
VARIES = re.compile(r" after \d+ m?s\b")


def classify(stderr: str, repository: str, *, authenticated: bool, folder: Path | None = None) -> ServiceError:
    """Return the error for what a failed command wrote; `folder` is where it worked, if it had a cached repository.

    Without a sign of anything else it is RefusedError for a command that spoke to a repository.
    """
    own = "\n".join(line for line in stderr.splitlines() if not line.startswith("remote:"))
    words = words_of(stderr)
    if NO_SPACE.search(own):
        return DiskFull(no_space(folder or Path("/")))
    if REFUSED_TOKEN.search(stderr):
        return NotAuthorizedError(_not_authorized(repository, words, authenticated))
    if MISSING.search(stderr):
        return RemoteMissing(
            f"{repository} is not there: it has been renamed or deleted, or the token may not see it. "
            f"Correct the repository's name, or the token. ({words})"
        )
    if folder and CORRUPT.search(own):
        return CacheCorrupt(f"The cached repository {folder.name} is damaged. ({words})")
    if UNREACHABLE.search(own):
        return UnavailableError(f"{repository} can't be reached; every pass tries again. ({words})")
    return RefusedError(f"{repository} said: {words}")


def no_space(folder: Path) -> str:
    """Say that the disk of `folder` is full, how much is free, and what to do."""
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free / 1e6
    return f"No space left for {folder} ({free:,.0f} MB free). Free some, or move DATA_DIR; the next pass goes on."


def words_of(stderr: str) -> str:
    """Return what git and the other side said, in one masked line without progress, hints and changing figures."""
    lines = [line.split("\r")[-1].strip() for line in stderr.splitlines()]
    lines = [line for line in lines if not REPEATED.search(line) and not re.search(r":\s+\d+%|, done\.$", line)]
    text = " ".join(dict.fromkeys(lines)) or "no reason given"
    return mask(VARIES.sub("", printable(text)))[:MAX_WORDS]


def printable(text: str) -> str:
    """Return text from outside without what a database or a page would stumble over: NUL, controls, bidi overrides."""
    return "".join(character if character.isprintable() else " " for character in text)


def _not_authorized(repository: str, words: str, authenticated: bool) -> str:
    if authenticated:
        return (
            f"{repository} refused the GitHub token. Store one that is valid and may write there "
            f"(classic: scopes repo and workflow). ({words})"
        )
    return f"{repository} wants a GitHub token, or does not exist. Store a token, or correct the name. ({words})"
