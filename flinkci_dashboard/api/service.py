"""`/api/v1/`: what the pages show, for programs. Read only; each app's `api.py` adds its lists as `router`."""

import hashlib
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.urls import URLPattern
from django.utils.http import parse_etags
from django.views.generic import RedirectView
from ninja import NinjaAPI
from ninja.errors import ValidationError

from flinkci_dashboard.api.alerts import router as alerts
from flinkci_dashboard.api.ground import router as ground
from flinkci_dashboard.api.tokens import BearerToken, EachToken, session
from flinkci_dashboard.parts import parts

RATE = "300/m"  # requests with one token, or of one account that is signed in


class Api(NinjaAPI):
    """Answers with an ETag from the content, so that an unchanged list costs no transfer."""

    def create_response(self, request: HttpRequest, data: Any, **facts: Any) -> HttpResponse:
        """Return the answer, or 304 when the client has it."""
        response = super().create_response(request, data, **facts)
        if response.status_code == 200:
            response.headers["ETag"] = tag = f'"{hashlib.sha256(response.content).hexdigest()[:32]}"'
            response.headers["Cache-Control"] = "private, no-cache"
            if tag in parse_etags(request.headers.get("If-None-Match", "")):
                return HttpResponseNotModified(headers={"ETag": tag, "Cache-Control": "private, no-cache"})
        return response


def addresses(api: Api) -> tuple[list[URLPattern], str, str]:
    """Return what an address map includes. Who may ask is decided by the API itself, which answers in JSON."""
    patterns, app, namespace = api.urls
    return [_open(each) for each in patterns if isinstance(each, URLPattern)], app, namespace


def _open(pattern: URLPattern) -> URLPattern:
    if pattern.name == "api-root":
        pattern.callback = RedirectView.as_view(pattern_name="api_docs")
    else:
        pattern.callback.login_required = False  # type: ignore[union-attr, attr-defined]
    return pattern


def _build() -> Api:
    api = Api(
        title="Flink CI",
        version="1",
        description="What the dashboard's pages show, read only. Times are UTC, lengths of time seconds.",
        auth=[session, BearerToken()],
        throttle=[EachToken(RATE)],
        docs_url=None,
        openapi_url=None,
        urls_namespace="api",
    )
    api.add_exception_handler(ValidationError, lambda request, error: _refused(api, request, error))
    for router in (ground, alerts, *(part.router for part in parts("api"))):
        api.add_router("", router)
    api.get("/openapi.json", include_in_schema=False, url_name="openapi")(lambda request: api.get_openapi_schema())
    return api


def _refused(api: Api, request: HttpRequest, error: Any) -> HttpResponse:
    """Say in a sentence what is wrong with the parameters."""
    said = [f"{each['loc'][-1]}: {each['msg']}" for each in error.errors]
    return api.create_response(request, {"detail": "; ".join(said)}, status=422)


API = _build()
