"""The world's time: real by default, moved by tests, quicker in the demo."""

import threading
import time
from datetime import UTC, datetime, timedelta


class Clock:
    """Tells the world's time, which starts now and runs `speed` times as fast as ours."""

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed
        self._start = datetime.now(UTC)
        self._began = time.monotonic()
        self._skipped = timedelta()
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """Return the world's time, in UTC."""
        with self._lock:
            return self._start + self._skipped + timedelta(seconds=(time.monotonic() - self._began) * self.speed)

    def advance(self, **delta: float) -> datetime:
        """Skip some time (`minutes=15`) and return the new one."""
        with self._lock:
            self._skipped += timedelta(**delta)
        return self.now()
