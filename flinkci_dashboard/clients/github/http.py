"""Calls to GitHub through PyGithub: conditional, timed, retried and held back by our own rules, failures by name."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from django.core.cache import cache
from github import Auth, Github
from requests import RequestException

from flinkci_dashboard.clients.errors import (
    NotAuthorizedError,
    NotFoundError,
    RefusedError,
    ThrottledError,
    UnavailableError,
)
from flinkci_dashboard.clients.secrets import mask

TIMEOUT = 30  # seconds to connect, and between two bytes
PAUSES = (1.0, 4.0)  # seconds before the second and the third try of a read
PATIENCE = 60.0  # seconds that all the waiting for the sake of limits may take in one pass
SECONDARY_WAIT = 60.0  # seconds after a refusal that does not say how long; GitHub's advice
WRITE_PAUSE = 0.75  # seconds between two writes to github.com, which takes about 80 new texts a minute
PUBLIC = "https://api.github.com"
MAX_WORDS = 300  # characters of GitHub's own words in a message
TEXT_REFUSALS = ("rate limit", "abuse detection")


@dataclass(frozen=True)
class Answer:
    """What GitHub answers: parsed JSON, or nothing for a 304."""

    status: int
    data: Any
    headers: dict[str, str]  # names in lower case

    @property
    def unchanged(self) -> bool:
        """Tell whether it is what the ETag stands for."""
        return self.status == 304

    @property
    def etag(self) -> str:
        """Return what to send with the next such request."""
        return self.headers.get("etag", "")

    @property
    def has_next(self) -> bool:
        """Tell whether the list goes on."""
        return 'rel="next"' in self.headers.get("link", "")


@dataclass(frozen=True)
class Quota:
    """What is left of the hourly limit, as of the last answer; `reset_at` is a POSIX time."""

    limit: int
    remaining: int
    reset_at: float


class Transport:
    """One account's connection. Not for sharing between threads: PyGithub mixes up the answers."""

    def __init__(
        self, base_url: str, token: str | None, patience: float = PATIENCE, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        # PyGithub would repeat a POST on its own, which may write a comment twice, and sleep for up to an hour.
        options: dict[str, Any] = {"retry": None, "seconds_between_requests": 0, "seconds_between_writes": 0}
        auth = Auth.Token(token) if token else None
        self._github = Github(auth=auth, base_url=base_url, timeout=TIMEOUT, **options)
        self._patience, self._sleep = patience, sleep
        self._write_pause = WRITE_PAUSE if base_url == PUBLIC else 0.0
        self._written_at = 0.0
        who = sha256(f"{base_url} {token or ''}".encode()).hexdigest()[:16]
        self._pause_key = f"github-pause-{who}"
        self._not_before: float = cache.get(self._pause_key) or 0.0
        self.quota: Quota | None = None

    def get(self, path: str, parameters: dict[str, Any] | None = None, etag: str = "") -> Answer:
        """Read; with an ETag, an answer that has not changed is a 304 and costs nothing. Tried three times.

        Raises the errors of `clients.errors`.
        """
        pauses = iter(PAUSES)
        while True:
            try:
                return self._send("GET", path, parameters, headers={"If-None-Match": etag} if etag else None)
            except ThrottledError:
                raise
            except UnavailableError:
                if (pause := next(pauses, None)) is None:
                    raise
                self._sleep(pause)

    def write(self, method: str, path: str, content: Any = None) -> Answer:
        """Write, once: UnavailableError leaves open whether it was carried out; all others say that it was not."""
        wait = self._written_at + self._write_pause - time.monotonic()
        if wait > 0:
            self._sleep(wait)
        try:
            return self._send(method, path, content=content)
        finally:
            self._written_at = time.monotonic()

    def close(self) -> None:
        """Give the connection back."""
        self._github.close()

    def _send(
        self,
        method: str,
        path: str,
        parameters: dict[str, Any] | None = None,
        content: Any = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        while True:
            self._wait_for_turn()
            try:
                # PyGithub writes the token into the headers that it is given.
                sent = dict(headers or {})
                found = self._github.requester.requestJson(method, path, parameters, sent, content)
            except (RequestException, AssertionError, RuntimeError, OSError) as error:
                raise UnavailableError(f"GitHub does not answer ({type(error).__name__}).") from error
            answer = _answer(*found)
            self._note_quota(answer)
            if not self._is_throttled(answer):
                _raise_for(answer)
                return answer

    def _wait_for_turn(self) -> None:
        """Keep still for as long as GitHub asked for; raises ThrottledError when that is beyond our patience."""
        if (wait := self._not_before - time.time()) <= 0:
            return
        if wait > self._patience:
            raise ThrottledError(f"GitHub asks to be left alone for {wait:.0f} s; a later pass goes on.", wait)
        self._patience -= wait
        self._sleep(wait)

    def _note_quota(self, answer: Answer) -> None:
        found = [_number(answer.headers.get(f"x-ratelimit-{name}")) for name in ("limit", "remaining", "reset")]
        if None not in found and answer.headers.get("x-ratelimit-resource", "core") == "core":
            limit, remaining, reset = (value or 0.0 for value in found)
            self.quota = Quota(int(limit), int(remaining), reset)

    def _is_throttled(self, answer: Answer) -> bool:
        """Tell whether GitHub refused for the sake of a limit, and note until when to keep still."""
        if answer.status not in (403, 429):
            return False
        headers, words = answer.headers, _words(answer).lower()
        now = time.time()
        if (after := _number(headers.get("retry-after"))) is not None:
            wait = after
        elif headers.get("x-ratelimit-remaining") == "0":
            wait = max((_number(headers.get("x-ratelimit-reset")) or now) - now, 0.0) + 1.0
        elif answer.status == 429 or any(text in words for text in TEXT_REFUSALS):
            wait = SECONDARY_WAIT
        else:
            return False
        self._not_before = now + max(wait, 1.0)
        cache.set(self._pause_key, self._not_before, timeout=max(wait, 1.0))  # the next pass may be another process
        return True


def _answer(status: int, headers: dict[str, Any], body: str) -> Answer:
    names = {name.lower(): str(value) for name, value in headers.items()}
    try:
        data = json.loads(body) if body else None
    except (ValueError, RecursionError) as error:
        if status < 300:
            raise UnavailableError("GitHub answers something that is not JSON.") from error
        data = None
    return Answer(status, data, names)


def _raise_for(answer: Answer) -> None:
    status = answer.status
    if status in (200, 201, 202, 204, 304):
        return
    if status in (401, 403):
        remedy = "Store a valid GitHub token with the scopes repo and workflow."
        raise NotAuthorizedError(
            f"GitHub refuses the token ({status}: {_words(answer) or 'no reason given'}). {remedy}"
        )
    if status in (404, 410):
        raise NotFoundError(f"GitHub does not have it: {_words(answer) or 'not found'}")
    if 400 <= status < 500:
        raise RefusedError(f"GitHub refuses ({status}): {_words(answer) or 'no reason given'}")
    raise UnavailableError(f"GitHub answers {status}.")


def _words(answer: Answer) -> str:
    data = answer.data
    text = str(data.get("message") or "") if isinstance(data, dict) else ""
    return mask(" ".join(text.split()))[:MAX_WORDS]


def _number(value: str | None) -> float | None:
    try:
        return max(float(value), 0.0) if value else None
    except ValueError:
        return None
