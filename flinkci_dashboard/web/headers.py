"""What every answer tells browsers and proxies: keep no copy of it, and open no device for it."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

# What no page here uses, by the names that browsers know (W3C, Permissions Policy).
DEVICES = ("accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "magnetometer", "microphone")
UNUSED = (*DEVICES, "midi", "payment", "usb")
PERMISSIONS = ", ".join(f"{name}=()" for name in UNUSED)


def protect(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Add the headers; a view that says itself how long its answer may be kept is left alone."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault("Cache-Control", "private, no-store")
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        return response

    return middleware
