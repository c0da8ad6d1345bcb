"""What GitHub has to tell of pull requests since the last time, and now and then of all of them."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, TypeVar

from flinkci_dashboard.clients.errors import NotFoundError, ServiceError
from flinkci_dashboard.clients.github.http import TooDeepError
from flinkci_dashboard.clients.github.pulls import GitHub, Page
from flinkci_dashboard.clients.github.reading import PullFacts
from flinkci_dashboard.jobs.attempts import Troubles
from flinkci_dashboard.jobs.clocks import AHEAD
from flinkci_dashboard.jobs.run import Pass
from sync.models import CIBranch, PullRequest, Watermark
from sync.pulls.rows import news, save_pulls

OVERLAP = 20  # items at the end of a page that must be as we know them, for all further ones to be
EVERYTHING = timedelta(hours=1)  # between two looks at all open pull requests
LOOKED_UP = 50  # pull requests that are asked for one by one in one pass
BACKFILL_PAGES = 5  # of 100 pull requests, in one pass
SHARE = 0.5  # of the hourly limit: what only fills in history, and checks, leaves so much to the others
READING = 90.0  # seconds that reading conversations and checking reports may take in one pass
BEGINNING = {"page": 1, "done": 0, "total": 0, "complete": False}  # of history
Item = TypeVar("Item")


class Budget:
    """What one pass may spend on what can wait: time, and GitHub's hourly limit."""

    def __init__(self, github: GitHub) -> None:
        self._github, self._until = github, monotonic() + READING

    def allows(self, reserve: float = SHARE) -> bool:
        """Tell whether there is time, and more than `reserve` of the hourly limit."""
        quota = self._github.quota
        return monotonic() < self._until and (quota is None or quota.remaining > reserve * quota.limit)


