"""What GitHub has to tell since the last time: pull requests, comments, and now and then everything."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from django.db import transaction
from django.utils import timezone

from flinkci_dashboard.clients.errors import NotFoundError
from flinkci_dashboard.clients.github.pulls import CommentFacts, GitHub, Page, PullFacts
from flinkci_dashboard.jobs.run import Pass
from sync.models import CIBranch, CommandComment, PullRequest, ReportComment, Watermark
from sync.pulls.rows import news, save_comment, save_pulls
from sync.pulls.values import Waiting

OVERLAP = 20  # items at the end of a page that must be as we know them, for all further ones to be
STREAM_OVERLAP = timedelta(minutes=2)  # GitHub may tell of a comment late
EVERYTHING = timedelta(hours=1)  # between two looks at all open pull requests
LOOKED_UP = 50  # pull requests that are asked for one by one in one pass
BACKFILL_PAGES = 5  # of 100 pull requests, in one pass
SHARE = 0.5  # of the hourly limit: what only fills in history, and checks, leaves so much to the others
RESERVE = 0.1  # of the hourly limit: what reading conversations leaves to the daily work
READING = 90.0  # seconds that reading conversations and checking reports may take in one pass


class Observer:
    """One pass's reading of GitHub. Raises the errors of `clients.errors`; what was read until then is kept."""

    def __init__(self, current: Pass, github: GitHub, bot: str) -> None:
        self.current, self.github, self.bot = current, github, bot
        self._until = monotonic() + READING
        stream, _ = Watermark.objects.get_or_create(
            name="comments",
            defaults={"data": dict.fromkeys(("from", "since", "seen"), current.now.isoformat()) | {"etag": ""}},
        )
        self._stream = stream
        self._stream_from = datetime.fromisoformat(stream.data["from"])

    # What changed -----------------------------------------------------------------------------

    def changed_pulls(self) -> None:
        """Read pull requests by their last change, down to where the last pass was."""
        mark = _mark("pulls")
        pages: list[Page[PullFacts]] = []
        while True:
            number = len(pages) + 1
            page = self.github.pulls("all", "updated", "desc", number, mark.data.get("etag", "") if number == 1 else "")
            if not page.changed:
                return
            pages.append(page)
            known_from_here = not news(page.items[-OVERLAP:])
            if not mark.data or not page.has_next or known_from_here:
                break
        for page in reversed(pages):  # a pass that dies here leaves no older change behind a newer one
            self._save(page)
        _remember(mark, {"etag": pages[0].etag})

    def comments(self) -> None:
        """Read the stream of all comments, newest first, down to where the last pass was.

        Its address names a time. That moves on only when the answer fills a page: until then an unchanged one is free.
        """
        data = self._stream.data
        since, seen = (datetime.fromisoformat(data[name]) for name in ("since", "seen"))
        newest, etag, number = seen, data["etag"], 1
        while True:
            page = self.github.comments_since(since - STREAM_OVERLAP, number, etag if number == 1 else "")
            if not page.changed:
                return
            self._save_comments(page)
            newest = max([newest, *(comment.updated_at for comment in page.items)])
            etag = page.etag if number == 1 else etag
            if number == 1 and page.has_next:
                since = newest
            if not page.has_next or all(comment.updated_at <= seen for comment in page.items[-OVERLAP:]):
                break
            number += 1
        if since.isoformat() != data["since"]:
            etag = self._first_of_stream(since)
        told = {"since": since.isoformat(), "seen": newest.isoformat(), "etag": etag}
        _remember(self._stream, data | told)

    def _first_of_stream(self, since: datetime) -> str:
        """Read the stream from its new place once, for the sake of the ETag."""
        page = self.github.comments_since(since - STREAM_OVERLAP)
        self._save_comments(page)
        return page.etag

    def _save_comments(self, page: Page[CommentFacts]) -> None:
        self._unreadable(page)
        pulls = self._pulls_of(comment.number for comment in page.items)
        for comment in page.items:
            if comment.number in pulls:
                save_comment(pulls[comment.number], comment, self.bot)

    def conversations(self, pulls: Iterable[PullRequest]) -> None:
        """Read the conversations that nobody has read yet: before that, nothing is said there."""
        for pull in pulls:
            if pull.conversation_read_at is None:
                if monotonic() > self._until or not self._may_spend(RESERVE):
                    return
                self.conversation(pull)

    def conversation(self, pull: PullRequest) -> None:
        """Read one conversation as it is now."""
        comments = self.github.conversation(pull.number)
        there = {comment.id for comment in comments}
        with transaction.atomic():
            for comment in comments:
                save_comment(pull, comment, self.bot)
            pull.reports.exclude(comment_id__in=there).update(gone=True)
            waiting = pull.commands.filter(state=CommandComment.State.WAITING)
            waiting.exclude(comment_id__in=there).delete()
            pull.conversation_read_at = self.current.now
            pull.save(update_fields=["conversation_read_at"])
        self.current.count("conversations_read")

    # Everything -------------------------------------------------------------------------------

    def everything_due(self, at_start: bool) -> bool:
        """Tell whether all open pull requests should be looked at again."""
        at = _mark("everything").data.get("at")
        return at_start or at is None or self.current.now - datetime.fromisoformat(at) >= EVERYTHING

    def everything(self) -> None:
        """Read all open pull requests; ask after those that we take for open and that are not among them."""
        mark = _mark("everything")
        pages: dict[str, Any] = mark.data.get("pages", {})
        read: dict[str, Any] = {}
        number = 1
        while True:
            before = pages.get(str(number), {})
            page = self.github.pulls("open", "created", "asc", number, before.get("etag", ""))
            if page.changed:
                self._save(page)
                numbers = [pull.number for pull in page.items]
                before = {"etag": page.etag, "numbers": numbers, "next": page.has_next}
            read[str(number)] = before
            if not before["next"]:
                break
            number += 1
        listed = {each for page_data in read.values() for each in page_data["numbers"]}
        taken = set(PullRequest.objects.filter(state="open").values_list("number", flat=True))
        self.look_up(sorted(taken - listed)[:LOOKED_UP])
        last = mark.data.get("at")
        hourly = last is None or self.current.now - datetime.fromisoformat(last) >= EVERYTHING
        at = self.current.now.isoformat() if hourly else last
        check = 0 if hourly else mark.data.get("check")
        _remember(mark, {"at": at, "pages": read, "check": check})

    def check_reports(self) -> None:
        """Ask for the reports of open pull requests, a part in each pass until all were seen: a deletion is not told
        otherwise.
        """
        mark = _mark("everything")
        place = mark.data.get("check")
        if place is None:
            return
        rows = ReportComment.objects.filter(pull__state="open", gone=False, comment_id__gt=place).select_related("pull")
        for row in rows.order_by("comment_id").iterator():
            if monotonic() > self._until or not self._may_spend():
                break
            self.check_report(row)
            place = row.comment_id
        else:
            place = None
        _remember(mark, mark.data | {"check": place})

    def check_report(self, row: ReportComment) -> None:
        """Ask whether a report still says what we think it does."""
        try:
            comment, etag = self.github.comment(row.comment_id, row.etag)
        except NotFoundError:
            row.gone = True
            row.save(update_fields=["gone"])
            self.current.count("reports_gone")
            return
        if comment:
            save_comment(row.pull, comment, self.bot)
            ReportComment.objects.filter(pk=row.pk).update(etag=etag)

    def branch_owners(self) -> None:
        """Find out whose the branches are whose pull requests we do not know: history may not have come so far."""
        rows = CIBranch.objects.filter(orphan=False)
        numbers = {number for number in rows.values_list("number", flat=True) if number is not None}
        known = set(PullRequest.objects.filter(number__in=numbers).values_list("number", flat=True))
        unknown = sorted(numbers - known)[:LOOKED_UP]
        if unknown:
            missing = self.look_up(unknown)
            rows.filter(number__in=missing).update(orphan=True)

    def look_up(self, numbers: Iterable[int]) -> list[int]:
        """Read single pull requests; returns those that do not exist, which count as closed from now on."""
        missing, found = [], []
        for number in numbers:
            try:
                found.append(self.github.pull(number))
            except NotFoundError:
                missing.append(number)
        save_pulls(found, self.current.now, self._stream_from)
        gone = PullRequest.objects.filter(number__in=missing, state="open")
        gone.update(state=PullRequest.State.CLOSED, closed_at=self.current.now)
        return missing

    def history(self) -> None:
        """Go back through all pull requests, newest first, as far as the hourly limit has room for it."""
        mark = _mark("history")
        data = mark.data or {"page": 1, "done": 0, "total": 0, "complete": False}
        for _ in range(BACKFILL_PAGES):
            if data["complete"] or not self._may_spend():
                return
            page = self.github.pulls("all", "created", "desc", data["page"])
            self._save(page)
            first = page.items[0].number if page.items and data["page"] == 1 else data["total"]
            complete = not page.has_next
            done = PullRequest.objects.count()
            data = {"page": data["page"] + 1, "done": done, "total": first, "complete": complete}
            _remember(mark, data)

    # ------------------------------------------------------------------------------------------

    def _save(self, page: Page[PullFacts]) -> None:
        self._unreadable(page)
        changed = save_pulls(page.items, self.current.now, self._stream_from)
        if changed:
            self.current.count("pulls_changed", len(changed))

    def _unreadable(self, page: Page[Any]) -> None:
        if page.unreadable:
            self.current.fail(
                f"GitHub told of {page.unreadable} things in a form that can't be read; they are left out."
            )

    def _pulls_of(self, numbers: Iterable[int]) -> dict[int, PullRequest]:
        wanted = set(numbers)
        found = PullRequest.objects.in_bulk(wanted, field_name="number")
        unknown = sorted(wanted - set(found))
        if unknown:
            self.look_up(unknown[:LOOKED_UP])
            found |= PullRequest.objects.in_bulk(unknown, field_name="number")
        return found

    def _may_spend(self, reserve: float = SHARE) -> bool:
        quota = self.github.quota
        return quota is None or quota.remaining > reserve * quota.limit


