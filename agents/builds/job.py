"""`poll_builds`: what CI services tell of builds → rows for builds, jobs, the agents they ran on, and failing tests."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Q

from agents.builds.failing_tests import find_failing_tests
from agents.builds.observe import note, observe_builds, read_history
from agents.builds.timelines import Known, known_rows, lacks_attempts, save_timelines
from agents.charts.periods import refresh_stale_days
from agents.machines.hosts import HEAD_LINES, LogHead, read_head
from agents.machines.places import Places
from agents.models import Build, Watermark
from agents.models.builds import Status
from flinkci_dashboard.clients.errors import NotAuthorizedError, NotFoundError, ServiceError, ThrottledError
from flinkci_dashboard.clients.facts import Timeline
from flinkci_dashboard.clients.providers import CIService, connect_all
from flinkci_dashboard.jobs.run import Pass

TIMELINES = 80  # finished builds whose jobs are read in one pass
TRY_AGAIN = timedelta(minutes=10)  # after the jobs of a finished build could not be read
ASK_QUEUES_AGAIN = timedelta(hours=1)  # after a queue's pool was not told
MAX_TROUBLES = 3  # calls in a row that fail before the pass ends


def poll_builds(current: Pass) -> None:
    """One pass: list what changed, read the jobs of those builds, look for failing tests, make the figures anew.

    With nothing new it makes two calls of each service: the unfinished builds, and those that finished since.
    """
    for service in connect_all():
        _poll(current, service)
    refresh_stale_days(current.now)


def _poll(current: Pass, service: CIService) -> None:
    try:
        observe_builds(current, service)
        read_history(current, service)
    except ServiceError as error:
        current.fail(str(error))
        if isinstance(error, NotAuthorizedError | ThrottledError):
            return
    reader = _Reader(current, service)
    reader.apply_rules()
    reader.read_jobs()
    find_failing_tests(current, service)


class _Reader:
    """Reads timelines into rows."""

    def __init__(self, current: Pass, service: CIService) -> None:
        self._current = current
        self._service = service
        self._places = Places(current.now, self._read_head)
        self._troubles = 0

    def apply_rules(self) -> None:
        """Where a person changed a rule or a pool's host, apply it to the agents and jobs that we have."""
        mark, _ = Watermark.objects.get_or_create(name="rules")
        fingerprint = self._places.fingerprint()
        if mark.note != fingerprint:
            if moved := self._places.rehost():
                self._current.count("agents_moved", moved)
            note(mark, fingerprint)

    def read_jobs(self) -> None:
        """Read the jobs of all unfinished builds, and of finished ones whose jobs we lack, newest first."""
        builds = _to_read(self._service.provider, self._current.now)
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
        latest = self._service.timeline(build.external_id)
        timelines = [latest]
        if lacks_attempts(known, latest):
            timelines += self._earlier(build, latest)
        self._learn_queues(timelines)
        if changed := save_timelines(build, timelines, known, self._places, self._current.now):
            self._current.count("jobs_changed", changed)

    def _earlier(self, build: Build, latest: Timeline) -> Iterable[Timeline]:
        for timeline_id in latest.earlier:
            try:
                yield self._service.timeline(build.external_id, timeline_id)
            except NotFoundError:  # Azure keeps the latest attempt longer than the earlier ones
                continue

    def _learn_queues(self, timelines: list[Timeline]) -> None:
        unknown = self._places.unknown_queues(job for timeline in timelines for job in timeline.jobs)
        mark, _ = Watermark.objects.get_or_create(name="queues")
        if not unknown or (mark.at and self._current.now - mark.at < ASK_QUEUES_AGAIN):
            return
        try:
            self._places.learn_queues(self._service.queues(unknown))
        except (NotAuthorizedError, NotFoundError) as error:  # workers' names tell the host instead
            note(mark, str(error))
        if self._places.unknown_queues(job for timeline in timelines for job in timeline.jobs):
            mark.at = self._current.now
            mark.save(update_fields=["at"])

    def _read_head(self, build_id: int, log_id: int) -> LogHead | None:
        try:
            return read_head(self._service.log_lines(build_id, log_id, 1, HEAD_LINES))
        except NotFoundError:
            return LogHead()
        except ServiceError as error:
            self._current.fail(f"Log {log_id} of build {build_id}: {error}")
            return None


def _to_read(provider: str, now: datetime) -> list[Build]:
    builds = Build.objects.filter(provider=provider)
    waiting = builds.filter(jobs_pending=True, status=Status.FINISHED)
    due = waiting.filter(Q(jobs_tried_at=None) | Q(jobs_tried_at__lt=now - TRY_AGAIN))
    unfinished = builds.filter(~Q(status=Status.FINISHED))
    return [*unfinished.order_by("-queued_at"), *due.order_by("-queued_at", "-id")[:TIMELINES]]
