"""GitHub's pull requests, comments and reactions. Values out, simple verbs in."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, Self, TypeVar
from urllib.parse import parse_qsl, quote

from django.conf import settings

from flinkci_dashboard.clients.errors import NotFoundError, UnavailableError
from flinkci_dashboard.clients.git.commits import CommitFacts
from flinkci_dashboard.clients.github.http import PATIENCE, Answer, Quota, TooDeepError, Transport
from flinkci_dashboard.clients.github.reading import (
    CommentFacts,
    FileFacts,
    ForkFacts,
    PullFacts,
    read_comment,
    read_commit,
    read_file,
    read_fork,
    read_pull,
    text_of,
)
from flinkci_dashboard.clients.secrets import fingerprint, token

PAGE = 100
UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, OverflowError)


Facts = TypeVar("Facts")


@dataclass(frozen=True)
class Page(Generic[Facts]):
    """One page of a list; `changed` is False when it is what the ETag stands for, and then it holds nothing."""

    items: tuple[Facts, ...]
    etag: str
    next: str = ""  # where the list goes on, to be handed in as `at`; "" at its end
    changed: bool = True
    unreadable: int = 0  # items that have not the shape of such a thing

    @property
    def has_next(self) -> bool:
        """Tell whether the list goes on."""
        return bool(self.next)


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

    def now(self) -> datetime:
        """Return the time by GitHub's clock, as its answers tell it; marks in its lists are set by that."""
        return self._http.now()

    def token_fingerprint(self) -> str:
        """Return what tells this token, with what it may do now, from others; "" without one.

        A classic token's scopes are changed in place. Each answer names them: ask after the first one.
        """
        return _fingerprint(self._http.token, *sorted(self._http.scopes or ()))

    def login(self) -> str:
        """Return whose token it is."""
        data = self._http.get("/user").data
        return text_of(data.get("login")) if isinstance(data, dict) else ""

    # Pull requests -----------------------------------------------------------------------------

    def pulls(
        self, state: str, sort: str, direction: str, page: int = 1, etag: str = "", at: str = ""
    ) -> Page[PullFacts]:
        """List pull requests, 100 on a page; `state`: open, closed, all; `sort`: created, updated.

        `at` is the `next` of the page before, and goes before `page`. Deep pages have cursors instead of numbers:
        those that are asked for by number raise TooDeepError.
        """
        query = {"state": state, "sort": sort, "direction": direction, "per_page": PAGE} | _place(page, at)
        return _page(self._http.get(f"{self._path}/pulls", query, etag), read_pull)

    def pull(self, number: int) -> PullFacts:
        """Return one pull request; raises NotFoundError when there is none of that number."""
        return _one(self._http.get(f"{self._path}/pulls/{int(number)}"), read_pull)

    def files(self, number: int) -> list[FileFacts]:
        """Return what a pull request changes, as far as GitHub tells: 3,000 files.

        One that can't be read raises UnavailableError: none may be overlooked.
        """
        found: list[FileFacts] = []
        at = ""
        while True:
            query = {"per_page": PAGE} | _place(1, at)
            page = _page(self._http.get(f"{self._path}/pulls/{int(number)}/files", query), read_file)
            if page.unreadable:
                raise UnavailableError(f"GitHub tells of {page.unreadable} files in a form that can't be read.")
            found += page.items
            if page.next in ("", at):
                return found
            at = page.next

    def commit(self, sha: str) -> CommitFacts:
        """Return who wrote a commit; raises NotFoundError when there is none of that name."""
        return _one(self._http.get(f"{self._path}/commits/{sha}", {"per_page": 1}), read_commit)

    def history(self, sha: str) -> tuple[CommitFacts, ...]:
        """Return who wrote a commit, and up to 99 before it, the newest first; NotFoundError when there is none."""
        answer = self._http.get(f"{self._path}/commits", {"sha": sha, "per_page": 100})
        found = _page(answer, read_commit).items
        if not found or found[0].sha != sha:
            raise NotFoundError(f"GitHub lists no history of {sha}.")
        return found

    def fork(self, branch: str, sha: str) -> ForkFacts:
        """Return where a commit left a branch; raises NotFoundError where one of them is not there."""
        path = f"{self._path}/compare/{quote(branch, safe='')}...{quote(sha, safe='')}"
        return _one(self._http.get(path, {"per_page": 1}), read_fork)

    # Comments ----------------------------------------------------------------------------------

    def comments_since(self, since: datetime, etag: str = "", at: str = "", asc: bool = False) -> Page[CommentFacts]:
        """List the comments of all conversations that were written or edited since then, the newest change first.

        All pages of one question have the same `since`; `at` is the `next` of the page before.
        """
        order = {"sort": "updated", "direction": "asc" if asc else "desc"}
        query = {"since": _stamp(since), "per_page": PAGE} | order | _place(1, at)
        return _page(self._http.get(f"{self._path}/issues/comments", query, etag), read_comment)

    def conversation(self, number: int) -> list[CommentFacts]:
        """Return all comments of one pull request, oldest first.

        Where GitHub does not list so deeply, the list goes on with what was written since the last comment.
        """
        found: dict[int, CommentFacts] = {}
        at, since = "", dict[str, str]()
        while True:
            query = {"per_page": PAGE} | since | _place(1, at)
            try:
                part = _page(self._http.get(f"{self._path}/issues/{int(number)}/comments", query), read_comment)
            except TooDeepError:
                latest = {"since": _stamp(max(comment.created_at for comment in found.values()))} if found else {}
                if latest == since:
                    raise
                at, since = "", latest
                continue
            found |= {comment.id: comment for comment in part.items}
            if part.next in ("", at):
                return list(found.values())
            at = part.next

    def comment(self, comment_id: int, etag: str = "") -> tuple[CommentFacts | None, str]:
        """Return a comment and its ETag; None when it is unchanged. Raises NotFoundError when it was deleted."""
        answer = self._http.get(f"{self._path}/issues/comments/{int(comment_id)}", etag=etag)
        return (None, answer.etag or etag) if answer.unchanged else (_one(answer, read_comment), answer.etag)

    def create_comment(self, number: int, body: str) -> tuple[CommentFacts, str]:
        """Write a comment; returns it with its ETag. After UnavailableError look at the conversation first."""
        answer = self._http.write("POST", f"{self._path}/issues/{int(number)}/comments", {"body": body})
        return _one(answer, read_comment), answer.etag

    def update_comment(self, comment_id: int, body: str) -> tuple[CommentFacts, str]:
        """Change a comment of our own; returns it with its ETag. Raises NotFoundError when it was deleted."""
        answer = self._http.write("PATCH", f"{self._path}/issues/comments/{int(comment_id)}", {"body": body})
        return _one(answer, read_comment), answer.etag

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
    """Return what tells the current token from another one, and says nothing about it; "" without one.

    What the token may do is not part of it, since GitHub is not asked: see `GitHub.token_fingerprint`.
    """
    return _fingerprint(token("github"))


def _fingerprint(secret: str | None, *scopes: str) -> str:
    return fingerprint(" ".join([secret, *scopes])) if secret else ""


def _page(answer: Answer, read: Callable[[dict[str, Any]], Facts]) -> Page[Facts]:
    """Read a list. One item that can't be read must not hide the others: it is counted."""
    if answer.unchanged:
        return Page((), "", changed=False)
    if not isinstance(answer.data, list):
        raise UnavailableError("GitHub answers something that is no list.")
    found: list[Facts] = []
    for each in answer.data:
        try:
            found.append(read(each))
        except UNREADABLE:
            continue  # the difference to what came is told
    return Page(tuple(found), answer.etag, answer.next, unreadable=len(answer.data) - len(found))


def _one(answer: Answer, read: Callable[[dict[str, Any]], Facts]) -> Facts:
    try:
        return read(answer.data)
    except UNREADABLE as error:
        raise UnavailableError(f"GitHub answers something unusable ({type(error).__name__}).") from error


def _place(page: int, at: str) -> dict[str, Any]:
    return dict(parse_qsl(at)) if at else {"page": page}


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