def note_quota(github: GitHub) -> None:
    """Keep what is left of the hourly limit, for the overview; an unchanged one is not written."""
    quota = github.quota
    if quota:
        mark = _mark("quota")
        _remember(mark, {"limit": quota.limit, "remaining": quota.remaining, "reset_at": quota.reset_at})


def own_login(github: GitHub, known_for: str) -> str:
    """Return whose token it is; asked once for each token, which `known_for` tells apart."""
    mark = _mark("login")
    if mark.data.get("token") != known_for:
        _remember(mark, {"token": known_for, "login": github.login()})
    return str(mark.data["login"])


def live_pulls() -> list[PullRequest]:
    """Return the pull requests for which something may have to be done."""
    branches = CIBranch.objects.filter(orphan=False).values_list("number", flat=True)
    numbers = {number for number in branches if number is not None}
    waiting = CommandComment.objects.filter(state=CommandComment.State.WAITING).values("pull")
    rows = PullRequest.objects.filter(number__in=numbers) | PullRequest.objects.exclude(waiting=Waiting.CLOSED)
    rows = rows | PullRequest.objects.filter(pk__in=waiting) | PullRequest.objects.filter(state="open")
    return list(rows.order_by("-updated_at", "-number"))


def _mark(name: str) -> Watermark:
    return Watermark.objects.filter(name=name).first() or Watermark(name=name)


def _remember(mark: Watermark, data: dict[str, Any]) -> None:
    if mark.pk is None or mark.data != data:
        mark.data, mark.changed_at = data, timezone.now()
        mark.save()
