"""`manage.py qcluster`: django-q2's worker, with our scheduler beside it.

Three habits of django-q2 are mended here. It looks at its schedules only every 30 s: the loop below keeps the schedule.
It leaves orphans when its main process is killed: every process of the cluster asks the kernel to end with its parent.
An idle worker that is killed takes the queue's lock along, and the cluster hangs (its issue #23): ours waits unlocked.
"""

import logging
import os
import sys
import time
from multiprocessing.connection import wait
from queue import Empty
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError, connection
from django.utils import timezone
from django_q import cluster as django_q_cluster
from django_q.queues import Queue
from redis.exceptions import RedisError

from flinkci_dashboard.jobs.heartbeat import Heartbeat
from flinkci_dashboard.jobs.run import enqueue_due
from flinkci_dashboard.launch import end_with_parent
from flinkci_dashboard.shared import load_shared

log = logging.getLogger(__name__)
TICK = 1.0  # seconds
HEARTBEAT = 10.0  # seconds


class UnlockedQueue(Queue):
    """A queue whose readers hold its lock only while they read, never while they wait."""

    def get(self, *args: Any, **kwargs: Any) -> Any:
        """Wait for an item and return it."""
        while True:
            wait([self._reader])
            try:
                return super().get(block=False)
            except Empty:
                continue  # another reader was quicker


class Command(BaseCommand):
    """Run background work until SIGTERM or SIGINT; a pass under way is finished first."""

    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        """Start the cluster, then queue what is due once a second while it lives."""
        os.register_at_fork(after_in_child=_stand_apart)
        load_shared()
        connection.close()  # not to be shared with the children
        django_q_cluster.Queue = UnlockedQueue
        cluster = django_q_cluster.Cluster()
        cluster.start()
        heartbeat, beat = Heartbeat(), 0.0
        while cluster.sentinel.is_alive():
            try:
                if time.monotonic() - beat >= HEARTBEAT:
                    heartbeat.beat(timezone.now(), time.monotonic())
                    beat = time.monotonic()
                enqueue_due(timezone.now())
            except DatabaseError as error:  # it may come back: try again with a new connection
                log.error("The database does not answer: %s", error)
                connection.close()
            except RedisError as error:
                log.error("The broker does not answer: %s", error)
            time.sleep(TICK)
        if not cluster.has_stopped:
            log.error("The worker's sentinel died; ending, so that the supervisor starts a new one.")
            sys.exit(1)


def _stand_apart() -> None:
    """Let a child end with its parent, out of reach of signals to the parent's group (Ctrl-C, a container's end).

    A sentinel that is ended by one leaves the main process waiting for a lock that it held.
    """
    end_with_parent()
    os.setpgid(0, 0)
