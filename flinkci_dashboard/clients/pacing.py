"""One pacing of outside services: whose turn it is, how long a pass may wait for it, and what time it is over there."""

import email.utils
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TypeVar

from django.core.cache import cache
from django.utils import timezone

from flinkci_dashboard.clients.errors import ThrottledError, UnavailableError

PAUSES = (1.0, 4.0)  # seconds before the second and the third try of a read
PATIENCE = 60.0  # seconds that all the waiting for a service's sake may take in one pass
MIN_WAIT = 1.0  # seconds after a refusal for the sake of limits
QUEUED = 60.0  # seconds that a turn may be off
LONGEST = 7200.0  # seconds that any wish is heeded; a noted pause that ends later was noted by a wrong clock
SKEW = timedelta(seconds=2)  # what a Date header's whole seconds, and the way to us, may make of two right clocks

Answer = TypeVar("Answer")


class Pace:
    """The pace of one pass with one service. Its pauses are shared by all processes that ask as the same `account`."""

    def __init__(
        self, service: str, account: str, patience: float = PATIENCE, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.service, self.sleep = service, sleep
        self._patience = patience
        self._key = f"pause-{sha256(f'{service} {account}'.encode()).hexdigest()[:16]}"
        self._not_before: float = cache.get(self._key) or 0.0
        self._ahead = timedelta(0)
        self._last: float | None = None

    def ask(self, send: Callable[[], Answer], again: bool) -> Answer:
        """Call `send` when it is our turn, and anew after each time that the service did not look at the request.

        With `again`, for what is safe to repeat, a failure is tried three times. Raises what `send` raises, and
        ThrottledError when the service wants to be left alone for longer than we have patience.
        """
        pauses = iter(PAUSES if again else ())
        while True:
            self.wait_for_turn()
            try:
                return send()
            except ThrottledError as error:  # `refused` has noted until when to keep still
                if error.seconds > self._patience:
                    raise
                self._rest(error.seconds)
            except UnavailableError:
                if (pause := next(pauses, None)) is None:
                    raise
                self.sleep(pause)

    def wait_for_turn(self) -> None:
        """Keep still for as long as the service asked for; raises ThrottledError when that is beyond our patience."""
        wait = self._not_before - time.time()
        if not 0 < wait <= LONGEST:
            return
        if wait > self._patience:
            raise self._throttled(wait)
        self._rest(wait)

    def keep_apart(self, seconds: float) -> None:
        """Wait until so many seconds have passed since the end of the call before, which `ended` notes, and since the
        begin of the one before in any process that asks as the same account.
        """
        if seconds <= 0:
            return
        ended = 0.0 if self._last is None else self._last + seconds - time.monotonic()
        if (wait := max(ended, self._turn(seconds))) > 0:
            self.sleep(wait)

    def _turn(self, seconds: float) -> float:
        """Take the next turn of all processes; returns in how many seconds it is."""
        now, key = time.time(), f"{self._key}-turn"
        turn = max(now, cache.get(key) or 0.0)
        turn = now if turn - now > QUEUED else turn  # noted by a clock that was ahead
        cache.set(key, turn + seconds, timeout=QUEUED)
        return turn - now

    def ended(self) -> None:
        """Note the end of a call that the next one is to keep apart from."""
        self._last = time.monotonic()

    def pause(self, seconds: float) -> None:
        """Note that the service wants to be left alone from now on, for all processes."""
        seconds = min(seconds, LONGEST)
        if seconds > 0:
            self._not_before = time.time() + seconds
            cache.set(self._key, self._not_before, timeout=seconds)

    def refused(self, seconds: float) -> ThrottledError:
        """Note that the service did not look at a request for the sake of its limits; returns what to raise."""
        seconds = min(max(seconds, MIN_WAIT), LONGEST)
        self.pause(seconds)
        return self._throttled(seconds)

    def _rest(self, seconds: float) -> None:
        self._patience -= seconds
        self.sleep(seconds)
        self._not_before = 0.0

    def _throttled(self, seconds: float) -> ThrottledError:
        return ThrottledError(
            f"{self.service} asks to be left alone for {seconds:.0f} s; a later pass goes on.", seconds
        )

    # What the service's headers tell -------------------------------------------------------------

    def hear(self, headers: Mapping[str, str]) -> None:
        """Take the service's clock from the Date header of an answer; a proxy's stale answer (Age) tells nothing."""
        if not headers.get("Age") and (told := _date(headers.get("Date"))):
            ahead = told - timezone.now()
            self._ahead = ahead if abs(ahead) > SKEW else timedelta(0)

    def now(self) -> datetime:
        """Return the time by the service's clock as last heard; by our own before the first answer."""
        return timezone.now() + self._ahead

    def wanted(self, headers: Mapping[str, str]) -> float | None:
        """Return for how many seconds an answer asks to be left alone (Retry-After: seconds or a date), or None."""
        value = headers.get("Retry-After")
        if (seconds := number(value)) is not None:
            return seconds
        date = _date(value)
        return max((date - self.now()).total_seconds(), 0.0) if date else None

    def until(self, epoch: str | None) -> float | None:
        """Return how many seconds there are to a POSIX time of the service's clock; None for no time."""
        seconds = number(epoch)
        return None if seconds is None else max(seconds - self.now().timestamp(), 0.0)


def number(value: str | None) -> float | None:
    """Read a header's number, at least 0; None for anything else."""
    try:
        found = float(value) if value else None
    except ValueError:
        return None
    return max(found, 0.0) if found is not None and found < float("inf") else None


def _date(value: str | None) -> datetime | None:
    try:
        found = email.utils.parsedate_to_datetime(value) if value else None
        return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC) if found else None
    except (ValueError, OverflowError):
        return None
