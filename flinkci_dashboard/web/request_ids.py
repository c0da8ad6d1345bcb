"""An id for each request, for its log lines and the entries it leaves in the record."""

import logging
import re
import uuid
from collections.abc import Callable
from contextvars import ContextVar

from django.core.signals import request_finished
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponseBase

NONE = "-"
SAFE_ID = re.compile(r"[A-Za-z0-9-]{8,64}")

request_id: ContextVar[str] = ContextVar("request_id", default=NONE)


def identify(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Give each request an id: the proxy's, where it sends a decent one. The answer carries it too."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        told = request.headers.get("X-Request-ID", "")
        request_id.set(told if SAFE_ID.fullmatch(told) else uuid.uuid4().hex[:16])
        response = get_response(request)
        response.headers["X-Request-ID"] = request_id.get()
        return response

    return middleware


@receiver(request_finished)
def _forget(**kwargs: object) -> None:
    """End the id only here: Django logs a 404 or 500 after the last middleware."""
    request_id.set(NONE)


class AddRequestId(logging.Filter):
    """Every log line names the request that it belongs to, or "-"."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the id."""
        record.request_id = request_id.get()
        return True
