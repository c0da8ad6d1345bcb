"""The end of a job's log: GitHub leads to a store of its own, which takes no token and is left after some megabytes."""

from collections.abc import Iterator
from contextlib import closing
from ipaddress import ip_address
from urllib.parse import urlsplit

import requests
from django.conf import settings

from flinkci_dashboard.clients import web
from flinkci_dashboard.clients.errors import NotFoundError, UnavailableError

STORES = (".blob.core.windows.net", ".actions.githubusercontent.com", ".githubusercontent.com")
MOST = 8 * 1024 * 1024  # bytes of a log's end that are read
LONGEST = 64 * 1024 * 1024  # bytes of a log whose store does not give the end alone
CHUNK = 65_536


def text_at(there: str) -> tuple[str, bool]:
    """Return a log's text, or its end where it is long, and whether it is whole. Raises the errors of `clients.errors`.

    The question carries no token: the address itself is the right to read, for a minute.
    """
    if not _is_store(there):
        raise UnavailableError(f"GitHub leads to {urlsplit(there).hostname}, which is none of its stores.")
    try:
        with web.session() as session, web.anywhere():
            return _read(session, there)
    except requests.RequestException as error:
        raise UnavailableError(f"The store of logs does not answer ({type(error).__name__}).") from error


def _read(session: requests.Session, there: str) -> tuple[str, bool]:
    with closing(_ask(session, there)) as answer:
        size = int(answer.headers.get("Content-Length") or 0)
        if size <= MOST:
            return _decoded(_end(answer.iter_content(CHUNK))), True
    with closing(_ask(session, there, {"Range": f"bytes={size - MOST}-"})) as answer:
        return _decoded(_end(answer.iter_content(CHUNK))), False


def _ask(session: requests.Session, there: str, headers: dict[str, str] | None = None) -> requests.Response:
    # An auth that does nothing keeps any .netrc file out.
    answer = session.get(there, headers=headers, stream=True, allow_redirects=False, auth=lambda request: request)
    if answer.status_code in (200, 206):
        return answer
    answer.close()
    if answer.status_code in (403, 404, 410):
        raise NotFoundError("The log is gone, or the way to it has expired.")
    raise UnavailableError(f"The store of logs answers {answer.status_code}.")


def _end(parts: Iterator[bytes]) -> bytes:
    """Read on to the end, and keep no more than the last part of it."""
    kept, read = bytearray(), 0
    for part in parts:
        kept += part
        read += len(part)
        if len(kept) > 2 * MOST:
            del kept[:-MOST]
        if read > LONGEST:
            break
    return bytes(kept[-MOST:])


def _decoded(content: bytes) -> str:
    return web.repaired(content.decode(errors="replace").removeprefix("\ufeff"))


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
