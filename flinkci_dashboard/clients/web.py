"""HTTP to the configured services, and to nobody else."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings

ADDRESSES = ("GITHUB_API_URL", "GITHUB_GIT_URL", "AZURE_DEVOPS_URL", "JIRA_URL")  # settings
TIMEOUT = 30.0  # seconds to connect, and between two bytes


class NoAnswerError(Exception):
    """A service did not answer, or not with what was asked for; the message holds no address and no secret."""


class ForbiddenAddressError(requests.RequestException):
    """A request, or a redirect, went to a host that the settings do not name."""


def configured_hosts() -> set[str]:
    """Return the hosts (with port, where one is given) that this installation speaks to."""
    return {urlsplit(getattr(settings, name)).netloc.lower() for name in ADDRESSES}


class _GuardedSession(requests.Session):
    """Every request and every redirect passes `send`."""

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """Refuse other hosts; raises ForbiddenAddressError."""
        address = urlsplit(request.url or "")
        if address.netloc.rpartition("@")[2].lower() not in configured_hosts():
            raise ForbiddenAddressError(f"{address.hostname} is not one of the configured hosts.")
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


def session() -> requests.Session:
    """Return a new session."""
    guarded = _GuardedSession()
    guarded.headers["User-Agent"] = "flinkci-dashboard"
    return guarded


@contextmanager
def answering(service: str) -> Iterator[requests.Session]:
    """Open a session for calls to one service; whatever goes wrong in them is raised as NoAnswerError."""
    try:
        with session() as opened:
            yield opened
    except requests.HTTPError as error:
        raise NoAnswerError(f"{service} answers {error.response.status_code}") from error
    except (requests.RequestException, ValueError, KeyError, TypeError) as error:
        raise NoAnswerError(f"{service} gives no usable answer ({type(error).__name__})") from error
