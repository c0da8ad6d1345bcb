"""`poll_builds`: what Azure tells of builds → rows for builds, jobs, the agents they ran on, and failing tests."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Q

from agents.builds.failing_tests import find_failing_tests
from agents.builds.rows import save_builds
from agents.builds.timelines import Known, known_rows, lacks_attempts, save_timelines
from agents.charts.periods import refresh_stale_days
from agents.machines.hosts import HEAD_LINES, LogHead, read_head
from agents.machines.places import Places
from agents.models import Build, Job, Watermark
from agents.models.builds import Status
from flinkci_dashboard.clients.azure.project import Azure, connect
from flinkci_dashboard.clients.errors import NotAuthorizedError, NotFoundError, ServiceError, ThrottledError
from flinkci_dashboard.clients.facts import Timeline
from flinkci_dashboard.jobs.run import Pass

OVERLAP = timedelta(minutes=10)  # clocks differ, and a build's end may be told late
HISTORY_PAGE = 200  # builds of the past in one pass, until Azure has no older ones
TIMELINES = 80  # finished builds whose jobs are read in one pass
TRY_AGAIN = timedelta(minutes=10)  # after the jobs of a finished build could not be read
ASK_QUEUES_AGAIN = timedelta(hours=1)  # after a queue's pool was not told
MAX_TROUBLES = 3  # calls in a row that fail before the pass ends


def poll_builds(current: Pass) -> None:
    """One pass: list what changed, read the jobs of those builds, look for failing tests, make the figures anew.

    With nothing new it makes two calls: the unfinished builds, and those that finished since the last pass.
    """
    azure = connect()
    mark, _ = Watermark.objects.get_or_create(name="builds")
    try:
        _list_builds(current, azure, mark)
        _list_history(current, azure)
    except ServiceError as error:
        current.fail(str(error))
        _note(mark, str(error))
        if isinstance(error, NotAuthorizedError | ThrottledError):
            return
    else:
        _note(mark, "")
    reader = _Reader(current, azure)
    reader.apply_rules()
    reader.read_jobs()
    find_failing_tests(current, azure)
    refresh_stale_days(current.now)


def _list_builds(current: Pass, azure: Azure, mark: Watermark) -> None:
    unfinished = azure.unfinished_builds()
    finished = azure.finished_builds(since=mark.at - OVERLAP) if mark.at else azure.finished_builds(limit=HISTORY_PAGE)
    told = {build.external_id: build for build in (*unfinished, *finished)}
    lost = _open_builds().exclude(external_id__in=told).values_list("external_id", flat=True)
    again = azure.builds_by_id(lost) if lost else []
    _count(current, save_builds([*told.values(), *again], current.now))
    _close_deleted(current, set(lost) - {build.external_id for build in again})
    newest = max((build.finished_at for build in finished if build.finished_at), default=mark.at)
    if newest and newest != mark.at:
        mark.at = newest
        mark.save(update_fields=["at"])


def _list_history(current: Pass, azure: Azure) -> None:
    """Go back in time, a page in each pass, until Azure has nothing older; our rows outlive its retention."""
    mark, _ = Watermark.objects.get_or_create(name="history", defaults={"note": "begin"})
    if not mark.note:
        return
    until = (
        mark.at
        or Build.objects.exclude(finished_at=None).order_by("finished_at").values_list("finished_at", flat=True).first()
    )
    older = azure.finished_builds(until=until, limit=HISTORY_PAGE)
    _count(current, save_builds(older, current.now))
    oldest = min((build.finished_at for build in older if build.finished_at), default=None)
    mark.note = "going back" if oldest and oldest != until else ""
    mark.at = oldest or until
    mark.save(update_fields=["at", "note"])


def _open_builds():
    """Return the builds that are not finished as far as we know."""
    return Build.objects.filter(~Q(status=Status.FINISHED), provider="azure")


def _close_deleted(current: Pass, ids: set[int]) -> None:
    """A build that was deleted before we saw its end has none: its rows stay, and wait for nothing."""
    if not ids:
        return
    gone = Build.objects.filter(provider="azure", external_id__in=ids)
    Job.objects.filter(~Q(status=Status.FINISHED), build__in=gone).update(status=Status.FINISHED)
    closed = gone.update(status=Status.FINISHED, gone_at=current.now, jobs_pending=False, changed_at=current.now)
    current.count("builds_deleted", closed)


def _count(current: Pass, changed: list[Build]) -> None:
    if changed:
        current.count("builds_changed", len(changed))


def _note(mark: Watermark, text: str) -> None:
    if mark.note != text:
        mark.note = text
        mark.save(update_fields=["note"])


class _Reader:
    """Reads timelines into rows."""

    def __init__(self, current: Pass, azure: Azure) -> None:
        self._current = current
        self._azure = azure
        self._places = Places(current.now, self._read_head)
        self._troubles = 0

    def apply_rules(self) -> None:
        """Where a person changed a rule or a pool's host, apply it to the agents and jobs that we have."""
        mark, _ = Watermark.objects.get_or_create(name="rules")
        fingerprint = self._places.fingerprint()
        if mark.note != fingerprint:
            if moved := self._places.rehost():
                self._current.count("agents_moved", moved)
            _note(mark, fingerprint)

    def read_jobs(self) -> None:
        """Read the jobs of all unfinished builds, and of finished ones whose jobs we lack, newest first."""
        builds = _to_read(self._current.now)
        known = known_rows(builds)
        for number, build in enumerate(builds):
            self._current.progress(f"reading jobs of build {build}", 100 * number // len(builds))
            try:
                self._read(build, known[build.pk])
                self._troubles = 0
            except NotFoundError:
                Build.objects.filter(pk=build.pk).update(gone_at=self._current.now, jobs_pending=False)
            except ServiceError as error:
                Build.objects.filter(pk=build.pk).update(jobs_tried_at=self._current.now)
                self._current.fail(f"Build {build}: {error}")
                self._troubles += 1
                if self._troubles >= MAX_TROUBLES or isinstance(error, NotAuthorizedError | ThrottledError):
                    return

    def _read(self, build: Build, known: Known) -> None:
        latest = self._azure.timeline(build.external_id)
        timelines = [latest]
        if lacks_attempts(known, latest):
            timelines += self._earlier(build, latest)
        self._learn_queues(timelines)
        if changed := save_timelines(build, timelines, known, self._places, self._current.now):
            self._current.count("jobs_changed", changed)

    def _earlier(self, build: Build, latest: Timeline) -> Iterable[Timeline]:
        for timeline_id in latest.earlier:
            try:
                yield self._azure.timeline(build.external_id, timeline_id)
            except NotFoundError:  # Azure keeps the latest attempt longer than the earlier ones
                continue

    def _learn_queues(self, timelines: list[Timeline]) -> None:
        unknown = self._places.unknown_queues(job for timeline in timelines for job in timeline.jobs)
        mark, _ = Watermark.objects.get_or_create(name="queues")
        if not unknown or (mark.at and self._current.now - mark.at < ASK_QUEUES_AGAIN):
            return
        try:
            self._places.learn_queues(self._azure.queues(unknown))
        except (NotAuthorizedError, NotFoundError) as error:  # workers' names tell the host instead
            _note(mark, str(error))
        if self._places.unknown_queues(job for timeline in timelines for job in timeline.jobs):
            mark.at = self._current.now
            mark.save(update_fields=["at"])

    def _read_head(self, build_id: int, log_id: int) -> LogHead | None:
        try:
            return read_head(self._azure.log_lines(build_id, log_id, 1, HEAD_LINES))
        except NotFoundError:
            return LogHead()
        except ServiceError as error:
            self._current.fail(f"Log {log_id} of build {build_id}: {error}")
            return None


def _to_read(now: datetime) -> list[Build]:
    waiting = Build.objects.filter(jobs_pending=True, status=Status.FINISHED)
    due = waiting.filter(Q(jobs_tried_at=None) | Q(jobs_tried_at__lt=now - TRY_AGAIN) | Q(changed_at=now))
    return [*_open_builds().order_by("-queued_at"), *due.order_by("-queued_at", "-id")[:TIMELINES]]
