"""How a pass of a job comes about: it is due or asked for, is queued, runs under its lock, and is recorded."""

import logging
import socket
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.module_loading import import_string
from django_q.tasks import async_task
from redis.exceptions import RedisError

from flinkci_dashboard.clients import tally
from flinkci_dashboard.clients.secrets import UnreadableSecretError
from flinkci_dashboard.clients.web import repaired
from flinkci_dashboard.jobs.hurry import hurried_since
from flinkci_dashboard.jobs.locks import LockLostError, exclusive
from flinkci_dashboard.jobs.passes import ConfigurationError, Pass
from flinkci_dashboard.jobs.table import JOBS
from flinkci_dashboard.logs import RunLines, log_of
from flinkci_dashboard.models import JobRequest, JobRun, JobSchedule, RunLog

log = logging.getLogger(__name__)

STALE = timedelta(minutes=10)  # a scheduled task older than this has been overtaken by later ones
UNHEARD = timedelta(minutes=1)  # after which a request whose task got lost makes its job due, be it disabled
NOT_HERE = "Nothing was done: this installation has no such job, or it is not set up (manage.py bootstrap)."
SWITCHED_OFF = "Nothing was done: the job is switched off. “Run now” on its page makes it run once."
RUN = "run"  # the act that asks for a pass and nothing else: of a disabled job, too
UNANSWERED = {
    JobRun.Outcome.OK: "Done.",
    JobRun.Outcome.PARTIAL: "The pass ended, and parts of it failed: the job's page tells which.",
    JobRun.Outcome.FAILED: "The pass failed: the job's page tells why.",
}


def enqueue_due(now: datetime) -> list[str]:
    """Queue every job whose time has come, once across all hosts; returns their names.

    A job whose task the broker does not take stays due. Raises RedisError (or DatabaseError) when it does not answer.
    """
    unheard = _unheard(now)
    due = [each for each in JobSchedule.objects.filter(job__in=JOBS) if each.is_due(now, each.job in unheard)]
    return [schedule.job for schedule in due if _queued(schedule, now)]


@transaction.atomic
def _queued(schedule: JobSchedule, now: datetime) -> bool:
    """Claim a job and queue it: both or neither."""
    if claimed := schedule.claim(now):
        async_task("flinkci_dashboard.jobs.work", schedule.job, "schedule", now.isoformat())
    return claimed


def _unheard(now: datetime) -> set[str]:
    """Return the jobs with a request that no pass has taken up in time; one for a job that is not here is answered."""
    waiting = Q(requested_at__lt=now - UNHEARD) | Q(requested_at__gt=now + UNHEARD)  # the clock may have been set back
    requests = JobRequest.objects.filter(waiting, settled_at=None)
    asked = set(requests.order_by().values_list("job", "act").distinct())
    if asked:
        enabled = dict(JobSchedule.objects.filter(job__in=JOBS).values_list("job", "enabled"))
        gone = {job for job, _ in asked} - enabled.keys()
        requests.filter(job__in=gone).update(answer=NOT_HERE, settled_at=now)
        off = [job for job, on in enabled.items() if not on]
        requests.filter(job__in=off).exclude(act=RUN).update(answer=SWITCHED_OFF, settled_at=now)
        return {job for job, act in asked if enabled.get(job) or (job in enabled and act == RUN)}
    return set()


def request(
    name: str, user: User | None, act: str = RUN, subject: str = "", payload: Mapping[str, Any] | None = None
) -> JobRequest:
    """Ask for a pass of a job now, for the sake of one act; the pass writes its answer into the row returned.

    Of a job that is switched off, a pass is all that one can ask for; everything else is answered at once. What the
    broker does not take is taken up when it has waited for a minute.
    """
    facts = {"act": act, "subject": subject[:255], "payload": dict(payload or {})}
    row = JobRequest(job=name, requested_by=user, **facts)
    if act != RUN and JobSchedule.objects.filter(job=name, enabled=False).exists():
        row.answer, row.settled_at = SWITCHED_OFF, timezone.now()
    row.save()
    if row.settled_at:
        return row
    try:
        async_task("flinkci_dashboard.jobs.work", name, "button", row.requested_at.isoformat())
    except RedisError as error:
        log.error("%s was asked for and could not be queued: %s", name, error)
    return row


