"""One pass of a job at a time, across processes and hosts, by a lock that dies with its holder."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from zlib import crc32

from django.conf import settings
from django.db import DatabaseError, connection

POLL = 0.2  # seconds between two tries while waiting


@contextmanager
def exclusive(name: str, wait: float = 0) -> Iterator[bool]:
    """Hold the lock `name`; yields False when it is still another's after `wait` seconds."""
    with _lock(name) as try_lock:
        deadline = time.monotonic() + wait
        while not (held := try_lock()) and time.monotonic() < deadline:
            time.sleep(POLL)
        yield held


def _lock(name: str) -> AbstractContextManager:
    return _advisory_lock(name) if connection.vendor == "postgresql" else _file_lock(name)


@contextmanager
def _advisory_lock(name: str) -> Iterator:
    """Use a PostgreSQL session lock on a connection of its own, which no pool or request closes early."""
    session = connection.copy()
    try:
        with session.cursor() as cursor:

            def try_lock() -> bool:
                cursor.execute(
                    "SELECT pg_try_advisory_lock(%s, %s)", [crc32(b"flinkci") >> 1, crc32(name.encode()) >> 1]
                )
                return cursor.fetchone()[0]

            yield try_lock
    finally:
        with suppress(DatabaseError):  # a session that is lost has lost its lock too
            session.cursor().execute("SELECT pg_advisory_unlock_all()")  # closing alone takes the server a moment
        session.close()


@contextmanager
def _file_lock(name: str) -> Iterator:
    """Use flock: the kernel drops it when the process ends, however it ends."""
    folder = settings.DATA_DIR / "locks"
    folder.mkdir(exist_ok=True)
    with (folder / f"{name}.lock").open("w") as file:

        def try_lock() -> bool:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

        yield try_lock
