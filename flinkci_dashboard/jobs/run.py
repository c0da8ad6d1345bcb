"""The one table of background jobs, and how one pass of a job is run and recorded."""

import logging
import socket
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic

from django.contrib.auth.models import User
from django.db import DatabaseError
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.module_loading import import_string
from django_q.tasks import async_task

from flinkci_dashboard.clients.secrets import mask
from flinkci_dashboard.jobs.locks import exclusive
from flinkci_dashboard.jobs.table import JOBS
from flinkci_dashboard.models import JobRequest, JobRun, JobSchedule

log = logging.getLogger(__name__)


class ConfigurationError(Exception):
    """The installation is set up wrong; the message names the setting and the remedy."""


STALE = timedelta(minutes=10)  # a scheduled task older than this has been overtaken by later ones
PROGRESS_EVERY = 1.0  # seconds between two writes of a pass's progress


@dataclass
class Pass:
    """What an engine is given: the one clock reading, the requests to answer, and where to report."""

    run: JobRun
    now: datetime
    requests: list[JobRequest]
    counts: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    achieved: bool = False
    _progress_at: float = 0.0

    @property
    def forced(self) -> bool:
        """Tell whether a person waits for this pass: back-offs do not apply."""
        return bool(self.requests)

    def count(self, what: str, number: int = 1) -> None:
        """Add to one of the counts that the run shows; a count says that something was done."""
        self.counts[what] += number
        self.achieved = True

    def fail(self, message: str) -> None:
        """Record that one item failed; the pass goes on, and ends as partial, or failed when nothing succeeded."""
        message = mask(message)
        log.warning("%s: %s", self.run.job, message)
        self.errors.append(message)

    def progress(self, phase: str, percent: int | None = None, megabytes: float | None = None) -> None:
        """Show how far long work has come, at most once a second."""
        if monotonic() - self._progress_at >= PROGRESS_EVERY:
            self._progress_at = monotonic()
            self.run.progress = {"phase": phase, "percent": percent, "megabytes": megabytes}
            self.run.save(update_fields=["progress"])

    def answer(self, request: JobRequest, text: str) -> None:
        """Settle a request with the sentence that its sender will read."""
        request.answer, request.settled_at = mask(text), timezone.now()
        request.save(update_fields=["answer", "settled_at"])


def enqueue_due(now: datetime) -> list[str]:
    """Queue every job whose time has come, once across all hosts; returns their names."""
    due = [s for s in JobSchedule.objects.filter(enabled=True, next_run_at__lte=now) if s.job in JOBS and s.claim(now)]
    for schedule in due:
        async_task("flinkci_dashboard.jobs.work", schedule.job, "schedule", now.isoformat())
    return [schedule.job for schedule in due]


def request(name: str, user: User | None, act: str = "run", subject: str = "") -> JobRequest:
    """Ask for a pass of a job now, for the sake of one act; the pass writes its answer into the row returned."""
    row = JobRequest.objects.create(job=name, act=act, subject=subject, requested_by=user)
    async_task("flinkci_dashboard.jobs.work", name, "button", row.requested_at.isoformat())
    return row


def work(name: str, trigger: str, queued_at: str) -> str:
    """Run one pass as a background task; returns its outcome in a word.

    A task that was queued long ago is dropped: a pass looks at the whole world, so a later one has done its work. This
    also ends the redelivery of a task whose worker died.
    """
    queued = parse_datetime(queued_at)
    if queued is None or timezone.now() - queued > STALE:
        return "overtaken"
    run = run_pass(name, trigger)
    if run is None and open_requests(name).exists():
        # Another pass is under way and may have looked for requests already: come again.
        JobSchedule.objects.filter(job=name).update(next_run_at=timezone.now() + timedelta(seconds=1))
    return run.outcome if run else "already running"


def open_requests(name: str):
    """Return the requests for a job that no pass has answered yet."""
    return JobRequest.objects.filter(job=name, settled_at=None)


def run_pass(name: str, trigger: str, wait: float = 0) -> JobRun | None:
    """Run one pass of a job under its lock and record it; None when another pass still holds it after `wait` seconds.

    Raises ConfigurationError (recorded too). Every other error of the engine ends in the record, not here.
    """
    with exclusive(name, wait) as held:
        if not held:
            return None
        _close_lost_runs(name)
        run = JobRun.objects.create(job=name, trigger=trigger, host=socket.gethostname())
        current = Pass(run, run.started_at, list(open_requests(name).select_related("requested_by")))
        try:
            _run_engine(import_string(JOBS[name].function), current)
        finally:
            _record(current)
        return run


def _run_engine(function: Callable[[Pass], None], current: Pass) -> None:
    try:
        function(current)
        current.achieved = current.achieved or not current.errors
    except ConfigurationError as error:
        current.fail(str(error))
        raise
    except DatabaseError:
        raise  # nothing can be recorded now; the next pass notes that this one was lost
    except Exception as error:
        log.exception("%s failed", current.run.job)
        current.fail(f"{type(error).__name__}: {error}")
        current.achieved = False
    except BaseException as error:  # the task's time-out, or the worker's end: say so, then go
        current.fail(f"ended early: {type(error).__name__}")
        raise


def _record(current: Pass) -> None:
    run = current.run
    if not current.errors:
        run.outcome = JobRun.Outcome.OK
    else:
        run.outcome = JobRun.Outcome.PARTIAL if current.achieved else JobRun.Outcome.FAILED
    run.ended_at, run.counts, run.error, run.progress = (
        timezone.now(),
        dict(current.counts),
        "\n".join(current.errors),
        {},
    )
    run.save()
    for waiting in current.requests:
        if waiting.settled_at is None:
            current.answer(waiting, run.error or "Done.")


def _close_lost_runs(name: str) -> None:
    """Close what a killed process left open. We hold the lock, so nobody else is running this job."""
    JobRun.objects.filter(job=name, outcome=JobRun.Outcome.RUNNING).update(
        outcome=JobRun.Outcome.FAILED,
        ended_at=timezone.now(),
        progress={},
        error="The worker ended during this pass (killed, or it lost the database). The next pass takes over.",
    )
