"""The time zone of the reader: the script says it in a cookie, and days in filters and times in files are of it."""

from collections.abc import Callable
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

COOKIE = "zone"


def reader_zone(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Answer in the reader's time zone; it is UTC where none is told that exists."""
    known = _known()  # hundreds of files are opened for it: not while somebody waits

    def middleware(request: HttpRequest) -> HttpResponseBase:
        name = request.COOKIES.get(COOKIE, "")
        with timezone.override(ZoneInfo(name) if name in known else None):
            return get_response(request)

    return middleware


_known = cache(available_timezones)