class Observer:
    """One pass's reading of pull requests. Raises the errors of `clients.errors`; what was read until then is kept."""

    def __init__(self, current: Pass, github: GitHub, budget: Budget) -> None:
        self.current, self.github, self.budget = current, github, budget
        self.changed: set[int] = set()  # pull requests of which GitHub told something new in this pass
        stream = Watermark.named("comments").data
        self._stream_from = datetime.fromisoformat(stream["from"]) if stream else None
        self.unplaced = set(stream.get("unplaced", ()))  # pull requests whose comments came before they were known

    def changed_pulls(self) -> None:
        """Read pull requests by their last change, down to where the last pass was."""
        mark = Watermark.named("pulls")
        pages = [self.github.pulls("all", "updated", "desc", etag=mark.data.get("etag", ""))]
        if not pages[0].changed:
            return
        while mark.data and pages[-1].has_next and news(pages[-1].items[-OVERLAP:]):
            try:
                pages.append(self.github.pulls("all", "updated", "desc", at=pages[-1].next))
            except TooDeepError:  # what changed before that is read from elsewhere
                self._read_all_again()
                break
        for page in reversed(pages):  # a pass that dies here leaves no older change behind a newer one
            self._save(page)
        mark.remember({"etag": pages[0].etag})

    def _read_all_again(self) -> None:
        """Let this pass look at all open pull requests, and history read all of them anew."""
        everything = Watermark.named("everything")
        everything.remember(everything.data | {"at": None})
        Watermark.named("history").remember(BEGINNING | {"anew": True})

    # Everything -------------------------------------------------------------------------------

    def everything_due(self) -> bool:
        """Tell whether all open pull requests should be looked at again: hourly, and when one seems to be missing."""
        return self._hourly(Watermark.named("everything")) or _suspects().exists()

    def everything(self) -> None:
        """Read all open pull requests; ask after those that we take for open and that are not among them.

        A pull request counts as closed when GitHub says so. When it only has none of that number, a later pass asks
        again, and both the list and GitHub's answer must lack it still.
        """
        mark = Watermark.named("everything")
        read = self._open_pages(mark.data.get("pages", {}))
        listed = {each for page in read.values() for each in page["numbers"]}
        _suspects().filter(number__in=listed).update(missing_since=None)
        taken = set(PullRequest.objects.filter(state=PullRequest.State.OPEN).values_list("number", flat=True))
        missing = self.look_up(self._next_in_turn("absent", taken - listed))
        gone = _suspects().filter(number__in=missing, missing_since__lt=self.current.now)
        gone.update(state=PullRequest.State.CLOSED, closed_at=self.current.now)
        at, check = mark.data.get("at"), mark.data.get("check")
        if self._hourly(mark):
            at, check = self.github.now().isoformat(), 0
        mark.remember({"at": at, "pages": read, "check": check})

    def _hourly(self, mark: Watermark) -> bool:
        """Tell whether the last look was an hour ago; one from the future was noted by a clock that was ahead."""
        at, now = mark.data.get("at"), self.github.now()
        return at is None or not now - EVERYTHING < datetime.fromisoformat(at) <= now + AHEAD

    def _open_pages(self, known: dict[str, Any]) -> dict[str, Any]:
        """Return {page: its ETag, its pull requests, where the list goes on}; unchanged pages cost nothing.

        Where GitHub does not list so deeply it ends there: those that are not listed are asked for by number, in turn.
        """
        known = {name: page for name, page in known.items() if isinstance(page["next"], str)}  # else of older versions
        read: dict[str, Any] = {}
        at = ""
        while True:
            name = at or "1"
            etag = known.get(name, {}).get("etag", "")
            try:
                page = self.github.pulls("open", "created", "asc", etag=etag, at=at)
            except TooDeepError:
                return read
            if page.changed:
                self._save(page)
                read[name] = {"etag": page.etag, "numbers": [pull.number for pull in page.items], "next": page.next}
            else:
                read[name] = known[name]
            at = read[name]["next"]
            if not at or at in read:
                return read

    def branch_owners(self) -> None:
        """Find out whose the branches are whose pull requests we do not know: history may not have come so far.

        A branch is an orphan as long as nobody knows its pull request, and two passes found GitHub without it.
        """
        rows = CIBranch.objects.exclude(number=None)
        numbers = {number for number in rows.values_list("number", flat=True) if number is not None}
        known = set(PullRequest.objects.filter(number__in=numbers).values_list("number", flat=True))
        found_again = rows.filter(number__in=known, ownerless_since__isnull=False)
        found_again.update(orphan=False, ownerless_since=None)
        orphans = set(rows.filter(orphan=True).values_list("number", flat=True))
        if unknown := numbers - known - orphans:
            missing = self.look_up(self._next_in_turn("owners", unknown))
            suspected = rows.filter(number__in=missing)
            suspected.filter(ownerless_since__lt=self.current.now).update(orphan=True)
            suspected.filter(ownerless_since=None).update(ownerless_since=self.current.now)

    def _next_in_turn(self, name: str, numbers: set[int]) -> list[int]:
        """Choose as many as one pass looks up, going on behind the place where the last one stopped."""
        if not numbers:
            return []
        mark = Watermark.named(name)
        place = mark.data.get("place", 0)
        chosen = sorted(numbers, key=lambda number: (number <= place, number))[:LOOKED_UP]
        mark.remember({"place": chosen[-1]})
        return chosen

    def look_up(self, numbers: Iterable[int]) -> set[int]:
        """Read single pull requests; returns those that GitHub says it does not have. One answer is not the truth."""
        missing: set[int] = set()
        pulls: list[PullFacts] = []

        def ask(number: int) -> None:
            try:
                pulls.append(self.github.pull(number))
            except NotFoundError:
                missing.add(number)

        for_each(self.current, list(numbers), lambda number: number, ask)
        if self._keep(pulls):  # two answers about one second differ: the list decides, and says so once more
            Watermark.named("pulls").remember({"etag": ""})
        opened = PullRequest.objects.filter(number__in=missing, state=PullRequest.State.OPEN, missing_since=None)
        opened.update(missing_since=self.current.now)
        return missing

    def heads_now(self, numbers: Iterable[int]) -> dict[int, str]:
        """Return {number: SHA of the head}, asked anew; what can't be told is as it was known."""
        asked = list(numbers)
        self.look_up(asked)
        return dict(PullRequest.objects.filter(number__in=asked).values_list("number", "head_sha"))

    def history(self) -> None:
        """Go back through all pull requests, newest first, as far as the hourly limit has room for it."""
        mark = Watermark.named("history")
        data = mark.data or BEGINNING
        for _ in range(BACKFILL_PAGES):
            if data["complete"] or not self.budget.allows():
                return
            if "below" in data:
                mark.remember(self._history_by_number(data))
                return
            try:
                data = self._history_page(data)
            except TooDeepError:  # by a number that was kept, the list begins anew, and goes on by GitHub's cursors
                again = data["page"] > 1 and not data.get("at")
                data = data | ({"page": 1} if again else {"below": data["total"]})
            mark.remember(data)

    def _history_page(self, data: dict[str, Any]) -> dict[str, Any]:
        page = self.github.pulls("all", "created", "desc", data["page"], at=data.get("at", ""))
        self._save(page)
        first = page.items[0].number if page.items and data["page"] == 1 else data["total"]
        place = {"page": data["page"] + 1, "at": page.next, "complete": not page.has_next}
        return data | {"done": PullRequest.objects.count(), "total": first, **place}

    def _history_by_number(self, data: dict[str, Any]) -> dict[str, Any]:
        """Where GitHub's list has an end before its end, read one by one what is not known yet, or all of it anew."""
        read = PullRequest.objects.none() if data.get("anew") else PullRequest.objects.filter(number__lt=data["below"])
        known = set(read.values_list("number", flat=True))
        numbers = [number for number in range(data["below"] - 1, 0, -1) if number not in known][:LOOKED_UP]
        failed = len(self.current.errors)
        self.look_up(numbers)
        if len(self.current.errors) > failed:
            return data  # the next pass asks again
        complete = len(numbers) < LOOKED_UP
        below = {} if complete else {"below": numbers[-1]}
        return data | below | {"done": PullRequest.objects.count(), "complete": complete}

    # ------------------------------------------------------------------------------------------

    def rows_of(self, numbers: Iterable[int]) -> dict[int, PullRequest]:
        """Return pull requests by number; those that we do not know yet are read."""
        wanted = set(numbers)
        rows = PullRequest.objects.in_bulk(wanted, field_name="number")
        if unknown := sorted(wanted - set(rows)):
            self.look_up(unknown[:LOOKED_UP])
            rows |= PullRequest.objects.in_bulk(unknown, field_name="number")
        return rows

    def _save(self, page: Page[PullFacts]) -> None:
        tell_unreadable(self.current, page)
        if changed := self._keep(page.items):
            self.current.count("pulls_changed", len(changed))

    def _keep(self, pulls: Sequence[PullFacts]) -> list[int]:
        changed = save_pulls(pulls, self.current.now, self._is_told)
        self.changed |= set(changed)
        return changed

    def _is_told(self, pull: PullFacts) -> bool:
        """Tell whether the stream of comments has told, or will tell, all of a conversation."""
        since = self._stream_from
        return since is not None and pull.created_at >= since and pull.number not in self.unplaced


