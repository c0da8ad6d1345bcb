"""Lists of runs, read from where the last pass was; and the past of a repository, by windows of time."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from django.db.models import Q

from agents.actions.spending import SHARE, Spending
from agents.actions.values import Source
from agents.builds.observe import is_gone, take_in
from agents.builds.rows import close_gone
from agents.migration.budget.usage import LOOKS_BACK
from agents.models import Build, Followed
from agents.models.builds import Provider, Status
from flinkci_dashboard.clients.errors import ServiceError
from flinkci_dashboard.clients.facts import RUNS_ON_A_PAGE, RUNS_TOLD, BuildFacts, Reason, RunList
from flinkci_dashboard.clients.providers import RunService
from flinkci_dashboard.jobs.attempts import Troubles
from flinkci_dashboard.jobs.run import Pass

OVERLAP = 20  # runs at the end of a page that must be as we know them, for all further ones to be
PAGES = 10  # of 100 runs, that one pass reads of a list
STRAGGLERS = 5  # runs that no list shows, asked for one by one in a pass
UPKEEP = timedelta(minutes=10)  # between two looks at what the first page can't show
RUNNING = "status=in_progress"
PAST = timedelta(days=90)  # GitHub keeps logs for so long, and we ask for no older runs
WINDOW = timedelta(days=1)
SMALLEST = timedelta(minutes=1)


class Lists:
    """The lists of one repository. Raises the errors of `clients.errors`; what was read until then is kept."""

    def __init__(self, current: Pass, service: RunService, source: Source, pulls: dict[str, int]) -> None:
        self._current, self._service, self._source, self._pulls = current, service, source, pulls
        self._mark, _ = Followed.objects.get_or_create(repository=source.repository, query="")

    def newest(self) -> None:
        """Read what changed since the last pass: the newest runs, down to those that are as we know them."""
        mark = self._mark
        pages = [self._service.runs(mark.etag)]
        if not pages[0].changed:
            self.settle()
            return
        while mark.read_from and pages[-1].next and len(pages) < PAGES and self._news(pages[-1].items[-OVERLAP:]):
            pages.append(self._service.runs(at=pages[-1].next))
        for page in reversed(pages):  # a pass that dies here leaves no older change behind a newer one
            self._take_in(page)
        if mark.read_from is None:
            mark.read_from, mark.complete = _oldest(pages[0]) or self._current.now, not pages[0].next
        self._vanished(pages)
        mark.etag = pages[0].etag
        self.settle()
        mark.save()

    def others(self) -> None:
        """Look now and then at what the first page can't show: old runs that somebody runs again, or that still run."""
        mark, _ = Followed.objects.get_or_create(repository=self._source.repository, query=RUNNING)
        if not is_due(mark.next_at, self._current.now, UPKEEP):
            return
        page = self._service.runs(mark.etag, status=RUNNING.partition("=")[2])
        if page.changed:
            self._take_in(page)
            mark.etag, mark.tries = page.etag, (mark.tries + STRAGGLERS) % 10_000
            self._stragglers({run.external_id for run in page.items}, mark.tries)
        mark.next_at = self._current.now + UPKEEP
        mark.save()

    def past(self, spending: Spending) -> None:
        """Go back in time by windows that hold fewer runs than GitHub lists, as far as the hourly limit has room."""
        mark, window = self._mark, WINDOW
        while mark.read_from and not mark.complete and spending.allows(SHARE) and spending.left > PAGES:
            start = mark.read_from - window
            page = self._service.created_between(start, mark.read_from)
            if page.total >= RUNS_TOLD and window > SMALLEST:
                window = max(window / 4, SMALLEST)
                continue
            self._whole_window(start, mark.read_from, page)
            mark.read_from = start
            mark.complete = start < self._current.now - (LOOKS_BACK if self._source.aside else PAST)
            mark.save(update_fields=["read_from", "complete"])
            window = window * 4 if page.total < RUNS_TOLD / 8 else window

    def settle(self, problem: str = "") -> None:
        """Note what stands in the way of reading it; nothing does after an answer."""
        if self._mark.problem != problem:
            self._mark.problem = problem
            self._mark.save(update_fields=["problem"])

    # ------------------------------------------------------------------------------------------

    def _whole_window(self, start: datetime, end: datetime, page: RunList) -> None:
        pages = [page]
        while pages[-1].next and len(pages) < PAGES:
            pages.append(self._service.created_between(start, end, at=pages[-1].next))
        for each in pages:
            self._take_in(each)

    def _take_in(self, page: RunList) -> None:
        if page.unreadable:
            self._current.fail(f"{self._source.repository}: {page.unreadable} runs can't be read; they are left out.")
        take_in(self._current, [self._placed(run) for run in page.items])

    def _placed(self, run: BuildFacts) -> BuildFacts:
        """Say whose pull request a run is about, which GitHub does not tell where the head is in a fork."""
        pull = self._pulls.get(run.version) if run.reason is Reason.PULL_REQUEST else None
        return replace(run, pull=pull, aside=run.aside or self._source.aside)

    def _news(self, runs: Iterable[BuildFacts]) -> bool:
        told = {run.external_id: (run.moved_at, run.attempt) for run in runs}
        rows = Build.objects.filter(provider=Provider.ACTIONS, external_id__in=told)
        known = {id: (moved, attempt) for id, moved, attempt in rows.values_list("external_id", "moved_at", "attempt")}
        return any(known.get(id) != state for id, state in told.items())

    def _vanished(self, pages: list[RunList]) -> None:
        """Ask for runs that we take for unfinished and that these pages should show; two answers decide."""
        shown = {run.external_id for page in pages for run in page.items}
        since = _oldest(pages[-1]) if pages[-1].next else None
        ours = Build.objects.filter(provider=Provider.ACTIONS, repository=self._source.repository)
        missing = ours.filter(~Q(status=Status.FINISHED)).exclude(external_id__in=shown)
        missing = missing.filter(queued_at__gt=since) if since else missing
        self._ask(list(missing.values_list("external_id", flat=True)[:STRAGGLERS]))

    def _ask(self, ids: Iterable[int]) -> None:
        troubles = Troubles(self._current)
        for build_id in ids:
            try:
                if is_gone(self._current, self._service, build_id):
                    close_gone(Provider.ACTIONS, [build_id], self._current.now)
            except ServiceError as error:
                troubles.note(f"Run {build_id} of {self._source.repository}", error)
            if troubles.stopped:
                return

    def _stragglers(self, shown: set[int], place: int) -> None:
        """Ask in turn for old runs that we take for unfinished and no list shows; two answers decide that one is gone.

        What the first page shows needs no asking: those are the newest hundred.
        """
        ours = Build.objects.filter(provider=Provider.ACTIONS, repository=self._source.repository)
        oldest = (
            ours.order_by("-queued_at").values_list("queued_at", flat=True)[RUNS_ON_A_PAGE - 1 : RUNS_ON_A_PAGE].first()
        )
        unfinished = ours.filter(~Q(status=Status.FINISHED), queued_at__lt=oldest) if oldest else ours.none()
        missing = list(unfinished.exclude(external_id__in=shown).order_by("pk").values_list("external_id", flat=True))
        start = place % max(len(missing), 1)
        self._ask((missing[start:] + missing[:start])[:STRAGGLERS])


def is_due(at: datetime | None, now: datetime, pause: timedelta) -> bool:
    """Tell whether something is to be done that was put off until `at`; farther than `pause` no right clock does."""
    return at is None or not now < at <= now + pause


def _oldest(page: RunList) -> datetime | None:
    return min((run.queued_at for run in page.items if run.queued_at), default=None)
