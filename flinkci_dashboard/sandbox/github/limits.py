"""GitHub's limits: what an account may ask in an hour, and how fast it may write."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from flinkci_dashboard.sandbox.calls import Answer, Call
from flinkci_dashboard.sandbox.faults import rate_limited
from flinkci_dashboard.sandbox.github.answers import refuse

LIMIT, HOUR = 5000, 3600
SPENT = "API rate limit exceeded for user ID 1."


class Limits:
    """`limit` is the primary one, an hour; `writes_per_minute`, `writes_per_hour` are the secondary ones (0: none)."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.limit = LIMIT
        self.used = 0
        self._now = now
        self.reset_at = int(now().timestamp()) + HOUR
        self.writes_per_minute = self.writes_per_hour = 0
        self._writes: list[datetime] = []
        self._lock = threading.Lock()

    def refuse(self, call: Call) -> Answer | None:
        """Refuse what is beyond a limit: carrying on doesn't help, waiting does."""
        return self._spent(call) or self._too_quick(call)

    def charge(self, answer: Answer) -> None:
        """Count an answer, if it costs anything."""
        with self._lock:
            self.used += answer.charged

    def facts(self) -> dict[str, int]:
        """Return the primary limit's state."""
        left = max(0, self.limit - self.used)
        return {"limit": self.limit, "remaining": left, "used": self.used, "reset": self.reset_at}

    def _spent(self, call: Call) -> Answer | None:
        with self._lock:
            now = int(self._now().timestamp())
            if now >= self.reset_at:
                self.used, self.reset_at = 0, now + HOUR
            spent = self.used >= self.limit and call.path != "/rate_limit"
        return refuse(403, SPENT) if spent else None

    def _too_quick(self, call: Call) -> Answer | None:
        if call.method == "GET":
            return None
        with self._lock:
            now = self._now()
            self._writes = [at for at in self._writes if at > now - timedelta(hours=1)]
            waits = [self._wait(now, seconds, most) for seconds, most in self._secondary() if most]
            if any(waits):
                return rate_limited("secondary", {"retry-after": str(max(1, max(waits)))})
            self._writes.append(now)
        return None

    def _secondary(self) -> tuple[tuple[int, int], ...]:
        return (60, self.writes_per_minute), (HOUR, self.writes_per_hour)

    def _wait(self, now: datetime, seconds: int, most: int) -> int:
        """Return how many seconds to wait until another write fits."""
        recent = [at for at in self._writes if at > now - timedelta(seconds=seconds)]
        return max(1, round((recent[-most] - now).total_seconds() + seconds)) if len(recent) >= most else 0
