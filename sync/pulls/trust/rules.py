"""Whose code may run without anybody's word, who may give that word, and for which commit. PURE"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase

# GitHub's `author_association`, which it derives from memberships and commits, never from what somebody writes.
APPROVE = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})
RUN = APPROVE | {"CONTRIBUTOR"}  # a contributor has a commit in the repository
MOST_FILES = 3000  # GitHub tells of no more: what comes after them nobody has seen
NAMED = 3  # files that a sentence names
UNREAD = "its changed files have not been read yet"


@dataclass(frozen=True)
class Account:
    """An account of GitHub, and how it stands to the repository."""

    id: int  # 0 where GitHub does not tell it
    login: str
    association: str
    is_bot: bool = False

    def same_as(self, id: int | None, login: str) -> bool:
        """Tell whether a record is about this account: by its number, by its login only where there is no number.

        A login that was given up may be somebody else's by now. A deleted account is nobody's.
        """
        if id or self.id:
            return id == self.id
        return bool(login) and login.casefold() == self.login.casefold()


@dataclass(frozen=True)
class HeadFacts:
    """What is known of a head and of who wrote it."""

    author: Account
    merged: bool = False  # a pull request of the author's was merged
    trusted: bool = False  # somebody vouched for the author
    approved: bool = False  # somebody let this head run
    held_files: tuple[str, ...] | None = ()  # changed files that need an approval; None: not read yet


@dataclass(frozen=True)
class Hold:
    """Why a head waits for a person's word, in words that go on "it waits for approval: …"."""

    reason: str
    since: datetime | None = None
    observed: bool = False  # the gate only says so, and holds nothing


def hold_reason(facts: HeadFacts) -> str:
    """Return why a head may not run yet; "" when it may."""
    if facts.approved:
        return ""
    if not may_run(facts):
        return _stranger(facts.author)
    if facts.held_files is None:
        return UNREAD
    return f"it changes what decides how builds run ({named(facts.held_files)})" if facts.held_files else ""


def may_run(facts: HeadFacts) -> bool:
    """Tell whether an author's heads run without anybody's word."""
    return facts.author.association in RUN or facts.merged or facts.trusted


def may_approve(account: Account, listed: bool) -> bool:
    """Tell whether an account may let others' heads run. A bot may only when an admin has listed it."""
    return listed or (account.association in APPROVE and not account.is_bot)


def held_files(names: Iterable[str], patterns: Iterable[str]) -> list[str]:
    """Return the changed files that an approval is needed for."""
    wanted = list(patterns)
    return sorted({name for name in names if any(_matches(name, pattern) for pattern in wanted)})


def meant_head(head: str, told_at: datetime | None, written_at: datetime, edited: bool) -> str:
    """Return the head that an approval which names none is for; "" where that is not sure.

    It is the head that GitHub showed before the comment was written. All times are GitHub's: a comment moves its pull
    request's `updated_at`, so that an answer with a head that came after the comment bears a time no earlier than it.
    An edit moves only the comment's own time: what was edited into an approval has to name its commit.
    """
    known_before = told_at is not None and written_at > told_at
    return head if known_before and not edited else ""


def named(files: Iterable[str]) -> str:
    """Name a few files, and count the rest."""
    found = list(files)
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return ", ".join(found[:NAMED]) + more


def _stranger(author: Account) -> str:
    if not author.association and author.login:
        return "GitHub has not said yet how its author stands to the project"
    who = f"its author {author.login}" if author.login else "its author, whose account is gone,"
    return f"{who} is no member, has nothing merged here, and nobody has vouched for them"


def _matches(name: str, pattern: str) -> bool:
    """Compare as .gitignore does: a slash before the end ties a pattern to the top; all below what fits, fits too.

    Something of the name of a folder fits as well: it may be a link in its place.
    """
    parts, wanted = name.split("/"), pattern.strip("/").split("/")
    starts = [0] if "/" in pattern.rstrip("/") else range(len(parts))
    return any(_fits(parts[start:], wanted) for start in starts)


def _fits(parts: list[str], wanted: list[str]) -> bool:
    return len(parts) >= len(wanted) and all(map(fnmatchcase, parts, wanted))