def for_each(
    current: Pass, items: Iterable[Item], number_of: Callable[[Item], int], work: Callable[[Item], None]
) -> None:
    """Work on each item. One that fails is told by its pull request's number, and does not stop the others.

    Only when GitHub leaves several in a row without an answer, or wants to be left alone, the rest is left out.
    """
    troubles = Troubles(current)
    for item in items:
        if troubles.stopped:
            return
        try:
            work(item)
        except ServiceError as error:
            troubles.note(f"#{number_of(item)}", error)
        else:
            troubles.over()


def tell_unreadable(current: Pass, page: Page[Any]) -> None:
    """Say how much of a page can't be read; the rest of it counts."""
    if page.unreadable:
        current.fail(f"GitHub told of {page.unreadable} things in a form that can't be read; they are left out.")


def note_quota(github: GitHub) -> None:
    """Keep what is left of the hourly limit, for the overview; an unchanged one is not written."""
    if quota := github.quota:
        left = {"limit": quota.limit, "remaining": quota.remaining, "reset_at": quota.reset_at}
        Watermark.named("quota").remember(left)


def own_login(github: GitHub, known_for: str) -> str:
    """Return whose token it is; asked once for each token, which `known_for` tells apart."""
    mark = Watermark.named("login")
    if mark.data.get("token") != known_for:
        mark.remember({"token": known_for, "login": github.login()})
    return str(mark.data["login"])


def _suspects() -> Any:
    return PullRequest.objects.filter(state=PullRequest.State.OPEN, missing_since__isnull=False)
