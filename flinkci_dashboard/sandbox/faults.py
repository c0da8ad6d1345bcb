"""What goes wrong on demand, at the level of HTTP: refusals, delays, broken answers, and things that happen between."""

import re
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import responses

from flinkci_dashboard.sandbox.calls import Answer

LIMITS = "https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api"


@dataclass
class Fault:
    """Something that goes wrong, `times` times (None: until cleared), for the requests that match."""

    service: str = ""
    method: str = ""
    path: str = ""  # a regular expression, searched in path and query
    times: int | None = 1
    skip: int = 0  # requests that match and are left alone before
    before: Callable[[], object] = lambda: None  # happens an instant before the service acts…
    after: Callable[[], object] = lambda: None  # …or an instant after, before its answer leaves
    acted: bool = False  # the service acts first: what follows is about its answer alone
    status: int = 0  # answer with this status…
    body: str | None = None  # …and this body; none is the status' own words
    headers: dict[str, str] = field(default_factory=dict)
    retry_after: int | None = None  # seconds, as a header; with no other fault, of an answer that is fine
    delay: float = 0.0  # seconds before anything else
    reset: bool = False  # drop the connection
    hang: bool = False  # hold the connection without a byte, until the faults are cleared
    truncate: int | None = None  # stop after that many bytes of the body
    rate_limit: str = ""  # "primary" or "secondary": GitHub's two refusals
    released: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        if self.retry_after is not None:
            self.headers = {"Retry-After": str(self.retry_after)} | self.headers

    def matches(self, service: str, method: str, target: str) -> bool:
        """Tell whether a request is hit, and count it."""
        if self.times == 0 or (self.service and self.service != service) or (self.method and self.method != method):
            return False
        if not re.search(self.path, target):
            return False
        if self.skip:
            self.skip -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True

    def happen(self, ask: Callable[[], Answer]) -> Answer | None:
        """Let it happen to a request that `ask` hands to its service; returns None to drop the connection."""
        time.sleep(self.delay)
        self.before()
        refusal = self._refusal()
        broken = refusal is not None or self.hang or self.reset
        answer = ask() if self.acted or not broken else Answer()
        if answer.stream and broken:
            deque(answer.stream, 0)  # the act is in the stream
        self.after()
        if self.hang:
            self.released.wait()
        if self.hang or self.reset:
            return None
        answer.headers |= self.headers
        return refusal or answer

    def _refusal(self) -> Answer | None:
        """Return what is answered in the service's place, if anything is."""
        if self.rate_limit:
            return rate_limited(self.rate_limit, self.headers)
        if not self.status:
            return None
        body = f'{{"message": "{responses.get(self.status, "")}"}}' if self.body is None else self.body
        page = {"Content-Type": "text/html; charset=utf-8"} if body.lstrip().startswith("<") else {}
        return Answer(self.status, body, page | self.headers)


def rate_limited(kind: str, headers: dict[str, str] | None = None) -> Answer:
    """Answer as GitHub does past its primary or secondary rate limit. `headers` add to its own, or replace them."""
    given = headers or {}
    if kind == "primary":
        told = {"limit": "5000", "remaining": "0", "used": "5000", "reset": str(int(time.time()) + 2)}
        own = {f"x-ratelimit-{name}": value for name, value in (told | {"resource": "core"}).items()}
        message = "API rate limit exceeded for user ID 1."
    else:
        own = {} if any(name.lower() == "retry-after" for name in given) else {"retry-after": "1"}
        message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
    return Answer(403, {"message": message, "documentation_url": LIMITS}, own | given)
