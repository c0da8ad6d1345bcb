"""GitHub's pull requests, comments and reactions. Values out, simple verbs in."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, Self, TypeVar

from django.conf import settings

from flinkci_dashboard.clients.errors import NotFoundError, UnavailableError
from flinkci_dashboard.clients.github.http import PATIENCE, Answer, Quota, Transport
from flinkci_dashboard.clients.secrets import fingerprint, token

PAGE = 100
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # what a database does not take
SHA = re.compile(r"[0-9a-f]{40}")
UNREADABLE = (KeyError, TypeError, ValueError, AttributeError)


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
    is_open: bool
    labels: tuple[str, ...]
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    merged_at: datetime | None


@dataclass(frozen=True)
class CommentFacts:
    """A comment in the conversation of an issue or a pull request."""

    id: int
    number: int
    author: str  # "" when the account was deleted
    body: str
    created_at: datetime
    updated_at: datetime


Facts = TypeVar("Facts")


@dataclass(frozen=True)
class CommitFacts:
    """Who wrote a commit, and when it came to be."""

    sha: str
    author: str
    committed_at: datetime | None
    subject: str


@dataclass(frozen=True)
class Page(Generic[Facts]):
    """One page of a list; `changed` is False when it is what the ETag stands for, and then it holds nothing."""

    items: tuple[Facts, ...]
    etag: str
    has_next: bool
    changed: bool = True
    unreadable: int = 0  # items that have not the shape of such a thing


class GitHub:
    """One repository, seen by one account. Raises the errors of `clients.errors`. Make one for each pass and thread."""

    def __init__(self, transport: Transport, repository: str) -> None:
        self._http = transport
        self._path = f"/repos/{repository}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._http.close()

    @property
    def quota(self) -> Quota | None:
        """Return what is left of the hourly limit; None before the first answer."""
        return self._http.quota

    def login(self) -> str:
        """Return whose token it is."""
        data = self._http.get("/user").data
        return _text(data.get("login")) if isinstance(data, dict) else ""

    # Pull requests -----------------------------------------------------------------------------

    def pulls(self, state: str, sort: str, direction: str, page: int = 1, etag: str = "") -> Page[PullFacts]:
        """List pull requests, 100 on a page; `state`: open, closed, all; `sort`: created, updated."""
        query = {"state": state, "sort": sort, "direction": direction, "per_page": PAGE, "page": page}
        return _page(self._http.get(f"{self._path}/pulls", query, etag), read_pull)

    def pull(self, number: int) -> PullFacts:
        """Return one pull request; raises NotFoundError when there is none of that number."""
        return _one(self._http.get(f"{self._path}/pulls/{int(number)}"), read_pull)

    def commit(self, sha: str) -> CommitFacts:
        """Return who wrote a commit; raises NotFoundError when there is none of that name."""
        return _one(self._http.get(f"{self._path}/commits/{sha}", {"per_page": 1}), read_commit)

    # Comments ----------------------------------------------------------------------------------

    def comments_since(self, since: datetime, page: int = 1, etag: str = "") -> Page[CommentFacts]:
        """List the comments of all conversations that were written or edited since then, newest change first."""
        query = {"since": _stamp(since), "sort": "updated", "direction": "desc", "per_page": PAGE, "page": page}
        return _page(self._http.get(f"{self._path}/issues/comments", query, etag), read_comment)

    def conversation(self, number: int) -> list[CommentFacts]:
        """Return all comments of one pull request, oldest first."""
        found: list[CommentFacts] = []
        page = 1
        while True:
            query = {"per_page": PAGE, "page": page}
            part = _page(self._http.get(f"{self._path}/issues/{int(number)}/comments", query), read_comment)
            found += part.items
            if not part.has_next:
                return found
            page += 1

    def comment(self, comment_id: int, etag: str = "") -> tuple[CommentFacts | None, str]:
        """Return a comment and its ETag; None when it is unchanged. Raises NotFoundError when it was deleted."""
        answer = self._http.get(f"{self._path}/issues/comments/{int(comment_id)}", etag=etag)
        return (None, answer.etag or etag) if answer.unchanged else (_one(answer, read_comment), answer.etag)

    def create_comment(self, number: int, body: str) -> CommentFacts:
        """Write a comment. After UnavailableError, look at the conversation before trying again."""
        return _one(
            self._http.write("POST", f"{self._path}/issues/{int(number)}/comments", {"body": body}), read_comment
        )

    def update_comment(self, comment_id: int, body: str) -> CommentFacts:
        """Change a comment of our own; raises NotFoundError when it was deleted."""
        path = f"{self._path}/issues/comments/{int(comment_id)}"
        return _one(self._http.write("PATCH", path, {"body": body}), read_comment)

    def delete_comment(self, comment_id: int) -> None:
        """Delete a comment of our own; that it is gone already is fine."""
        try:
            self._http.write("DELETE", f"{self._path}/issues/comments/{int(comment_id)}")
        except NotFoundError:
            return

    def react(self, comment_id: int, content: str) -> None:
        """React to a comment: +1, eyes, confused …; the same reaction twice is one."""
        self._http.write("POST", f"{self._path}/issues/comments/{int(comment_id)}/reactions", {"content": content})


def connect(repository: str, patience: float = PATIENCE) -> GitHub:
    """Return a repository of the configured GitHub; without a token, it is read as the public may.

    `patience` is how many seconds all waiting for the sake of limits may take.
    """
    return GitHub(Transport(settings.GITHUB_API_URL, token("github"), patience), repository)


def token_fingerprint() -> str:
    """Return what tells the current token from another one, and says nothing about it; "" without one."""
    secret = token("github")
    return fingerprint(secret) if secret else ""


def read_pull(data: dict[str, Any]) -> PullFacts:
    """Read a pull request. Raises KeyError, TypeError or ValueError when it has not the shape of one."""
    head, base = data["head"], data["base"]
    if not SHA.fullmatch(head["sha"]):
        raise ValueError("a head that is no SHA")
    return PullFacts(
        number=int(data["number"]),
        title=_text(data.get("title"))[:500],
        author=_login(data.get("user")),
        draft=bool(data.get("draft")),
        base=_text(base.get("ref"))[:255],
        head_sha=head["sha"],
        head_label=_text(head.get("label") or head.get("ref"))[:300],
        is_open=data["state"] == "open",
        labels=tuple(_text(label.get("name")) for label in data.get("labels") or [] if isinstance(label, dict)),
        created_at=_needed_time(data["created_at"]),
        updated_at=_needed_time(data["updated_at"]),
        closed_at=_time(data.get("closed_at")),
        merged_at=_time(data.get("merged_at")),
    )


def read_comment(data: dict[str, Any]) -> CommentFacts:
    """Read a comment. Raises KeyError, TypeError or ValueError when it has not the shape of one."""
    return CommentFacts(
        id=int(data["id"]),
        number=int(str(data["issue_url"]).rpartition("/")[2]),
        author=_login(data.get("user")),
        body=_text(data.get("body")),
        created_at=_needed_time(data["created_at"]),
        updated_at=_needed_time(data.get("updated_at") or data["created_at"]),
    )


def read_commit(data: dict[str, Any]) -> CommitFacts:
    """Read a commit."""
    told = data["commit"]
    subject = _text(told.get("message")).partition("\n")[0]
    author, committer = told.get("author") or {}, told.get("committer") or {}
    return CommitFacts(_text(data["sha"]), _text(author.get("name")), _time(committer.get("date")), subject)


def _page(answer: Answer, read: Callable[[dict[str, Any]], Facts]) -> Page[Facts]:
    """Read a list. One item that can't be read must not hide the others: it is counted."""
    if answer.unchanged:
        return Page((), "", False, changed=False)
    if not isinstance(answer.data, list):
        raise UnavailableError("GitHub answers something that is no list.")
    found: list[Facts] = []
    for each in answer.data:
        try:
            found.append(read(each))
        except UNREADABLE:
            continue  # the difference to what came is told
    return Page(tuple(found), answer.etag, answer.has_next, unreadable=len(answer.data) - len(found))


def _one(answer: Answer, read: Callable[[dict[str, Any]], Facts]) -> Facts:
    try:
        return read(answer.data)
    except UNREADABLE as error:
        raise UnavailableError(f"GitHub answers something unusable ({type(error).__name__}).") from error


def _text(value: Any) -> str:
    return UNSTORABLE.sub("\ufffd", str(value or ""))


def _login(user: Any) -> str:
    return _text(user.get("login"))[:100] if isinstance(user, dict) else ""


def _time(value: Any) -> datetime | None:
    return _needed_time(value) if value else None


def _needed_time(value: Any) -> datetime:
    return datetime.fromisoformat(str(value)).astimezone(UTC)


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
