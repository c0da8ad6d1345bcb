"""Jira's tickets, over its REST API (Data Center, version 2)."""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import requests
from django.conf import settings

from flinkci_dashboard.clients import web
from flinkci_dashboard.clients.errors import (
    NotAuthorizedError,
    NotFoundError,
    RefusedError,
    UnavailableError,
)
from flinkci_dashboard.clients.pacing import Pace
from flinkci_dashboard.clients.secrets import mask, token
from flinkci_dashboard.clients.tickets import Page, Ticket, read_comments, read_page, read_ticket
from flinkci_dashboard.clients.web import read_json

PAUSE = 1.0  # seconds between two requests: the ASF asks for moderation, and nobody waits for us
BATCH = 100  # keys in one query
COMMENTS = 500  # in one answer
PATIENCE = 30.0  # seconds that we wait in all for Jira's sake, in one pass
TIMEOUT = (5.0, 20.0)  # seconds to connect, and between two bytes
DEADLINE = 60.0  # seconds for a whole answer
MAX_SIZE = 50_000_000  # bytes of an answer
DEFAULT_WAIT = 60.0  # seconds to keep away when Jira says "too many" and not for how long
MAX_TROUBLES = 3  # tickets in a row that can't be read, after which Jira is left alone
MAX_PROBES = 40  # queries to find the keys of one batch that Jira does not take
FIELDS = ("summary", "status", "assignee", "components", "fixVersions", "updated")
KEY = re.compile(r"\b[A-Z][A-Z0-9_]*-[0-9]+\b")
LOGIN_REASON, DENIED = "X-Seraph-LoginReason", "X-Authentication-Denied-Reason"


class Jira:
    """Asks Jira, one request at a time. Close it after use, or use it as a context manager."""

    def __init__(self, pause: float | None = None, sleep: Callable[[float], None] = time.sleep) -> None:
        self._pause = PAUSE if pause is None else pause
        self._session = web.session()
        secret = token("jira")
        self._pace = Pace("Jira", settings.JIRA_URL, PATIENCE, sleep)
        self._auth = web.SignedBy(secret) if secret else None
        self.troubles: dict[str, str] = {}  # by key: what stands in the way of reading single tickets

    def __enter__(self) -> "Jira":
        return self

    def __exit__(self, *error: object) -> None:
        self._session.close()

    def now(self) -> datetime:
        """Return the time by Jira's clock, as its answers tell it."""
        return self._pace.now()

    def tickets(self, keys: Iterable[str]) -> Iterator[dict[str, Ticket | None]]:
        """Yield batches of key → ticket; None for a key that Jira does not know. Raises the errors of `clients.errors`.

        A single ticket that can't be read is left out, and named in `troubles`.

        One query for each hundred keys. A query with an unknown key is refused as a whole; then those keys are left
        out that Jira names, or found by halving. A ticket that has moved is found by its old key.
        """
        ordered = sorted(set(keys), key=lambda key: (len(key), key))  # keys past the last ticket stay together
        for start in range(0, len(ordered), BATCH):
            yield self._batch(ordered[start : start + BATCH])

    def updated(self, minutes: int) -> list[Ticket]:
        """Return Flink's tickets that changed in the last minutes. Raises the errors of `clients.errors`.

        The time is relative because JQL's dates have no zone. Newest first, so that a ticket that changes while the
        pages are read pushes others to the next page rather than out of sight.
        """
        return self._all(f"project = FLINK AND {_since(minutes)}")

    def labelled(self, label: str, minutes: int | None = None) -> list[Ticket]:
        """Return Flink's tickets with a label: all, or those that changed in the last minutes. Raises as `updated`."""
        changed = f" AND {_since(minutes)}" if minutes else ""
        return self._all(f'project = FLINK AND labels = "{label}"{changed}')

    @property
    def is_signed(self) -> bool:
        """Tell whether there is a token to sign with: without one Jira takes no comment."""
        return self._auth is not None

    def comments(self, key: str) -> list[str]:
        """Return the texts of a ticket's comments. Raises the errors of `clients.errors`."""
        found: list[str] = []
        while True:
            query = {"startAt": str(len(found)), "maxResults": str(COMMENTS)}
            answer = self._send("GET", f"issue/{key}/comment", params=query)
            _raise_for(answer)
            page, total = read_comments(_json(answer))
            found += page
            if not page or len(found) >= total:
                return found

    def add_comment(self, key: str, body: str) -> None:
        """Comment on a ticket, in Jira's markup. Raises the errors of `clients.errors`."""
        answer = self._send("POST", f"issue/{key}/comment", json={"body": body})
        if answer.status_code != 201:
            _raise_for(answer)

    def _all(self, condition: str) -> list[Ticket]:
        return self._found(f"{condition} ORDER BY updated DESC, key DESC", 1000)

    def _found(self, query: str, size: int) -> list[Ticket]:
        """Follow the pages: a server may give out fewer tickets at a time than it was asked for."""
        found: list[Ticket] = []
        read = 0
        while True:
            page = self._search(query, read, size)
            found += page.tickets
            read += page.size
            if not page.size or page.start + page.size >= page.total:
                return found

    def _batch(self, keys: list[str]) -> dict[str, Ticket | None]:
        found: dict[str, Ticket | None] = {}
        to_ask, probes = [keys], 0
        while to_ask:
            asked = to_ask.pop()
            try:
                found |= {ticket.key: ticket for ticket in self._by_keys(asked)}
            except RefusedError as error:
                if (probes := probes + 1) > MAX_PROBES:
                    raise
                to_ask += _without_refused(asked, str(error))
        shown = {key: found[key] for key in keys if key in found}
        return shown | self._one_by_one([key for key in keys if key not in found])

    def _one_by_one(self, keys: list[str]) -> dict[str, Ticket | None]:
        """Ask for tickets that the search did not show. After some failures in a row Jira is not asked on."""
        found: dict[str, Ticket | None] = {}
        row = 0
        for key in keys:
            try:
                found[key] = self._one(key)
                row = 0
            except UnavailableError as error:
                self.troubles[key] = str(error)
                if (row := row + 1) >= MAX_TROUBLES:
                    raise
        return found

    def _by_keys(self, keys: list[str]) -> list[Ticket]:
        return self._found(f"key in ({', '.join(keys)})", len(keys))

    def _one(self, key: str) -> Ticket | None:
        """Ask for a ticket that the search did not show: it may have moved, be invisible, or not exist."""
        answer = self._send("GET", f"issue/{key}", params={"fields": ",".join(FIELDS)})
        words = _words(answer)
        if (answer.status_code == 404 and words) or (answer.status_code in (401, 403) and "permission" in words):
            return None
        _raise_for(answer)
        return read_ticket(_json(answer))

    def _search(self, query: str, start: int, size: int) -> Page:
        body = {"jql": query, "startAt": start, "maxResults": size, "fields": list(FIELDS)}
        answer = self._send("POST", "search", json=body)
        if answer.status_code == 400:
            raise RefusedError(f"Jira refuses the query: {_words(answer) or 'no reason given'}")
        _raise_for(answer)
        page = read_page(_json(answer))
        self.troubles |= page.troubles
        return page

    def _send(self, method: str, path: str, **options: Any) -> "_Answer":
        return self._pace.ask(lambda: self._send_once(method, path, **options), again=False)

    def _send_once(self, method: str, path: str, **options: Any) -> "_Answer":
        self._pace.keep_apart(self._pause)
        try:
            answer = self._ask(method, f"{settings.JIRA_URL}/rest/api/2/{path}", **options)
        finally:
            self._pace.ended()
        self._pace.hear(answer.headers)
        _refuse_failed_login(answer)
        if answer.status_code == 429 or (answer.status_code == 503 and "Retry-After" in answer.headers):
            wait = self._pace.wanted(answer.headers)
            raise self._pace.refused(DEFAULT_WAIT if wait is None else wait)
        return answer

    def _ask(self, method: str, address: str, **options: Any) -> "_Answer":
        options |= {"auth": self._auth, "timeout": TIMEOUT, "allow_redirects": False, "stream": True}
        try:
            with self._session.request(method, address, **options) as response:
                return _Answer(response.status_code, response.headers, _content(response))
        except requests.Timeout as error:
            raise UnavailableError("Jira is too slow to answer.") from error
        except requests.RequestException as error:
            raise UnavailableError(f"Jira does not answer ({type(error).__name__}).") from error


