"""The jobs of runs that moved → rows: one question for each, and one more for each earlier attempt not yet known."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from django.db.models import Q

from agents.actions.spending import JOBS, LIVE, SHARE, Spending
from agents.builds.timelines import Known, known_rows, note_read, put_off, save_timelines
from agents.machines.places import Places
from agents.models import Build, Job
from agents.models.builds import Provider, Status
from flinkci_dashboard.clients.errors import NotFoundError, ServiceError, ThrottledError
from flinkci_dashboard.clients.facts import JobFacts, Timeline
from flinkci_dashboard.clients.providers import RunService
from flinkci_dashboard.jobs.attempts import Troubles
from flinkci_dashboard.jobs.run import Pass

TOGETHER = 20  # runs whose rows are in memory at the same time
STILL = timedelta(minutes=5)  # after which the jobs of a run that goes on, and does not move, are asked for again
TRY_AGAIN = timedelta(minutes=10)  # after the jobs of a run that ended could not be read
RECENT = timedelta(days=2)  # older runs, and what tests no Flink, leave a share of the hourly limit to the others
Times = tuple[str, datetime | None, datetime | None]  # of which job, when it began, when it ended
Execution = Job | JobFacts


def moved_runs(now: datetime, spending: Spending) -> list[Build]:
    """Return the runs whose jobs are to be read, newest first: those that moved, then some that have not."""
    builds = Build.objects.filter(provider=Provider.ACTIONS, jobs_pending=True)
    if not spending.allows(SHARE):
        builds = builds.filter(queued_at__gt=now - RECENT).exclude(scope=Build.Scope.OTHER)
    again = Q(~Q(status=Status.FINISHED), jobs_tried_at__lt=now - STILL) | Q(jobs_tried_at__lt=now - TRY_AGAIN)
    moved = list(builds.filter(jobs_tried_at=None).order_by("-queued_at", "-id")[:JOBS])
    return [*moved, *builds.filter(again).order_by("jobs_tried_at")[: JOBS - len(moved)]]


class JobReader:
    """Reads jobs into rows, for one pass."""

    def __init__(self, current: Pass, service_of: Callable[[str], RunService], spending: Spending) -> None:
        self._current, self._service_of, self._spending = current, service_of, spending
        self._places: Places | None = None
        self._troubles: dict[str, Troubles] = defaultdict(lambda: Troubles(current))
        self._throttled = False

    def read(self, builds: list[Build]) -> None:
        """Read the jobs of these runs, as far as the pass may ask."""
        for start in range(0, len(builds), TOGETHER):
            self._current.progress(f"reading jobs of {len(builds)} runs", 100 * start // len(builds))
            chunk = builds[start : start + TOGETHER]
            known = known_rows(chunk)
            for build in chunk:
                if self._throttled or not self._spending.allows(LIVE):
                    return
                if not self._troubles[build.repository].stopped:
                    self._try(build, known[build.pk])

    def _try(self, build: Build, known: Known) -> None:
        """Read one run. One that fails is tried again later, after the others."""
        troubles = self._troubles[build.repository]
        try:
            self._read(build, known)
        except NotFoundError:
            note_read(build, complete=False, now=self._current.now)
        except ServiceError as error:
            put_off(build, self._current.now)
            troubles.note(f"Run {build} of {build.repository}", error)
            self._throttled = isinstance(error, ThrottledError)
        else:
            troubles.over()

    def _read(self, build: Build, known: Known) -> None:
        service, attempt = self._service_of(build.repository), build.attempt
        numbered, _, etag = build.jobs_etag.partition(" ")
        latest, etag = service.jobs(build.external_id, attempt, etag if numbered == str(attempt) else "")
        build.jobs_etag = f"{attempt} {etag}"[:255]
        if latest is None:
            ended = all(job.status == Status.FINISHED for job in known.jobs.values() if job.attempt == attempt)
            note_read(build, complete=ended, now=self._current.now)
            return
        timelines = [latest, *self._earlier(service, build, known)]
        places = self._places = self._places or Places(self._current.now)
        told = [without_inherited(each, known, timelines) for each in timelines]
        if changed := save_timelines(build, told, known, places, self._current.now):
            self._current.count("jobs_changed", changed)

    def _earlier(self, service: RunService, build: Build, known: Known) -> list[Timeline]:
        """Return the jobs of earlier attempts whose ends we do not know; none where GitHub keeps them no longer."""
        found = []
        for attempt in range(build.attempt - 1, 0, -1):
            ours = [job for job in known.jobs.values() if job.attempt == attempt]
            if ours and all(job.status == Status.FINISHED for job in ours):
                continue
            try:
                found.append(service.jobs(build.external_id, attempt)[0] or Timeline((), (), ()))
            except NotFoundError:
                continue
        return found


def without_inherited(timeline: Timeline, known: Known, timelines: list[Timeline]) -> Timeline:
    """Leave out what a re-run took over from an attempt before: it tells of the same execution under another number."""
    before: dict[Times, list[Execution]] = defaultdict(list)
    for row in known.jobs.values():
        before[row.key, row.started_at, row.finished_at].append(row)
    for each in timelines:
        for job in each.jobs:
            before[_times(job)].append(job)
    kept = [job for job in timeline.jobs if not any(_copies(job, each) for each in before[_times(job)])]
    return replace(timeline, jobs=tuple(kept))


def _copies(job: JobFacts, earlier: Execution) -> bool:
    """Tell whether a job is a copy of one of an earlier attempt that began and ended when it did.

    A copy has the id of what it copies, or its machine; and where it was made anew, that was after it began. What ran
    again has an id of its own, on another machine, or began no sooner than it was made.
    """
    if earlier.attempt >= job.attempt or job.finished_at is None:
        return False
    if job.record_id == earlier.record_id:
        return True
    if job.worker_name and earlier.worker_name and job.worker_name != earlier.worker_name:
        return False
    made, began = job.ready_at, job.started_at or job.finished_at
    made_before = earlier.ready_at if isinstance(earlier, JobFacts) else earlier.queued_at
    return made is None or began is None or made == made_before or made > began


def _times(job: JobFacts) -> Times:
    return job.key, job.started_at, job.finished_at
