"""`poll_builds`: what CI services tell of builds → rows for builds, jobs, the agents they ran on, and failing tests."""

from datetime import datetime, timedelta

from django.db.models import Q

from agents.builds.failing_tests import find_failing_tests
from agents.builds.observe import ask_for, note, observe_builds, read_history
from agents.builds.rows import close_gone
from agents.builds.timelines import Known, known_rows, lacks_attempts, note_read, put_off, save_timelines
from agents.charts.anew import make_anew
from agents.machines.hosts import HEAD_LINES, LogHead, read_head
from agents.machines.places import Places
from agents.models import Build, Watermark
from agents.models.builds import Status
from flinkci_dashboard.clients.errors import NotAuthorizedError, NotFoundError, ServiceError, ThrottledError
from flinkci_dashboard.clients.facts import Timeline
from flinkci_dashboard.clients.providers import CIService, connect_listing
from flinkci_dashboard.jobs.run import Pass

TIMELINES = 80  # finished builds whose jobs are read in one pass
TOGETHER = 20  # builds whose rows are in memory at the same time
TRY_AGAIN = timedelta(minutes=10)  # after the jobs of a finished build could not be read
ASK_QUEUES_AGAIN = timedelta(hours=1)  # after a queue's pool was not told
MAX_TROUBLES = 3  # calls in a row that fail before the pass ends


def poll_builds(current: Pass) -> None:
    """One pass: list what changed, read the jobs of those builds, look for failing tests, make the figures anew.

    With nothing new it makes two calls of each service: the unfinished builds, and those that finished since.
    """
    for service in connect_listing():
        _poll(current, service)
    make_anew(current.now)


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
    find_failing_tests(current, service.provider, lambda build: service)


class _Reader:
    """Reads timelines into rows."""

    def __init__(self, current: Pass, service: CIService) -> None:
        self._current = current
        self._service = service
        self._places = Places(current.now, self._read_head)
        self._troubles = 0
        self._missing: list[Build] = []  # builds whose jobs the service says that it does not have

    def apply_rules(self) -> None:
        """Where a person changed a rule or a pool's host, apply it to the agents and jobs that we have."""
        mark, _ = Watermark.objects.get_or_create(name="rules")
        fingerprint = self._places.fingerprint()
        if mark.note != fingerprint:
            if moved := self._places.rehost():
                self._current.count("agents_moved", moved)
            note(mark, fingerprint)

    def read_jobs(self) -> None:
        """Read the jobs of all builds that run, and of finished ones whose jobs we lack, newest first."""
        builds = _to_read(self._service.provider, self._current.now)
        for start in range(0, len(builds), TOGETHER):
            self._current.progress(f"reading jobs of {len(builds)} builds", 100 * start // len(builds))
            chunk = builds[start : start + TOGETHER]
            known = known_rows(chunk)
            if not all(self._try(build, known[build.pk]) for build in chunk):
                break
        self._settle_missing()

    def _try(self, build: Build, known: Known) -> bool:
        """Read one build; tells whether to go on with the others."""
        try:
            self._read(build, known)
            self._troubles = 0
        except NotFoundError:
            self._missing.append(build)
        except ServiceError as error:
            put_off(build, self._current.now)
            self._current.fail(f"Build {build}: {error}")
            self._troubles += 1
            return self._troubles < MAX_TROUBLES and not isinstance(error, NotAuthorizedError | ThrottledError)
        return True

    def _settle_missing(self) -> None:
        """Where a finished build's jobs are not found, ask whether the build is there still."""
        ended = {build.external_id: build for build in self._missing if build.status == Status.FINISHED}
        try:
            gone = ask_for(self._current, self._service, ended)
        except ServiceError as error:
            self._current.fail(str(error))
            return
        close_gone(self._service.provider, gone, self._current.now)
        for build in ended.values():
            if build.external_id not in gone:
                note_read(build, complete=False, now=self._current.now)

    def _read(self, build: Build, known: Known) -> None:
        latest = self._service.timeline(build.external_id)
        earlier = [self._earlier(build, each) for each in latest.earlier] if lacks_attempts(known, latest) else []
        timelines = [latest, *filter(None, earlier)]
        self._learn_queues(timelines)
        doubted = build.jobs_missing_at is not None
        if changed := save_timelines(build, timelines, known, self._places, self._current.now):
            self._current.count("jobs_changed", changed)
        if None in earlier and not doubted:  # a later pass looks once more
            note_read(build, complete=False, now=self._current.now)

    def _earlier(self, build: Build, timeline_id: str) -> Timeline | None:
        """Return an earlier attempt's timeline; None where it is not there: Azure keeps the latest one longer."""
        try:
            return self._service.timeline(build.external_id, timeline_id)
        except NotFoundError:
            return None

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
            return None
        except ServiceError as error:
            self._current.fail(f"Log {log_id} of build {build_id}: {error}")
            return None


def _to_read(provider: str, now: datetime) -> list[Build]:
    builds = Build.objects.filter(provider=provider)
    waiting = builds.filter(jobs_pending=True, status=Status.FINISHED)
    due = waiting.filter(Q(jobs_tried_at=None) | Q(jobs_tried_at__lt=now - TRY_AGAIN))
    unfinished = builds.filter(~Q(status=Status.FINISHED)).exclude(status=Status.QUEUED, started_at=None)
    return [*unfinished.order_by("-queued_at"), *due.order_by("-queued_at", "-id")[:TIMELINES]]
