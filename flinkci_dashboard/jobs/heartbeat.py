"""The worker's sign of life, and what it notices of its machine's clock."""

import logging
import os
import shutil
import socket
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from flinkci_dashboard.models import Worker

log = logging.getLogger(__name__)

LATELY = timedelta(minutes=5)  # what a worker said of its disk since then counts
MOVED = timedelta(seconds=30)  # that a clock goes wrong by between two beats, beyond what waiting and load explain


def disk_free() -> float:
    """Return how many percent are free of the disk that holds this host's DATA_DIR."""
    usage = shutil.disk_usage(settings.DATA_DIR)
    return 100 * usage.free / usage.total


def disks(now: datetime) -> dict[str, float]:
    """Return how many percent are free on each host: as its worker said lately, and of this one as it is now."""
    told = Worker.objects.filter(seen_at__range=(now - LATELY, now + LATELY), disk_free__isnull=False)
    return {each.host: each.disk_free or 0.0 for each in told} | {socket.gethostname(): disk_free()}


class Heartbeat:
    """One worker process's beats."""

    def __init__(self) -> None:
        self.host, self.started = socket.gethostname(), timezone.now()
        self._last: tuple[datetime, float] | None = None

    def beat(self, now: datetime, uptime: float) -> None:
        """Say that this worker lives; note when the clock was moved since the last beat of this machine's workers.

        `uptime` is a time in seconds that nobody sets (`time.monotonic`).
        """
        facts = {"pid": os.getpid(), "seen_at": now, "disk_free": disk_free()}
        if moved := self._moved(now, uptime):
            log.warning("The clock of %s was moved by %d s.", self.host, moved.total_seconds())
            facts |= {"clock_moved_at": now, "clock_moved_by": int(moved.total_seconds())}
            self.started += moved if self._last else timedelta(0)
        self._last = now, uptime
        Worker.objects.update_or_create(host=self.host, defaults=facts | {"started_at": self.started})

    def _moved(self, now: datetime, uptime: float) -> timedelta:
        """Return by how much; between two processes only a step back can be told from time that went by."""
        if self._last:
            before, at = self._last
            moved = now - before - timedelta(seconds=uptime - at)
        else:
            earlier = Worker.objects.filter(host=self.host).first()
            moved = min(now - earlier.seen_at, timedelta(0)) if earlier else timedelta(0)
        return moved if abs(moved) > MOVED else timedelta(0)
