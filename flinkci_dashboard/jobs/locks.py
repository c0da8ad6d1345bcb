"""One pass of a job at a time, across processes and hosts, by a lock that dies with its holder."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Protocol, TextIO
from zlib import crc32

from django.conf import settings
from django.db import DatabaseError, connection

POLL = 0.2  # seconds between two tries while waiting
SPACE = crc32(b"flinkci") >> 1  # tells our advisory locks from those of others


class LockLostError(Exception):
    """The pass has lost its lock, and another may be under way: it has to end before its next act."""

    def __init__(self) -> None:
        super().__init__("The pass lost its lock (the database ended its session), and ends before its next act.")


class Lock(Protocol):
    """What a pass holds."""

    def take(self) -> bool:
        """Try once; tells whether it is ours now."""

    def still_mine(self) -> bool:
        """Tell whether it is ours still."""

    def release(self) -> None:
        """Give it back."""


_held: ContextVar[Lock | None] = ContextVar("held", default=None)


@contextmanager
def exclusive(name: str, wait: float = 0) -> Iterator[bool]:
    """Hold the lock `name`; yields False when it is still another's after `wait` seconds."""
    lock: Lock = _AdvisoryLock(name) if connection.vendor == "postgresql" else _FileLock(name)
    try:
        deadline = time.monotonic() + wait
        while not (taken := lock.take()) and time.monotonic() < deadline:
            time.sleep(POLL)
        before = _held.set(lock if taken else _held.get())
        try:
            yield taken
        finally:
            _held.reset(before)
    finally:
        lock.release()


def make_sure() -> None:
    """Raise LockLostError when the pass under way has lost its lock. The ledger asks before each act."""
    lock = _held.get()
    if lock and not lock.still_mine():
        raise LockLostError


class _AdvisoryLock:
    """A PostgreSQL session lock on a connection of its own, which no pool or request closes early."""

    def __init__(self, name: str) -> None:
        self._key = crc32(name.encode()) >> 1
        self._session = connection.copy()

    def take(self) -> bool:
        return self._ask("SELECT pg_try_advisory_lock(%s, %s)")

    def still_mine(self) -> bool:
        """Ask the session itself: whatever ended it, or took its place, took the lock along."""
        with suppress(DatabaseError):
            return self._ask(
                "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted"
                " AND classid = %s AND objid = %s AND pid = pg_backend_pid())"
            )
        return False

    def release(self) -> None:
        with suppress(DatabaseError):  # a session that is lost has lost its lock too
            self._session.cursor().execute("SELECT pg_advisory_unlock_all()")  # closing alone takes the server a moment
        self._session.close()

    def _ask(self, question: str) -> bool:
        with self._session.cursor() as cursor:
            cursor.execute(question, [SPACE, self._key])
            return bool(cursor.fetchone()[0])


class _FileLock:
    """Use flock: the kernel drops it when the process ends, however it ends."""

    def __init__(self, name: str) -> None:
        folder = settings.DATA_DIR / "locks"
        folder.mkdir(exist_ok=True)
        self._path: Path = folder / f"{name}.lock"
        self._file: TextIO = self._path.open("w")

    def take(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return self.still_mine()

    def still_mine(self) -> bool:
        """Look whether the file is still the one that others would lock: somebody may have tidied it away."""
        with suppress(FileNotFoundError):
            return os.path.samestat(self._path.stat(), os.fstat(self._file.fileno()))
        return False

    def release(self) -> None:
        self._file.close()
