"""Calls to Azure DevOps through its SDK: signed, timed, retried by our own rules, and every failure given a name."""

import logging
import os
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings

from flinkci_dashboard.clients.errors import (
    InvalidError,
    NotAuthorizedError,
    NotFoundError,
    RefusedError,
    UnavailableError,
)
from flinkci_dashboard.clients.pacing import PATIENCE, Pace
from flinkci_dashboard.clients.secrets import mask
from flinkci_dashboard.clients.web import SignedBy, read_json

# The SDK makes its cache folder while it is imported, in HOME unless told otherwise.
os.environ.setdefault("AZURE_DEVOPS_CACHE_DIR", str(settings.DATA_DIR / "azure-devops"))

from azure.devops.client import OPTIONS_FILE_CACHE, Client  # noqa: E402
from msrest.authentication import Authentication, BasicAuthentication  # noqa: E402
from msrest.exceptions import ClientException  # noqa: E402
from msrest.universal_http import ClientRequest  # noqa: E402
from requests import RequestException, Response, Session  # noqa: E402

OPTIONS_FILE_CACHE.file_name = ""  # kept by the process alone: a folder that can't be written fails no pass

log = logging.getLogger(__name__)

TIMEOUT = 30  # seconds to connect, and between two bytes
READS = ("GET", "OPTIONS")
MAX_WORDS = 300  # characters of the service's own words in a message
SIGN_IN = (
    "Azure DevOps wants a sign-in{what}: the token is missing, expired, revoked, or lacks the scope. "
    "Store a valid Azure credential (organization-scoped PAT or Entra token)."
)


class Transport(Client):
    """The SDK's client with our rules for what leaves and what comes back. Not for sharing between threads."""

    def __init__(self, base_url: str, token: str | None, sleep: Callable[[float], None] = time.sleep) -> None:
        super().__init__(base_url, _signature(token))
        self._pace = Pace("Azure DevOps", base_url, PATIENCE, sleep)
        self._configure()

    def call(
        self,
        method: str,
        location: str | None,
        version: str,
        route: dict[str, Any],
        query: dict[str, Any] | None = None,
        content: Any = None,
    ) -> tuple[Any, dict[str, str]]:
        """Call a resource by its location id and return its JSON and headers.

        Raises the errors of `clients.errors`. A read is tried three times; a write once, unless the service says that
        it did not look at it.
        """
        values = {name: str(value) for name, value in route.items()}
        try:
            response = self._send(method, location, version, values, _written(query), content)
        except (ValueError, ClientException) as error:  # the SDK's word for a resource that the service does not offer
            raise UnavailableError(f"Azure DevOps does not offer what was asked for: {_words(str(error))}") from error
        return _body(response), dict(response.headers)

    def get(self, path: str, query: dict[str, Any]) -> Any:
        """Read a resource that the SDK has no location for; `path` starts at the organization."""
        request = ClientRequest(method="GET", url=f"{self.config.base_url}/{path}")
        request.format_parameters(_written(query))
        return _body(self._send_request(request, headers={"Accept": "application/json"}))

    def _send_request(
        self, request: Any, headers: Any = None, content: Any = None, media_type: str | None = None, **config: Any
    ) -> Response:
        """Replace the SDK's sending: every call of the SDK, discovery included, passes here."""

        def send() -> Response:
            try:
                response = self._client.send(request, headers=headers, content=content, **config)
            except (ClientException, RequestException) as error:
                raise UnavailableError(f"Azure DevOps does not answer ({type(error).__name__}).") from error
            self._obey_limits(response)
            _raise_for(response)
            return response

        return self._pace.ask(send, again=request.method in READS)

    def now(self) -> datetime:
        """Return the time by Azure's clock, as its answers tell it."""
        return self._pace.now()

    def _get_deployment_url(self) -> None:
        """Look for resources in the organization only, not one level up."""

    def _obey_limits(self, response: Response) -> None:
        """Note a wish for a pause: it may come with a 200, before the service starts to refuse."""
        self._pace.hear(response.headers)
        seconds = self._pace.wanted(response.headers)
        if not seconds and response.headers.get("X-RateLimit-Remaining") == "0":
            seconds = self._pace.until(response.headers.get("X-RateLimit-Reset"))
        if response.status_code == 429 or (response.status_code == 503 and "Retry-After" in response.headers):
            raise self._pace.refused(seconds or 0.0)
        self._pace.pause(seconds or 0.0)

    def _configure(self) -> None:
        config = self._client.config
        config.connection.timeout = TIMEOUT
        session = config.pipeline._sender.driver.session
        session.resolve_redirects = lambda *_, **__: iter(())  # one leads to a sign-in page
        retries = config.retry_policy.policy  # the very object that the open session holds
        retries.total = retries.connect = retries.read = 0
        retries.status_forcelist = ()
        retries.respect_retry_after_header = False


class _Bearer(Authentication):
    """A Microsoft Entra access token."""

    def __init__(self, token: str) -> None:
        self._token = token

    def signed_session(self, session: Session | None = None) -> Session:
        session = super().signed_session(session)
        session.auth = SignedBy(self._token)
        return session


def _signature(token: str | None) -> Authentication | None:
    """Tell an Entra token (a JWT) from a personal access token; without any, a public project can be read."""
    if not token:
        return None
    return _Bearer(token) if token.startswith("eyJ") and token.count(".") == 2 else BasicAuthentication("", token)


def _written(query: dict[str, Any] | None) -> dict[str, str]:
    return {name: str(value) for name, value in (query or {}).items() if value is not None}


def _raise_for(response: Response) -> None:
    status = response.status_code
    if _wants_sign_in(response):
        words = _message(response) if status == 403 else ""
        raise NotAuthorizedError(SIGN_IN.format(what=f" ({words or status})"))
    if status == 404:
        raise NotFoundError(f"Azure DevOps does not have it: {_message(response) or 'not found'}")
    if status == 408 or status >= 500:
        raise UnavailableError(f"Azure DevOps answers {status}.")
    if status >= 400:
        if invalid := _validation(response):
            raise InvalidError(f"Azure DevOps refuses ({status}): {invalid}")
        raise RefusedError(f"Azure DevOps refuses ({status}): {_message(response) or 'no reason given'}")


def _wants_sign_in(response: Response) -> bool:
    """Tell a refused token: by its status, or by a page to sign in on."""
    status, kind = response.status_code, response.headers.get("Content-Type", "")
    return status in (203, 401, 403) or 300 <= status < 400 or (status == 200 and "text/html" in kind)


def _body(response: Response) -> Any:
    try:
        return read_json(response.content) if response.content else None
    except (ValueError, RequestException) as error:
        raise UnavailableError("Azure DevOps answers something that is not JSON.") from error


def _message(response: Response) -> str:
    return _words(str(_object(response).get("message") or ""))


def _validation(response: Response) -> str:
    """Return what is wrong with a pipeline, with its file, line and column, when that is why a build was refused."""
    properties = _object(response).get("customProperties")
    results = properties.get("ValidationResults") if isinstance(properties, dict) else None
    found = [each for each in results or () if isinstance(each, dict)] if isinstance(results, list) else []
    return _words(" ".join(str(each.get("message")) for each in found if str(each.get("result")).lower() == "error"))


def _object(response: Response) -> dict[str, Any]:
    try:
        data = read_json(response.content)
    except (ValueError, RequestException):
        return {}
    return data if isinstance(data, dict) else {}


def _words(text: str) -> str:
    return mask(" ".join(text.split()))[:MAX_WORDS]
