"""A job's log: GitHub leads to a store of its own, which takes no token. It is read as it comes, a part at a time."""

import re
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from ipaddress import ip_address
from itertools import takewhile
from urllib.parse import urlsplit

import requests
from django.conf import settings

from flinkci_dashboard.clients import web
from flinkci_dashboard.clients.errors import NotFoundError, UnavailableError

STORES = (".blob.core.windows.net", ".actions.githubusercontent.com", ".githubusercontent.com")
MOST = 4 * 1024 * 1024  # bytes of a log's end, or of a part of it
LONGEST = 64 * 1024 * 1024  # bytes of a log: of a longer one the end alone is asked for, and its lines have no numbers
CHUNK = 262_144
STAMP = re.compile(r"^\ufeff?\d{4}-\d\d-\d\dT[\d:.]+Z ?")
MAX_LINE = 2000  # characters of a log line
LENGTH = 19  # of a stamp without the parts of a second
STEP = "Z ##[group]Run "  # how most steps begin


def end_at(there: str, since: datetime | None = None) -> tuple[int, list[str], int]:
    """Return the last lines of a log, and the number of the first of them: 0 where nobody counted those before.

    The third is the number of the line with which a step begins that began `since` then. The question carries no token:
    the address itself is the right to read, for a minute. Raises the errors of `clients.errors`.
    """
    step, last = 0, deque[tuple[int, bytes]](maxlen=2)
    with _open(there) as (answer, known):
        for first, part in _parts(answer, known):
            step = step or (_step(first, part, since) if since else 1)
            last.append((first, part))
    start = last[0][0] if known and last else known
    return start, [line for _, part in last for line in lines_of(part)], step or 1


def bare(line: str) -> str:
    """Return a line without its time stamp."""
    return STAMP.sub("", line)[:MAX_LINE]


def _step(first: int, part: bytes, since: datetime) -> int:
    """Return the number of the line with which a step begins, 0 where none of these is it.

    GitHub tells its beginning by the second, in which the step before may have had its last words.
    """
    stamp = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    latest = part[part.rfind(b"\n", 0, -1) + 1 :][:LENGTH]
    if latest[10:11] == b"T" and latest < stamp.encode():  # it ends before
        return 0
    lines = lines_of(part)
    found = next((place for place, line in enumerate(lines) if line[10:11] == "T" and line[:LENGTH] >= stamp), None)
    if found is None:
        return 0
    second = takewhile(lambda place: lines[place][:LENGTH] == lines[found][:LENGTH], range(found, len(lines)))
    return first + next((place for place in second if STEP in lines[place][:60]), found)


def parts_at(there: str) -> Iterator[tuple[int, bytes]]:
    """Yield a log in parts of some megabytes, each with the number of its first line; nothing of a log too long."""
    with _open(there) as (answer, first):
        if first:
            yield from _parts(answer, first)


@contextmanager
def _open(there: str) -> Iterator[tuple[requests.Response, int]]:
    """Ask for a log; with the number of the first line that comes, 0 where that is not known."""
    if not _is_store(there):
        raise UnavailableError(f"GitHub leads to {urlsplit(there).hostname}, which is none of its stores.")
    try:
        with web.session() as session, web.anywhere(), ExitStack() as stack:
            answer = stack.enter_context(closing(_ask(session, there)))
            size = int(answer.headers.get("Content-Length") or 0)
            if size > LONGEST:
                answer = stack.enter_context(closing(_ask(session, there, {"Range": f"bytes={size - MOST}-"})))
            yield answer, int(size <= LONGEST)
    except requests.RequestException as error:
        raise UnavailableError(f"The store of logs does not answer ({type(error).__name__}).") from error


def _parts(answer: requests.Response, first: int) -> Iterator[tuple[int, bytes]]:
    """Cut what comes into whole lines. What comes without end is left."""
    rest, read = bytearray(), 0
    for chunk in answer.iter_content(CHUNK):
        rest += chunk
        read += len(chunk)
        if len(rest) >= MOST // 2 and (end := rest.rfind(b"\n") + 1):
            part = bytes(rest[:end])
            del rest[:end]
            yield first, part
            first += part.count(b"\n")
        if len(rest) > MOST:  # one line without end: its beginning says what it is
            del rest[CHUNK:]
        if read > LONGEST:
            break
    if rest:
        yield first, bytes(rest)


def _ask(session: requests.Session, there: str, headers: dict[str, str] | None = None) -> requests.Response:
    # An auth that does nothing keeps any .netrc file out.
    answer = session.get(there, headers=headers, stream=True, allow_redirects=False, auth=lambda request: request)
    if answer.status_code in (200, 206):
        return answer
    answer.close()
    if answer.status_code in (403, 404, 410):
        raise NotFoundError("The log is gone, or the way to it has expired.")
    raise UnavailableError(f"The store of logs answers {answer.status_code}.")


def lines_of(content: bytes) -> list[str]:
    """Return the lines as GitHub counts them: what ends with a newline is one."""
    text = web.repaired(content.decode(errors="replace").removeprefix("\ufeff"))
    return [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")]


def _is_store(there: str) -> bool:
    """Tell whether an address is one of GitHub's stores, or of the host that plays GitHub here."""
    address, api = urlsplit(there), urlsplit(settings.GITHUB_API_URL)
    if address.scheme == "https" and (address.hostname or "").endswith(STORES):
        return True
    same = address.hostname == api.hostname or (_is_loopback(address.hostname) and _is_loopback(api.hostname))
    return same and address.scheme in ("https", api.scheme)


def _is_loopback(host: str | None) -> bool:
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False
