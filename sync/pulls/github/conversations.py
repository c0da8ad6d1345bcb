"""What is said in pull requests: the stream of all comments, single conversations, and whether reports still stand."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from flinkci_dashboard.clients.errors import NotFoundError, ServiceError
from flinkci_dashboard.clients.github.http import TooDeepError
from flinkci_dashboard.clients.github.pulls import GitHub, Page
from flinkci_dashboard.clients.github.reading import CommentFacts
from flinkci_dashboard.jobs.clocks import believed
from flinkci_dashboard.jobs.run import Pass
from sync.models import CommandComment, PullRequest, ReportComment, Watermark
from sync.pulls.github.pulls import Budget, Observer, for_each, tell_unreadable
from sync.pulls.rows import save_comment

STREAM_OVERLAP = timedelta(minutes=2)  # GitHub may tell of a comment late
RESERVE = 0.1  # of the hourly limit: what reading conversations leaves to the daily work
LOOKS = 5  # at a second that fills pages, while something in it is new
MAX_UNPLACED = 1000  # numbers that are kept, the highest ones; GitHub counts issues, too
READ_AGAIN = timedelta(minutes=10)  # after a conversation could not be read


class Conversations:
    """One pass's reading of comments. Raises the errors of `clients.errors`; what was read until then is kept."""

    def __init__(self, current: Pass, github: GitHub, bot: str, observer: Observer, budget: Budget) -> None:
        self.current, self.github, self.bot = current, github, bot
        self.observer, self.budget = observer, budget

    # All of them ------------------------------------------------------------------------------

    def stream(self) -> None:
        """Read what was written or edited anywhere since the last pass.

        The question names a time. It stays the same until its answer fills a page: an unchanged one is free.
        """
        mark = Watermark.named("comments")
        now = self.github.now()
        data = {"from": now.isoformat(), "since": now.isoformat(), "etag": ""} | mark.data
        since = believed(datetime.fromisoformat(data["since"]), now)
        page = self.github.comments_since(since - STREAM_OVERLAP, etag=data["etag"])
        if not page.changed:
            return
        if page.has_next:
            since = self._follow(mark, data, since)
            page = self.github.comments_since(since - STREAM_OVERLAP)
        self._save(page)
        mark.remember(self._mark(data, since, page.etag))

    def _follow(self, mark: Watermark, data: dict[str, Any], since: datetime) -> datetime:
        """Read on, oldest first, each page from the time where the last one ended; returns how far that came.

        So nothing is skipped, whatever is written, edited or deleted meanwhile, and a pass that ends early has not
        read in vain. Where one second fills a page, the same question's next page is asked for. What is edited or
        deleted meanwhile shifts these pages, so that such a second is read again, until nothing in it is new.
        """
        start, at = since - STREAM_OVERLAP, ""
        seen: set[int] = set()  # of the second that fills pages
        while True:
            try:
                page = self.github.comments_since(start, at=at, asc=True)
            except TooDeepError:  # GitHub tells no more of this second
                start, at = start + timedelta(seconds=1), ""
                continue
            self._save(page)
            newest = max((comment.updated_at for comment in page.items), default=start)
            since = max(since, newest)
            seen |= {comment.id for comment in page.items}
            if at and (newest > start or not page.has_next):
                self._read_again(start, seen)
            mark.remember(self._mark(data, since, ""))
            if not page.has_next:
                return since
            start, at, seen = (newest, "", set()) if newest > start else (start, page.next, seen)

    def _read_again(self, start: datetime, seen: set[int]) -> None:
        for _ in range(LOOKS):
            found, at = set[int](), ""
            while True:
                page = self.github.comments_since(start, at=at, asc=True)
                self._save(page)
                found |= {comment.id for comment in page.items}
                at = page.next
                if not at or any(comment.updated_at > start for comment in page.items):
                    break
            if found <= seen:
                return
            seen |= found

    def _mark(self, data: dict[str, Any], since: datetime, etag: str) -> dict[str, Any]:
        unplaced = sorted(self.observer.unplaced)[-MAX_UNPLACED:]
        more = {"unplaced": unplaced} if unplaced else {}
        return {"from": data["from"], "since": since.isoformat(), "etag": etag} | more

    def _save(self, page: Page[CommentFacts]) -> None:
        tell_unreadable(self.current, page)
        rows = self.observer.rows_of(comment.number for comment in page.items)
        for comment in page.items:
            if comment.number not in rows:
                self.observer.unplaced.add(comment.number)
            elif save_comment(rows[comment.number], comment, self.bot) or not self._is_ours(comment):
                self.observer.changed.add(comment.number)

    def _is_ours(self, comment: CommentFacts) -> bool:
        return comment.author.casefold() == self.bot.casefold()

    # One of them ------------------------------------------------------------------------------

    def read_new(self, pulls: Iterable[PullRequest]) -> None:
        """Read the conversations that nobody has read yet: before that, nothing is said there.

        One that GitHub does not show (its author was banned, say) is asked for again later, after all others.
        """
        unread = [pull for pull in pulls if pull.conversation_read_at is None and self._is_due(pull)]
        unread.sort(key=lambda pull: pull.read_tried_at.timestamp() if pull.read_tried_at else 0.0)
        for_each(self.current, unread, lambda pull: pull.number, self._try)

    def read_again(self, pulls: Iterable[PullRequest]) -> None:
        """Read conversations anew, since somebody waits for it."""
        for_each(self.current, pulls, lambda pull: pull.number, self.read)

    def _is_due(self, pull: PullRequest) -> bool:
        return pull.read_tried_at is None or self.current.now - pull.read_tried_at >= READ_AGAIN

    def _try(self, pull: PullRequest) -> None:
        if not self.budget.allows(RESERVE):
            return
        try:
            self.read(pull)
        except ServiceError as error:
            pull.read_problem, pull.read_tried_at = str(error), self.current.now
            pull.save(update_fields=["read_problem", "read_tried_at"])
            raise

    def read(self, pull: PullRequest) -> None:
        """Read one conversation as it is now. What it does not hold any more counts as deleted when GitHub has no
        comment of that id either, and a later pass finds the same.
        """
        comments = self.github.conversation(pull.number)
        missing = self._missing(pull, {comment.id for comment in comments})
        with transaction.atomic():
            for comment in comments:
                save_comment(pull, comment, self.bot)
            doubtful = self._judge(pull, missing)
            pull.conversation_read_at = None if doubtful else self.current.now
            pull.read_problem, pull.read_tried_at = "", None
            pull.save(update_fields=["conversation_read_at", "read_problem", "read_tried_at"])
        self.current.count("conversations_read")

    def _missing(self, pull: PullRequest, there: set[int]) -> set[int]:
        known = {
            *_reports(pull).values_list("comment_id", flat=True),
            *_waiting(pull).values_list("comment_id", flat=True),
        }
        return {id for id in sorted(known - there) if self._is_missing(id)}

    def _is_missing(self, comment_id: int) -> bool:
        try:
            self.github.comment(comment_id)
        except NotFoundError:
            return True
        return False

    def _judge(self, pull: PullRequest, missing: set[int]) -> bool:
        """Let go of what was missing in an earlier pass already; tells whether there is more to be looked for."""
        for rows in (_reports(pull), _waiting(pull)):
            rows.filter(missing_since__isnull=False).exclude(comment_id__in=missing).update(missing_since=None)
        _reports(pull).filter(missing_since__lt=self.current.now).update(gone=True, missing_since=None)
        _waiting(pull).filter(missing_since__lt=self.current.now).delete()
        suspected = [
            rows.filter(comment_id__in=missing).update(missing_since=self.current.now)
            for rows in (_reports(pull), _waiting(pull))
        ]
        return any(suspected)

    # Reports ----------------------------------------------------------------------------------

    def check_changed(self, others: Iterable[int]) -> set[int]:
        """Ask for the reports of those pull requests of which GitHub told something new: a deletion is not told
        otherwise. `others` need no asking, since their report was written just now. Returns those without a report.
        """
        numbers = self.observer.changed - set(others)
        rows = ReportComment.objects.filter(pull__number__in=numbers, gone=False).select_related("pull")
        rows = rows.filter(pull__state=PullRequest.State.OPEN).exclude(pull__conversation_read_at=self.current.now)
        self._check(list(rows.order_by("-pull__number")))
        gone = ReportComment.objects.filter(pull__number__in=numbers, gone=True)
        return set(gone.values_list("pull__number", flat=True))

    def check_all(self) -> None:
        """Ask for the reports of all open pull requests, a part in each pass until all were seen, once an hour."""
        mark = Watermark.named("everything")
        place = mark.data.get("check")
        if place is None:
            return
        rows = ReportComment.objects.filter(pull__state=PullRequest.State.OPEN, gone=False, comment_id__gt=place)
        for row in rows.select_related("pull").order_by("comment_id").iterator():
            if not self.budget.allows():
                break
            self._check([row])
            place = row.comment_id
        else:
            place = None
        mark.remember(mark.data | {"check": place})

    def _check(self, rows: list[ReportComment]) -> None:
        for_each(self.current, rows, lambda row: row.pull.number, self._check_one)

    def _check_one(self, row: ReportComment) -> None:
        """Ask whether a report still says what we think it does; when it is not there, look whether another is."""
        if not self.budget.allows():
            return
        try:
            comment, etag = self.github.comment(row.comment_id, row.etag)
        except NotFoundError:
            self.read(row.pull)
            return
        if comment:
            save_comment(row.pull, comment, self.bot)
            ReportComment.objects.filter(pk=row.pk).update(etag=etag)


def _reports(pull: PullRequest) -> Any:
    return pull.reports.filter(gone=False)


def _waiting(pull: PullRequest) -> Any:
    return pull.commands.filter(state=CommandComment.State.WAITING)
