"""What GitHub tells of pull requests, comments and branches → rows. A row that is right is not written."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from flinkci_dashboard.clients.github.reading import CommentFacts, PullFacts
from flinkci_dashboard.jobs.clocks import move_back
from flinkci_dashboard.models.writing import Changes
from flinkci_dashboard.names import head_of, ticket_in
from sync.models import CIBranch, CommandComment, PullRequest, ReportComment
from sync.pulls.commands import CommandText, find_command
from sync.pulls.report import is_report
from sync.pulls.trust.rules import meant_head
from sync.pulls.values import Waiting

OURS = "ci_"  # what a branch of the bot begins with
OPEN_TO_EDITS = (CommandComment.State.WAITING, CommandComment.State.UNKNOWN, CommandComment.State.UNBOUND)


def news(facts: Iterable[PullFacts]) -> set[int]:
    """Return the numbers of those pull requests that are not as the rows say."""
    from_github = {pull.number: pull for pull in facts}
    known = PullRequest.objects.in_bulk(from_github, field_name="number")
    return {
        number for number, pull in from_github.items() if number not in known or _differs(known[number], _told(pull))
    }


def save_pulls(facts: Iterable[PullFacts], now: datetime, is_told: Callable[[PullFacts], bool]) -> list[int]:
    """Create and update rows; returns the numbers of those that changed.

    `is_told` says of a new one whether the stream of all comments tells its whole conversation: it needs no reading.
    """
    from_github = {pull.number: pull for pull in facts}
    known = PullRequest.objects.in_bulk(from_github, field_name="number")
    changes = Changes[PullRequest]()
    for number, pull in from_github.items():
        row = known.get(number)
        if row is None:
            changes.put(_new_row(pull, now, is_told(pull)), {})
        elif pull.updated_at >= row.updated_at:  # an answer may be older than the last one
            # Whose fork it is was not kept at first: that alone is no news, or all pages would be read again.
            changes.put(row, _brought_up_to_date(row, _values(pull), now) | {"head_repository": pull.head_repository})
    changes.write()
    return [row.number for row in (*changes.new, *changes.changed)]


def save_comment(pull: PullRequest, comment: CommentFacts, bot: str) -> bool:
    """Take note of a comment if it is a report of the bot or holds a command; tells whether anything changed."""
    if comment.author.casefold() == bot.casefold():
        return _save_report(pull, comment)
    return _save_command(pull, comment)


def save_branches(heads: Mapping[str, str], now: datetime) -> int:
    """Bring the rows in line with what the CI repository has ({branch: SHA}); returns how many changed."""
    ours = {name: tip for name, tip in heads.items() if name.startswith(OURS) and len(name) <= 255}
    if ours == dict(CIBranch.objects.values_list("name", "tip")):
        return 0
    known = {row.name: row for row in CIBranch.objects.all()}
    changes = Changes[CIBranch]()
    for name, tip in ours.items():
        changes.put(known.get(name) or _branch_row(name, tip, now), {"tip": tip})
    gone = [row.pk for name, row in known.items() if name not in ours]
    if gone:
        CIBranch.objects.filter(pk__in=gone).delete()
    return changes.write() + len(gone)


def move_times_back(now: datetime) -> None:
    """Let nothing wait for a time that a clock noted which was ahead."""
    times = ("head_seen_at", "why_since", "push_tried_at", "read_tried_at", "missing_since")
    move_back(now, PullRequest, *times)
    move_back(now, CIBranch, "seen_at", "pushed_at", "ownerless_since")
    for model in (CommandComment, ReportComment):
        move_back(now, model, "missing_since")


def _values(pull: PullFacts) -> dict[str, Any]:
    closed = PullRequest.State.MERGED if pull.merged_at else PullRequest.State.CLOSED
    return {
        "title": pull.title,
        "author": pull.author,
        "author_id": pull.account.id,
        "author_association": pull.account.association,
        "draft": pull.draft,
        "base": pull.base,
        "head_sha": pull.head_sha,
        "head_label": pull.head_label,
        "state": PullRequest.State.OPEN if pull.is_open else closed,
        "labels": list(pull.labels),
        "jira_key": ticket_in(pull.title),
        "created_at": pull.created_at,
        "updated_at": pull.updated_at,
        "closed_at": pull.closed_at,
        "merged_at": pull.merged_at,
        "missing_since": None,
    }


def _told(pull: PullFacts) -> dict[str, Any]:
    """Return what moves a pull request to the top of the list; how its author stands is told on the way."""
    return {name: value for name, value in _values(pull).items() if name not in ("author_id", "author_association")}


def _differs(row: PullRequest, values: Mapping[str, Any]) -> bool:
    return any(getattr(row, name) != value for name, value in values.items())


def _brought_up_to_date(row: PullRequest, values: dict[str, Any], now: datetime) -> dict[str, Any]:
    """Return what GitHub tells, and what follows from it."""
    if row.head_sha != values["head_sha"]:
        if not row.push_head:
            values |= {"push_problem": ""}  # it was about the former head
        values |= {"head_seen_at": now, "head_told_at": values["updated_at"], "lost_builds": []}
    if row.waiting == Waiting.CLOSED and values["state"] == PullRequest.State.OPEN:
        values["waiting"] = ""
    return values


def _new_row(pull: PullFacts, now: datetime, told: bool) -> PullRequest:
    # What was closed before we knew it has nothing to be done for, unless it has left a branch.
    waiting = "" if pull.is_open else Waiting.CLOSED
    read_at = now if told else None
    return PullRequest(
        number=pull.number,
        head_seen_at=now,
        waiting=waiting,
        conversation_read_at=read_at,
        **_values(pull),
        head_repository=pull.head_repository,
        head_told_at=pull.updated_at,
    )


def _save_report(pull: PullRequest, comment: CommentFacts) -> bool:
    if not is_report(comment.body):
        return bool(ReportComment.objects.filter(comment_id=comment.id, gone=False).update(gone=True))
    row = ReportComment.objects.filter(comment_id=comment.id).first()
    if row and (comment.updated_at < row.written_at or (row.body, row.gone) == (comment.body, False)):
        return False
    facts = {"pull": pull, "body": comment.body, "written_at": comment.updated_at, "gone": False}
    ReportComment.objects.update_or_create(comment_id=comment.id, defaults=facts)
    return True


def _save_command(pull: PullRequest, comment: CommentFacts) -> bool:
    """Note a command once. An edit changes one that waits still, and takes it back when it is not there any more; one
    that was not understood, or named no commit and had to, is looked at again when it is edited.
    """
    command = find_command(comment.body)
    row = CommandComment.objects.filter(comment_id=comment.id).first()
    if row and (row.state not in OPEN_TO_EDITS or comment.updated_at < row.commented_at):
        return False
    if command is None:
        return bool(row and row.state == CommandComment.State.WAITING and row.delete()[0])
    if row and _is_said(row, command, comment):
        return False
    facts: dict[str, Any] = {"pull": pull, "author": comment.author, "words": command.words, "known": command.known}
    facts |= {"author_id": comment.account.id, "author_association": comment.account.association}
    facts |= {"author_is_bot": comment.account.is_bot}
    facts |= {"head_sha": _head_of(command, comment, pull), "commented_at": comment.updated_at}
    facts |= {"state": CommandComment.State.WAITING, "settled_at": None, "build_url": ""}
    CommandComment.objects.update_or_create(comment_id=comment.id, defaults=facts)
    return True


def _is_said(row: CommandComment, command: CommandText, comment: CommentFacts) -> bool:
    """Tell whether a row says what the comment does. An edited approval may mean another commit by now."""
    same = (row.words, row.known) == (command.words, command.known)
    return same and not (command.grants and comment.updated_at > row.commented_at)


def _head_of(command: CommandText, comment: CommentFacts, pull: PullRequest) -> str:
    """Return the head that a command is about; "" for an approval of which that is not sure."""
    if not command.grants:
        return pull.head_sha
    edited = comment.updated_at > comment.created_at
    return command.sha or meant_head(pull.head_sha, pull.head_told_at, comment.updated_at, edited)


def _branch_row(name: str, tip: str, now: datetime) -> CIBranch:
    head = head_of(name)
    number, sha = head or (None, "")
    return CIBranch(name=name, number=number, sha=sha, tip=tip, seen_at=now, orphan=head is None)


def live_pulls() -> QuerySet[PullRequest]:
    """Return the pull requests for which something may have to be done."""
    branches = CIBranch.objects.filter(orphan=False).values_list("number", flat=True)
    numbers = {number for number in branches if number is not None}
    waiting = CommandComment.objects.filter(state=CommandComment.State.WAITING).values("pull")
    rows = PullRequest.objects.filter(number__in=numbers) | PullRequest.objects.exclude(waiting=Waiting.CLOSED)
    rows = rows | PullRequest.objects.filter(pk__in=waiting) | PullRequest.objects.filter(state=PullRequest.State.OPEN)
    return rows.order_by("-updated_at", "-number")
