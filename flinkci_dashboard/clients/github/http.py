"""Calls to GitHub through PyGithub: conditional, timed, retried and held back by our own rules, failures by name."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import requests
from github import Auth, Github
from github.Requester import HTTPRequestsConnectionClass, HTTPSRequestsConnectionClass, RequestsResponse
from requests import RequestException
from requests.structures import CaseInsensitiveDict

from flinkci_dashboard.clients.errors import (
    MovedError,
    NotAuthorizedError,
    NotFoundError,
    RefusedError,
    UnavailableError,
)
from flinkci_dashboard.clients.pacing import PATIENCE, Pace, number
from flinkci_dashboard.clients.secrets import mask
from flinkci_dashboard.clients.web import read_json

# PyGithub prints its lines itself, past our form and our masks, as soon as it is imported.
logging.getLogger("github").handlers.clear()
logging.getLogger("github").setLevel(logging.WARNING)

MOVED = (301, 307, 308)  # the repository has another name by now

TIMEOUT = 30  # seconds to connect, and between two bytes
SECONDARY_WAIT = 60.0  # seconds after a refusal that does not say how long; GitHub's advice
WRITE_PAUSE = 0.75  # seconds between two writes to github.com, which takes about 80 new texts a minute
PUBLIC = "https://api.github.com"
MAX_WORDS = 300  # characters of GitHub's own words in a message
TEXT_REFUSALS = ("rate limit", "abuse detection")
TOO_DEEP = "pagination with the page parameter is not supported"
PLACES = ("page", "after", "before")  # what names a place in a list


def _leave_moves_to_us(connection: type[HTTPRequestsConnectionClass] | type[HTTPSRequestsConnectionClass]) -> None:
    """Hide a 301 from PyGithub, which follows it without the query: all runs of a fork, instead of those of a head."""
    ask = connection.getresponse

    def getresponse(self: Any) -> RequestsResponse:
        response = ask(self)
        response.status = 308 if response.status == 301 else response.status
        return response

    connection.getresponse = getresponse  # type: ignore[method-assign]


for _connection in (HTTPRequestsConnectionClass, HTTPSRequestsConnectionClass):
    _leave_moves_to_us(_connection)


class TooDeepError(RefusedError):
    """GitHub does not go on by page numbers in so long a list."""


@dataclass(frozen=True)
class Answer:
    """What GitHub answers: parsed JSON, or nothing for a 304."""

    status: int
    data: Any
    headers: CaseInsensitiveDict

    @property
    def unchanged(self) -> bool:
        """Tell whether it is what the ETag stands for."""
        return self.status == 304

    @property
    def etag(self) -> str:
        """Return what to send with the next such request."""
        return self.headers.get("ETag", "")

    @property
    def next(self) -> str:
        """Return where the list goes on ("page=2", or a cursor: "after=Y3Vyc…"), as the Link header has it, or ""."""
        links = requests.utils.parse_header_links(self.headers.get("Link", ""))
        query = next((urlsplit(link["url"]).query for link in links if link.get("rel") == "next"), "")
        return urlencode([(name, value) for name, value in parse_qsl(query) if name in PLACES])


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
        self.token = token
        self._base_url = base_url
        account = f"{base_url} {token or ''}"
        self._pace = Pace("GitHub", account, patience, sleep)
        # GitHub limits new texts apart from all else: while writing rests, reading goes on.
        self._writing = Pace("GitHub", f"{account} texts", patience, sleep)
        self._write_pause = WRITE_PAUSE if base_url == PUBLIC else 0.0
        self.quota: Quota | None = None
        self.asked = 0  # questions so far
        self.scopes: frozenset[str] | None = None  # what the token may do; None where GitHub does not tell

    def get(self, path: str, parameters: dict[str, Any] | None = None, etag: str = "") -> Answer:
        """Read; with an ETag, an answer that has not changed is a 304 and costs nothing. Tried three times.

        Raises the errors of `clients.errors`.
        """
        answer = self._ask(path, parameters, {"If-None-Match": etag} if etag else {})
        _raise_for(answer)
        return answer

    def leads_to(self, path: str) -> str:
        """Return where GitHub keeps what it does not answer itself: an address that works for a minute, for anybody."""
        answer = self._ask(path)
        if answer.status != 302:
            _raise_for(answer)
        if not (there := answer.headers.get("Location")):
            raise UnavailableError(f"GitHub answers {answer.status}, and does not say where it is.")
        return there

    def write(self, method: str, path: str, content: Any = None) -> Answer:
        """Write, once: UnavailableError leaves open whether it was carried out; all others say that it was not."""
        self._writing.keep_apart(self._write_pause)
        self._pace.wait_for_turn()
        try:
            return self._writing.ask(lambda: self._send(method, path, content=content), again=False)
        finally:
            self._writing.ended()

    def now(self) -> datetime:
        """Return the time by GitHub's clock, as its answers tell it."""
        return self._pace.now()

    def close(self) -> None:
        """Give the connection back."""
        self._github.close()

    def _ask(
        self, path: str, parameters: dict[str, Any] | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """Read, of a repository that has another name by now too; an answer may lead elsewhere."""
        answer = self._pace.ask(lambda: self._send("GET", path, parameters, headers=headers), again=True)
        there = urljoin(self._base_url, told := answer.headers.get("Location", ""))
        if answer.status not in MOVED or not told or urlsplit(there)[:2] != urlsplit(self._base_url)[:2]:
            return answer
        left = None if urlsplit(there).query else parameters
        return self._pace.ask(lambda: self._send("GET", there, left, headers=headers), again=True)

    def _send(
        self,
        method: str,
        path: str,
        parameters: dict[str, Any] | None = None,
        content: Any = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        self.asked += 1
        try:
            # PyGithub writes the token into the headers that it is given.
            sent = dict(headers or {})
            status, told, body = self._github.requester.requestJson(method, path, parameters, sent, content)
        except (RequestException, AssertionError, RuntimeError, OSError) as error:
            raise UnavailableError(f"GitHub does not answer ({type(error).__name__}).") from error
        self._pace.hear(found := CaseInsensitiveDict(told))
        answer = Answer(status, _data(status, body), found)
        self._note(answer)
        if (wait := self._throttled_for(answer)) is not None:
            used_up = answer.headers.get("X-RateLimit-Remaining") == "0"  # the hour's requests, of whatever kind
            raise (self._pace if method == "GET" or used_up else self._writing).refused(wait)
        if method != "GET" or not 300 <= answer.status < 400:
            _raise_for(answer, writing=method != "GET")
        return answer

    def _note(self, answer: Answer) -> None:
        """Keep what the headers tell of the account: what it may do, and how much of its hourly limit is left."""
        if (scopes := answer.headers.get("X-OAuth-Scopes")) is not None:
            self.scopes = frozenset(scopes.replace(",", " ").split())
        found = [number(answer.headers.get(f"X-RateLimit-{name}")) for name in ("Limit", "Remaining", "Reset")]
        if None not in found and answer.headers.get("X-RateLimit-Resource", "core") == "core":
            limit, remaining, reset = (value or 0.0 for value in found)
            self.quota = Quota(int(limit), int(remaining), reset)

    def _throttled_for(self, answer: Answer) -> float | None:
        """Return for how many seconds to keep still when GitHub refused for the sake of a limit, else None."""
        if answer.status not in (403, 429):
            return None
        if (wait := self._pace.wanted(answer.headers)) is not None:
            return wait
        if answer.headers.get("X-RateLimit-Remaining") == "0":
            return (self._pace.until(answer.headers.get("X-RateLimit-Reset")) or 0.0) + 1.0
        told = _words(answer).lower()
        return SECONDARY_WAIT if answer.status == 429 or any(text in told for text in TEXT_REFUSALS) else None


def _data(status: int, body: str) -> Any:
    try:
        return read_json(body) if body else None
    except ValueError as error:
        if status < 300:
            raise UnavailableError("GitHub answers something that is not JSON.") from error
        return None


def _raise_for(answer: Answer, writing: bool = False) -> None:
    status = answer.status
    if status in (200, 201, 202, 204, 304):
        return
    if 300 <= status < 400:
        moved = f"GitHub says that it is elsewhere ({status}): the repository was renamed. Correct its name here."
        raise (RefusedError if writing else MovedError)(moved)
    if status in (401, 403):
        remedy = "Store a valid GitHub token with the scopes repo and workflow."
        raise NotAuthorizedError(
            f"GitHub refuses the token ({status}: {_words(answer) or 'no reason given'}). {remedy}"
        )
    if status in (404, 410):
        raise NotFoundError(f"GitHub does not have it: {_words(answer) or 'not found'}")
    if 400 <= status < 500:
        kind = TooDeepError if TOO_DEEP in _words(answer).lower() else RefusedError
        raise kind(f"GitHub refuses ({status}): {_words(answer) or 'no reason given'}")
    raise UnavailableError(f"GitHub answers {status}.")


def _words(answer: Answer) -> str:
    """Return GitHub's message, and those of its single errors: "Validation Failed: User is blocked"."""
    if not isinstance(answer.data, dict):
        return ""
    errors = answer.data.get("errors")
    single = [each.get("message") for each in errors if isinstance(each, dict)] if isinstance(errors, list) else []
    told = ": ".join(str(each) for each in (answer.data.get("message"), *single) if each)
    return mask(" ".join(told.split()))[:MAX_WORDS]
