"""GitHub's answers → pull requests, comments and commits as values."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flinkci_dashboard.clients.git.commits import CommitFacts

SHA = re.compile(r"[0-9a-f]{40}")
MAX_NUMBER = 2**31 - 1  # a pull request's
MAX_ID = 2**63 - 1


@dataclass(frozen=True)
class Account:
    """Who wrote something, and how GitHub says that they stand to the repository. No text of theirs is part of it."""

    id: int  # stays when an account is renamed; 0 where it was deleted, or is not told
    association: str  # OWNER, MEMBER, COLLABORATOR, CONTRIBUTOR, NONE …; "" where it is not told
    is_bot: bool


@dataclass(frozen=True)
class PullFacts:
    """A pull request as GitHub describes it now. Times are aware, UTC."""

    number: int
    title: str
    author: str  # "" when the account was deleted
    draft: bool
    base: str
    head_sha: str
    head_label: str
    head_repository: str  # owner/name of the fork; "" when it was deleted
    is_open: bool
    labels: tuple[str, ...]
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    merged_at: datetime | None
    account: Account  # the author's


@dataclass(frozen=True)
class CommentFacts:
    """A comment in the conversation of an issue or a pull request."""

    id: int
    number: int
    author: str  # "" when the account was deleted
    body: str
    created_at: datetime
    updated_at: datetime
    account: Account  # the author's


@dataclass(frozen=True)
class FileFacts:
    """A file that a pull request changes: its name, and the one before where it was moved."""

    names: tuple[str, ...]
    sha: str  # the head that it was compared at; "" where GitHub does not tell


@dataclass(frozen=True)
class ForkFacts:
    """Where a commit left a branch, and the paths that it changes since, as far as GitHub tells: 300."""

    sha: str
    at: datetime
    files: tuple[str, ...]


def read_pull(data: dict[str, Any]) -> PullFacts:
    """Read a pull request. Raises KeyError, TypeError or ValueError when it has not the shape of one."""
    head, base = data["head"], data["base"]
    if not SHA.fullmatch(head["sha"]):
        raise ValueError("a head that is no SHA")
    return PullFacts(
        number=_number(data["number"], MAX_NUMBER),
        title=text_of(data.get("title"))[:500],
        author=_login(data.get("user")),
        draft=bool(data.get("draft")),
        base=text_of(base.get("ref"))[:255],
        head_sha=head["sha"],
        head_label=text_of(head.get("label") or head.get("ref"))[:300],
        head_repository=text_of((head.get("repo") or {}).get("full_name"))[:140],
        is_open=data["state"] == "open",
        labels=tuple(text_of(label.get("name")) for label in data.get("labels") or [] if isinstance(label, dict)),
        created_at=_needed_time(data["created_at"]),
        updated_at=_needed_time(data["updated_at"]),
        closed_at=_time(data.get("closed_at")),
        merged_at=_time(data.get("merged_at")),
        account=_account(data),
    )


def read_comment(data: dict[str, Any]) -> CommentFacts:
    """Read a comment. Raises KeyError, TypeError or ValueError when it has not the shape of one."""
    return CommentFacts(
        id=_number(data["id"], MAX_ID),
        number=_number(str(data["issue_url"]).rpartition("/")[2], MAX_NUMBER),
        author=_login(data.get("user")),
        body=text_of(data.get("body")),
        created_at=_needed_time(data["created_at"]),
        updated_at=_needed_time(data.get("updated_at") or data["created_at"]),
        account=_account(data),
    )


def read_commit(data: dict[str, Any]) -> CommitFacts:
    """Read a commit."""
    told = data["commit"]
    subject = text_of(told.get("message")).partition("\n")[0]
    author, committer = told.get("author") or {}, told.get("committer") or {}
    return CommitFacts(text_of(data["sha"]), text_of(author.get("name")), _time(committer.get("date")), subject)


def read_fork(data: dict[str, Any]) -> ForkFacts:
    """Read a comparison of a branch with a commit. Raises KeyError, TypeError or ValueError where it is none."""
    fork = data["merge_base_commit"]
    if not SHA.fullmatch(fork["sha"]):
        raise ValueError("a merge base that is no SHA")
    files = [text_of(each.get("filename")) for each in data.get("files") or [] if isinstance(each, dict)]
    return ForkFacts(fork["sha"], _needed_time(fork["commit"]["committer"]["date"]), tuple(filter(None, files)))


def text_of(value: Any) -> str:
    """Return a text; "" for what is not told."""
    return str(value or "")


def _number(value: Any, most: int) -> int:
    if not 0 < int(value) <= most:
        raise ValueError("a number that no such thing has")
    return int(value)


def read_file(data: dict[str, Any]) -> FileFacts:
    """Read one changed file of a pull request."""
    address = urlsplit(text_of(data.get("contents_url")))
    names = (text_of(data["filename"]), text_of(data.get("previous_filename")))
    return FileFacts(tuple(name for name in names if name), dict(parse_qsl(address.query)).get("ref", ""))


def _account(data: dict[str, Any]) -> Account:
    user = data.get("user")
    known = user if isinstance(user, dict) else {}
    number = known.get("id")
    return Account(
        id=number if isinstance(number, int) and 0 < number <= MAX_ID else 0,
        association=text_of(data.get("author_association")).upper()[:24],
        is_bot=text_of(known.get("type")) == "Bot",
    )


def _login(user: Any) -> str:
    return text_of(user.get("login"))[:100] if isinstance(user, dict) else ""


def _time(value: Any) -> datetime | None:
    return _needed_time(value) if value else None


def _needed_time(value: Any) -> datetime:
    return datetime.fromisoformat(str(value)).astimezone(UTC)
