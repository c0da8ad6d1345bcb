"""Pull requests, comments, reactions and labels: their state, and the verbs that move it."""

import copy
import itertools
import threading
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from flinkci_dashboard.sandbox.clock import Clock
from flinkci_dashboard.sandbox.git.repositories import AUTHOR, Repositories
from flinkci_dashboard.sandbox.github.accounts import Accounts
from flinkci_dashboard.sandbox.github.data import Change, Comment, Label, Pull

BOT = "flinkbot"
STATUSES = {"A": "added", "D": "removed", "R": "renamed"}  # of a changed file, by git's letter
LAGGING = "refs/internal/pull/"  # where heads are that refs/pull/ does not show yet


class Pulls:
    """The pull requests of one repository."""

    def __init__(self, repo: str, repositories: Repositories, clock: Clock) -> None:
        self.repo = repo
        self.repositories = repositories
        self.clock = clock
        self.lock = threading.RLock()
        self.by_number: dict[int, Pull] = {}
        self.comments: dict[int, Comment] = {}
        self.by_pull: dict[int, list[int]] = {}
        self.review_comments: list[Comment] = []
        self.labels: dict[str, Label] = {}  # by name in lower case
        self.accounts = Accounts()
        self.hidden: set[int] = set()  # whose author is banned: 404 wherever they are asked for by number
        self.unlisted: set[int] = set()  # of those, the ones that lists leave out too
        self.blocking: set[str | None] = set()  # logins that have blocked the bot
        self.refs_lag = False  # whether refs/pull/N/head stays behind what is pushed, until `refs_catch_up`
        self._ids = itertools.count(1_000_001)
        self._last = clock.now()
        self._events = 0
        self._orders: dict[tuple[str, str, str], tuple[int, list[Pull]]] = {}

    # Reading ---------------------------------------------------------------------------------

    def listed(self, state: str, sort: str, direction: str) -> list[Pull]:
        """Return pull requests in GitHub's order; an order is kept until something happens."""
        with self.lock:
            event, found = self._orders.get((state, sort, direction), (-1, []))
            if event != self._events:
                found = [pull for pull in self.by_number.values() if state in ("all", pull.state)]
                found = [pull for pull in found if pull.number not in self.unlisted]
                stamp = "updated_at" if sort == "updated" else "created_at"
                found.sort(key=lambda pull: (getattr(pull, stamp), pull.number), reverse=direction == "desc")
                self._orders[state, sort, direction] = self._events, found
            return found

    def conversation(self, number: int) -> list[Comment]:
        """Return the comments of one pull request, oldest first."""
        with self.lock:
            return [self.comments[id] for id in self.by_pull.get(number, []) if id in self.comments]

    def reports(self, number: int, login: str = BOT) -> list[Comment]:
        """Return one account's comments on a pull request."""
        return [comment for comment in self.conversation(number) if comment.login == login]

    def changes(self, number: int) -> list[Change]:
        """Return the files that differ between a pull request's head and where it left its base."""
        pull = self.by_number[number]
        tips = (f"{pull.base_sha}...{pull.head}", "--")
        told = self.repositories.git(self.repo, "diff", "--raw", "--find-renames", "--no-abbrev", "-z", *tips)
        return list(_changes(iter(told.strip("\0").split("\0")))) if told else []

    # Moving ----------------------------------------------------------------------------------

    def rename(self, login: str, to: str) -> None:
        """Give an account another login, on everything that it wrote."""
        with self.lock:
            self.accounts.rename(login, to)
            written: list[Pull | Comment] = [*self.by_number.values(), *self.comments.values()]
            for each in written:
                each.login = to if each.login == login else each.login
            self._events += 1

    def open(
        self,
        title: str = "[FLINK-38001][runtime] Fix something",
        login: str | None = "ada",
        base: str = "master",
        files: Mapping[str, str] | None = None,
        draft: bool = False,
        number: int = 0,
        body: str | None = None,
    ) -> int:
        """Open a pull request with one commit on top of its base; returns its number."""
        with self.lock:
            number = number or max(self.by_number, default=29_000) + 1
            parent = self.repositories.heads(self.repo)[base]
            head = self._commit(number, title, files, parent)
            now = self._tick()
            made = Pull(number, title, login, head, base, now, now, draft=draft, base_sha=parent, body=body)
            self.by_number[number] = made
            return number

    def push(self, number: int, files: Mapping[str, str] | None = None, force: bool = False) -> str:
        """Push one more commit, or with `force` one instead of the last; returns the new head's SHA."""
        with self.lock:
            pull = self.by_number[number]
            start = self.repositories.git(self.repo, "rev-parse", f"{pull.head}~1") if force else pull.head
            pull.head = self._commit(number, pull.title, files, start)
            pull.updated_at = self._tick()
            return pull.head

    def _commit(self, number: int, title: str, files: Mapping[str, str] | None, parent: str) -> str:
        ref = f"{LAGGING if self.refs_lag else 'refs/pull/'}{number}"
        return self.repositories.commit(self.repo, f"{ref}/head", title, AUTHOR, files, parent, merge=f"{ref}/merge")

    def refs_catch_up(self) -> None:
        """Let refs/pull/N/head be where the API has had each head for a while."""
        with self.lock:
            self.refs_lag = False
            late = self.repositories.refs(self.repo, LAGGING)
            self.repositories.set_refs(self.repo, {f"refs/pull/{name}": sha for name, sha in late.items()})
            for name in late:
                self.repositories.delete_ref(self.repo, f"{LAGGING}{name}")

    def lose_ref(self, number: int) -> None:
        """Let refs/pull/N/head be missing, although its commit is there, until `refs_catch_up`."""
        with self.lock:
            head = self.by_number[number].head
            self.repositories.set_ref(self.repo, f"{LAGGING}{number}/head", head)
            self.repositories.delete_ref(self.repo, f"refs/pull/{number}/head")

    def set_head(self, number: int, sha: str) -> None:
        """Force a pull request to a commit that it had before, or that is anywhere in the repository."""
        with self.lock:
            pull = self.by_number[number]
            ref = f"{LAGGING if self.refs_lag else 'refs/pull/'}{number}/head"
            self.repositories.set_ref(self.repo, ref, sha)
            pull.head, pull.updated_at = sha, self._tick()

    def hide(self, number: int, listed: bool = True) -> None:
        """Let GitHub hide a pull request, whose author it has banned: lists may have it for a while."""
        with self.lock:
            self.hidden.add(number)
            self.unlisted |= set() if listed else {number}
            self._events += 1

    def show(self, number: int) -> None:
        """Let a hidden pull request be seen again."""
        with self.lock:
            self.hidden.discard(number)
            self.unlisted.discard(number)
            self._events += 1

    def remembered(self) -> "Pulls":
        """Return all this as it is, without the repository: nothing moves there any more."""
        with self.lock:
            then = copy.copy(self)
            then.by_number, then.comments = copy.deepcopy((self.by_number, self.comments))
            then.by_pull, then.labels = copy.deepcopy((self.by_pull, self.labels))
            then.hidden, then.unlisted, then._orders = set(self.hidden), set(self.unlisted), {}
            return then

    def merge(self, number: int) -> str:
        """Land a pull request as one commit on its base, as Flink's committers do; returns the base's new head."""
        with self.lock:
            pull = self.by_number[number]
            message = f"{pull.title}\n\nThis closes #{number}.\n"
            sha = self.repositories.commit(self.repo, f"refs/heads/{pull.base}", message)
            self.close(number, merge=True)
            return sha

    def many(self, opened: int, closed: int, start: int = 1) -> None:
        """Make pull requests in bulk: closed ones first, then open ones, each with a head of its own if it is open."""
        with self.lock:
            base = self.repositories.heads(self.repo)["master"]
            heads = self.repositories.many_commits(self.repo, [start + closed + n for n in range(opened)], base)
            old = self.clock.now() - timedelta(days=400)
            for number in range(start, start + closed + opened):
                at = old + timedelta(minutes=number)
                title = f"[FLINK-{number % 9000 + 30000}][tests] Change number {number}"
                pull = Pull(number, title, "ada", heads.get(number, base), "master", at, at)
                if number < start + closed:
                    pull.closed_at = at
                self.by_number[number] = pull
            self._events += 1

    def close(self, number: int, merge: bool = False) -> None:
        """Close a pull request, merged or not."""
        with self.lock:
            pull = self.by_number[number]
            pull.closed_at = pull.updated_at = self._tick()
            pull.merged_at = pull.closed_at if merge else None

    def reopen(self, number: int) -> None:
        """Open a closed pull request again."""
        with self.lock:
            pull = self.by_number[number]
            pull.closed_at, pull.updated_at = None, self._tick()

    def edit(self, number: int, title: str | None = None, draft: bool | None = None) -> None:
        """Change the title, or make it a draft or not."""
        with self.lock:
            pull = self.by_number[number]
            pull.title = pull.title if title is None else title
            pull.draft = pull.draft if draft is None else draft
            pull.updated_at = self._tick()

    def recall(self, pull: Pull) -> None:
        """Add a pull request of the past, as it is by now."""
        with self.lock:
            self.by_number[pull.number] = pull
            self._events += 1

    def comment(self, number: int, body: str, login: str | None = "ada", at: datetime | None = None) -> int:
        """Write a comment, now or at a time in the past; returns its id."""
        with self.lock:
            now = at or self._tick()
            comment = Comment(next(self._ids), number, login, body, now, now)
            self.comments[comment.id] = comment
            self.by_pull.setdefault(number, []).append(comment.id)
            pull = self.by_number[number]
            pull.updated_at = max(pull.updated_at, now)
            self._events += 1
            return comment.id

    def comments_at_once(self, number: int, bodies: Iterable[str], login: str | None = "ada") -> list[int]:
        """Write many comments within one second; returns their ids."""
        with self.lock:
            at = self._tick()
            return [self.comment(number, body, login, at) for body in bodies]

    def review_comment(self, number: int, body: str, login: str | None = "ada") -> int:
        """Write a comment on the code, which is no part of the conversation; returns its id."""
        with self.lock:
            now = self._tick()
            self.review_comments.append(Comment(next(self._ids), number, login, body, now, now))
            self.by_number[number].updated_at = now
            return self.review_comments[-1].id

    def edit_comment(self, id: int, body: str) -> None:
        """Change a comment's text; GitHub moves the comment's time, not the pull request's."""
        with self.lock:
            comment = self.comments[id]
            comment.body, comment.updated_at = body, self._tick()

    def delete_comment(self, id: int) -> None:
        """Delete a comment."""
        with self.lock:
            del self.comments[id]
            self._tick()

    def react(self, id: int, login: str, content: str) -> tuple[int, bool]:
        """React to a comment; returns the reaction's id and whether it is new."""
        with self.lock:
            reactions = self.comments[id].reactions
            new = (login, content) not in reactions
            return reactions.setdefault((login, content), next(self._ids)), new

    def create_label(self, name: str, color: str = "ededed", description: str | None = None) -> Label:
        """Add a label to the repository."""
        with self.lock:
            return self.labels.setdefault(name.casefold(), Label(next(self._ids), name, color, description))

    def add_labels(self, number: int, names: Iterable[str]) -> None:
        """Put labels on a pull request; unknown ones are made on the way, in grey, as GitHub does."""
        with self.lock:
            pull = self.by_number[number]
            for name in names:
                label = self.create_label(name)
                if label.name not in pull.labels:
                    pull.labels.append(label.name)
                    pull.updated_at = self._tick()

    def remove_label(self, number: int, name: str) -> None:
        """Take a label off. Raises KeyError when the pull request has none of that name."""
        with self.lock:
            pull = self.by_number[number]
            kept = [label for label in pull.labels if label.casefold() != name.casefold()]
            if kept == pull.labels:
                raise KeyError(name)
            pull.labels, pull.updated_at = kept, self._tick()

    def _tick(self) -> datetime:
        """Return the time of an event, in whole seconds as GitHub's, and later than the last: orders are sure."""
        self._events += 1
        self._last = max(self._last + timedelta(seconds=1), self.clock.now().replace(microsecond=0))
        return self._last


def _changes(fields: Iterator[str]) -> Iterator[Change]:
    """Read `git diff --raw -z`: ":modes blobs status", then a name, or two of them for what was moved."""
    for head in fields:
        *_, blob, status = head.split(" ")
        name = next(fields)
        moved = status.startswith("R")
        yield Change(next(fields) if moved else name, STATUSES.get(status[0], "modified"), blob, name if moved else "")
