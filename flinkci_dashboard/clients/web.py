"""HTTP to the configured services, and to nobody else."""

from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from requests.adapters import HTTPAdapter

ADDRESSES = ("GITHUB_API_URL", "GITHUB_GIT_URL", "AZURE_DEVOPS_URL", "JIRA_URL")  # settings
TIMEOUT = 30.0  # seconds to connect, and between two bytes


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
        if address.netloc.rpartition("@")[2].lower() not in configured_hosts():
            raise ForbiddenAddressError(f"{address.hostname} is not one of the configured hosts.")
        return send(self, request, *args, **options)

    HTTPAdapter.send = guarded  # type: ignore[method-assign]


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
