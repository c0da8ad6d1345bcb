"""What is kept of logs for 30 days: the lines that may tell of a failure, so that new patterns can be tried on them."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from agents.builds.log_tail import plain
from agents.failures.causes import CHATTER
from agents.models import Job, LogExtract

KEEP = timedelta(days=30)
MAX_LINES, MAX_LINE = 300, 300  # of a log are kept: its last ones


def extract(lines: Iterable[str]) -> str:
    """Return the lines that may tell of a failure, without clocks and colours."""
    plainly = (plain(line[: MAX_LINE * 2])[:MAX_LINE] for line in lines)
    return "\n".join([line for line in plainly if line and not CHATTER.match(line)][-MAX_LINES:])


def save_extracts(logs: Iterable[tuple[Job, Sequence[str]]], green: bool = False) -> None:
    """Keep what logs of ended jobs tell; a log that was read before, and in part alone, is kept as it is now."""
    rows = [
        LogExtract(job=job, at=job.finished_at, green=green, text=extract(lines))
        for job, lines in logs
        if lines and job.finished_at
    ]
    LogExtract.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["job"], update_fields=["text", "green", "at"], batch_size=500
    )
