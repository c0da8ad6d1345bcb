"""Azure DevOps' front door: who asks, what is asked, and who answers it."""

import base64
import binascii
from collections.abc import Callable

from flinkci_dashboard.sandbox.azure import agents_api, builds_api, discovery, records_api, secrets_api
from flinkci_dashboard.sandbox.azure.answers import listed, refuse
from flinkci_dashboard.sandbox.azure.engine import Azure
from flinkci_dashboard.sandbox.calls import Answer, Call
from flinkci_dashboard.sandbox.routing import Router

SIGN_IN = "/_signin"
SIGN_IN_PAGE = "<!DOCTYPE html><html><head><title>Azure DevOps Services | Sign In</title></head><body></body></html>"
ROUTER = Router.joined(discovery.router, builds_api.router, records_api.router, agents_api.router, secrets_api.router)
SCOPES = {"/_apis/test/": "test", "/_apis/distributedtask/pools": "pools"}  # part of an address → what a token needs
UNAUTHORIZED = "TF400813: The user is not authorized."


class AzureService:
    """Answers REST calls below the organization's address."""

    def __init__(self, azure: Azure, knows: Callable[[str], bool]) -> None:
        self.azure = azure
        self.knows = knows  # whether a token is good

    def __call__(self, call: Call) -> Answer:
        """Answer one call, after letting happen what has happened by now."""
        if call.path == SIGN_IN:
            return Answer(200, SIGN_IN_PAGE, {"Content-Type": "text/html; charset=utf-8"})
        if not call.path.startswith("/apache-flink"):
            return refuse(404, "TF200016", "The organization does not exist.")
        call.path = call.path.removeprefix("/apache-flink")
        known = self._authenticate(call)
        if known is None:
            return self._sign_in()
        return self._refuse(call, known) or self._answer(call)

    def _refuse(self, call: Call, known: bool) -> Answer | None:
        if not known and ("distributedtask/pools" in call.path or call.method in ("POST", "PATCH")):
            return refuse(401, "UnauthorizedRequestException", UNAUTHORIZED)
        missing = next((scope for part, scope in SCOPES.items() if part in call.path), None)
        if known and missing and missing not in self.azure.scopes:
            return refuse(403, "UnauthorizedRequestException", UNAUTHORIZED)
        return None

    def _answer(self, call: Call) -> Answer:
        route, values, unknown = ROUTER.find(call)
        if route is None:
            return refuse(404, "VssResourceNotFoundException", f"No HTTP resource was found at {call.path}.")
        if unknown - {"api-version"}:
            return refuse(400, "VssPropertyValidationException", f"Unknown query parameters: {sorted(unknown)}")
        self.azure.move()
        with self.azure.lock:
            azure = self.azure.replica.answer_from(call, self.azure)
            try:
                answer = route.answer(azure, call, **{name: _number(value) for name, value in values.items()})
            except KeyError as error:
                return refuse(404, "BuildNotFoundException", f"The requested build {error} could not be found.")
        return listed([]) if self.azure.lists_nothing and _is_list(call, answer) else answer

    def _authenticate(self, call: Call) -> bool | None:
        """Return True for a good token, False for none, None for a bad one."""
        kind, _, value = call.headers.get("authorization", "").partition(" ")
        if not kind:
            return False
        if kind.lower() == "basic":
            try:
                value = base64.b64decode(value).decode().partition(":")[2]
            except (binascii.Error, UnicodeDecodeError):
                return None
        return self.knows(value) or None

    def _sign_in(self) -> Answer:
        mode = self.azure.sign_in
        page = {"Content-Type": "text/html; charset=utf-8"}
        if mode == 401:
            return Answer(401, "", {"WWW-Authenticate": 'Basic realm="tfs"'} | page)
        return Answer(mode, SIGN_IN_PAGE, page | ({"Location": f"/azure{SIGN_IN}"} if mode == 302 else {}))


def _number(value: str) -> int | str:
    return int(value) if value.isdigit() else value


def _is_list(call: Call, answer: Answer) -> bool:
    return call.method == "GET" and isinstance(answer.body, dict) and "count" in answer.body