def work(name: str, trigger: str, queued_at: str) -> str:
    """Run one pass as a background task; returns its outcome in a word.

    A task that was queued long ago is dropped: a pass looks at the whole world, so a later one has done its work. This
    also ends the redelivery of a task whose worker died. So is one that waited behind a busy worker while another pass
    began and ended.
    """
    queued = parse_datetime(queued_at)
    if queued is None or name not in JOBS or timezone.now() - queued > STALE:
        return "overtaken"
    if _served(name, queued):
        return "served"
    run = run_pass(name, trigger)
    if run is None and (open_requests(name).exists() or hurried_since(name)):
        # Another pass is under way and may have looked already: come again.
        JobSchedule.objects.filter(job=name).update(next_run_at=timezone.now() + timedelta(seconds=1))
    return run.outcome if run else "already running"


def _served(name: str, queued: datetime) -> bool:
    """Tell whether a pass that began after a task was queued has ended, and nobody waits for another."""
    later = JobRun.objects.filter(job=name, started_at__range=(queued, timezone.now())).exclude(ended_at=None)
    return later.exists() and not open_requests(name).exists()


def open_requests(name: str) -> QuerySet[JobRequest]:
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
        last = JobRun.objects.filter(job=name).first()
        facts = {"host": socket.gethostname(), "asked_before": last.asked_in_all if last else {}}
        run = JobRun.objects.create(job=name, trigger=trigger, **facts)
        current = Pass(run, run.started_at, list(open_requests(name).select_related("requested_by")))
        with log_of(run.pk, lambda text: _show_log(run, text)) as lines:
            tally.take()  # what was asked before is no pass's
            try:
                _run_engine(import_string(JOBS[name].function), current)
            finally:
                lines.close()
                _record(current, lines)
        return run


def _run_engine(function: Callable[[Pass], None], current: Pass) -> None:
    try:
        function(current)
        current.achieved = current.achieved or not current.errors
    except (ConfigurationError, UnreadableSecretError) as error:
        current.fail(str(error))
        raise ConfigurationError(str(error)) from error
    except DatabaseError:
        raise  # nothing can be recorded now; the next pass notes that this one was lost
    except LockLostError as error:
        current.fail(str(error))
        current.requests = []  # the pass that has the lock answers them
    except Exception as error:
        log.exception("%s failed", current.run.job)
        current.fail(f"{type(error).__name__}: {error}")
        current.achieved = False
    except BaseException as error:  # the task's time-out, or the worker's end: say so, then go
        current.fail(f"ended early: {type(error).__name__}")
        raise


def _record(current: Pass, lines: RunLines) -> None:
    run = current.run
    run.outcome, run.ended_at, run.progress = current.outcome, timezone.now(), {}
    run.counts, run.error, run.asked = dict(current.counts), "\n".join(current.errors), tally.take()
    if run.did_something:
        log.info("%s ended %s after %.1f s: %s", run.job, run.outcome, run.seconds, _figures(run.counts | run.asked))
    with transaction.atomic():
        run.save()
        if lines.text:
            _keep_log(run, lines.text)
    for waiting in current.requests:
        if waiting.settled_at is None:
            current.answer(waiting, UNANSWERED[current.outcome])


def _show_log(run: JobRun, text: str) -> bool:
    """Let the page of a pass that runs show its log, wherever that page is served; False when it can't be written now.

    Inside of a transaction nobody else would see it, and an error would take the transaction's work along.
    """
    if connection.in_atomic_block:
        return False
    try:
        _keep_log(run, text)
    except DatabaseError:
        return False  # the pass meets the same at its next step, and says so
    return True


def _keep_log(run: JobRun, text: str) -> None:
    RunLog.objects.update_or_create(run=run, defaults={"text": repaired(text)})


def _figures(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in counts.items() if number) or "no figures"


def _close_lost_runs(name: str) -> None:
    """Close what a killed process left open. We hold the lock, so nobody else is running this job."""
    JobRun.objects.filter(job=name, outcome=JobRun.Outcome.RUNNING).update(
        outcome=JobRun.Outcome.FAILED,
        ended_at=timezone.now(),
        progress={},
        error="The worker ended during this pass (killed, or it lost the database). The next pass takes over.",
    )
