"""HTTP to the configured services, and to nobody else; and the door that all their answers come in by."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from requests.adapters import HTTPAdapter

from flinkci_dashboard.clients import tally

ADDRESSES = ("GITHUB_API_URL", "GITHUB_GIT_URL", "AZURE_DEVOPS_URL", "JIRA_URL")  # settings
TIMEOUT = 30.0  # seconds to connect, and between two bytes
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # what no database takes, and no encoding
MAYBE_UNSTORABLE = re.compile(r"\\u(?:0000|d[89a-f])|\x00", re.IGNORECASE)  # how JSON writes it

_anywhere: ContextVar[bool] = ContextVar("anywhere", default=False)


class ForbiddenAddressError(requests.RequestException):
    """A request, or a redirect, went to a host that the settings do not name."""


def configured_hosts() -> set[str]:
    """Return the hosts (with port, where one is given) that this installation speaks to."""
    return {urlsplit(getattr(settings, name)).netloc.lower() for name in ADDRESSES}


def refuse_other_hosts() -> None:
    """Make every `requests` call of this process, the SDKs' and each redirect's too, refuse hosts not configured."""
    send = HTTPAdapter.send

    def guarded(self: HTTPAdapter, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        address = urlsplit(request.url or "")
        if not _anywhere.get() and address.netloc.rpartition("@")[2].lower() not in configured_hosts():
            raise ForbiddenAddressError(f"{address.hostname} is not one of the configured hosts.")
        response = send(self, request, *args, **options)
        tally.answered(_service(request.url or ""), response.status_code)
        return response

    HTTPAdapter.send = guarded  # type: ignore[method-assign]


def _service(url: str) -> str:
    """Return the first word of the setting that an address begins with: "github". Channels and the like have none."""
    found = (name for name in ADDRESSES if url.startswith(getattr(settings, name)))
    return next(found, "elsewhere").partition("_")[0].lower()


@contextmanager
def anywhere() -> Iterator[None]:
    """Let calls go to hosts that an admin entered as a channel; whoever opens this guards where they lead."""
    held = _anywhere.set(True)
    try:
        yield
    finally:
        _anywhere.reset(held)


class _PatientSession(requests.Session):
    """A session that never waits forever."""

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """Send with a time-out."""
        if options.get("timeout") is None:
            options["timeout"] = TIMEOUT
        return super().send(request, **options)


class SignedBy(requests.auth.AuthBase):
    """Sign requests with a token. Unlike with a plain header, no .netrc file can replace it."""

    def __init__(self, secret: str, scheme: str = "Bearer") -> None:
        self._value = f"{scheme} {secret}"

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the header."""
        request.headers["Authorization"] = self._value
        return request


def azure_signature(secret: str) -> requests.auth.AuthBase:
    """Sign requests to Azure DevOps with a personal access token, or with a Microsoft Entra token (a JWT)."""
    if secret.startswith("eyJ") and secret.count(".") == 2:
        return SignedBy(secret)
    return requests.auth.HTTPBasicAuth("", secret)


def session() -> requests.Session:
    """Return a new session."""
    patient = _PatientSession()
    patient.headers["User-Agent"] = "flinkci-dashboard"
    return patient


def read_json(content: bytes | str) -> Any:
    """Read the JSON of an answer, its texts repaired. Raises ValueError, also for what is nested too deeply."""
    text = content if isinstance(content, str) else content.decode(errors="replace").removeprefix("\ufeff")
    try:
        data = json.loads(text, strict=False)
        return _repaired(data) if MAYBE_UNSTORABLE.search(text) else data
    except RecursionError:
        raise ValueError("nested too deeply") from None


def repaired(text: str) -> str:
    """Return text from outside as a database takes it: half a character is U+FFFD, and NUL is nothing."""
    return UNSTORABLE.sub(lambda found: "" if found[0] == "\0" else "\ufffd", text)


def _repaired(data: Any) -> Any:
    if isinstance(data, str):
        return repaired(data)
    if isinstance(data, list):
        return [_repaired(each) for each in data]
    if isinstance(data, dict):
        return {repaired(name): _repaired(value) for name, value in data.items()}
    return data