@dataclass(frozen=True)
class _Answer:
    status_code: int
    headers: Mapping[str, str]  # names of any case
    content: bytes

    def json(self) -> Any:
        """Read the body; raises ValueError."""
        return read_json(self.content)


def _content(response: requests.Response) -> bytes:
    """Read a body that comes in time, and is not without end."""
    parts, size, end = [], 0, time.monotonic() + DEADLINE
    for part in response.iter_content(65_536):
        parts.append(part)
        size += len(part)
        if time.monotonic() > end:
            raise UnavailableError("Jira is too slow to answer.")
        if size > MAX_SIZE:
            raise UnavailableError(f"Jira's answer is longer than {MAX_SIZE:,} bytes.")
    return b"".join(parts)


def _without_refused(keys: list[str], words: str) -> list[list[str]]:
    """Return what is left to ask after a refusal: all but the keys that Jira names, or both halves."""
    named = set(KEY.findall(words.upper()))
    kept = [key for key in keys if key not in named]
    if len(kept) < len(keys):
        return [kept] if kept else []
    middle = len(keys) // 2
    return [keys[:middle], keys[middle:]] if middle else []


def _refuse_failed_login(answer: _Answer) -> None:
    """Raise NotAuthorizedError when Jira did not take our token; it may say so with a 200, in a header alone."""
    if answer.headers.get(LOGIN_REASON, "").startswith(("AUTHENTICATED_FAILED", "AUTHENTICATION_DENIED")):
        raise NotAuthorizedError(
            "Jira refuses our token: it is expired, revoked or mistyped. Store a valid one, or none."
        )
    if denied := answer.headers.get(DENIED):
        raise NotAuthorizedError(f"Jira refuses the login ({mask(denied)[:200]}): sign in once in a browser.")


def _raise_for(answer: _Answer) -> None:
    status, words = answer.status_code, _words(answer) or "no reason given"
    if status in (401, 403):
        raise NotAuthorizedError(f"Jira refuses access ({status}): {words}")
    if 400 <= status < 500:
        raise (NotFoundError if status == 404 else RefusedError)(f"Jira answers {status}: {words}")
    if status != 200:
        raise UnavailableError(f"Jira answers {status}: {words}")


def _json(answer: _Answer) -> Any:
    try:
        return answer.json()
    except ValueError as error:
        page = "a web page" if "html" in answer.headers.get("Content-Type", "") else "something that is not JSON"
        raise UnavailableError(f"Jira answers with {page} instead of tickets.") from error


def _words(answer: _Answer) -> str:
    """Return Jira's own words about a refusal, or "" when it has none (its error pages are HTML)."""
    try:
        data = answer.json()
    except ValueError:
        return ""
    messages = data.get("errorMessages") if isinstance(data, dict) else None
    return mask(" ".join(" ".join(map(str, messages)).split())) if isinstance(messages, list) else ""


def _since(minutes: int) -> str:
    return f"updated >= -{max(minutes, 1)}m"
