"""A failed job's log and tests → its row says why it failed."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from agents.charts.pace import idle_end
from agents.failures.causes import Found, cause_of_log
from agents.failures.rules import Cause
from agents.models import Job
from agents.models.builds import Result
from flinkci_dashboard.clients.facts import Tail
from flinkci_dashboard.models.writing import Changes

NO_TAIL = Tail(1, ())


def cause_of(job: Job, tests: Sequence[str], tail: Tail) -> Found:
    """Return why a job failed, as far as the end of its log tells, and what its service told.

    A job that no machine ran and that left no log, or that its service gave up, was lost: no line can say so. When it
    started says nothing: services give that of jobs that only waited, too. What ran out of time was stopped, and so its
    log may speak of a cancellation alone.
    """
    lost = job.result == Result.ABANDONED or not (job.worker_name or tail.lines)
    told = [issue["message"] for issue in job.issues]
    found = cause_of_log(tail.lines, tail.first, tests, told, Cause.AGENT if lost else Cause.UNKNOWN)
    in_time = job.result != Result.TIMED_OUT or found.cause not in (Cause.UNKNOWN, Cause.CANCELLED, Cause.AGENT)
    return found if in_time else replace(found, cause=Cause.TIMEOUT)


def save_cause(job: Job, found: Found, tail: Tail) -> None:
    """Write why a job failed; nothing where the row says so already."""
    changes: Changes[Job] = Changes()
    number = max(found.number - tail.step + 1, 0) or None if found.number and tail.first else None
    changes.put(job, {"cause": found.cause, "cause_line": found.line, "cause_line_number": number})
    changes.put(job, {"idle_seconds": idle_end(tail.lines)})
    changes.write()


def save_idle(logs: Iterable[tuple[Job, Sequence[str]]]) -> None:
    """Write how long jobs that succeeded sat idle at their end, by the ends of their logs."""
    changes: Changes[Job] = Changes()
    for job, lines in logs:
        changes.put(job, {"idle_seconds": idle_end(lines)})
    changes.write()
