"""The pages for what is missing, closed or broken: each says what, and whom to turn to."""

import re

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import Resolver404

from flinkci_dashboard.web.request_ids import request_id

LOOKED_FOR = re.compile(r"No (\w+) matches the given query\.")  # Django's words of a row that is not there
CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def missing(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say what there is not."""
    return render(request, "404.html", {"what": _what(request, exception)}, status=404)


def closed(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say which right is lacking."""
    return render(request, "403.html", {"right": str(exception)}, status=403)


def broken(request: HttpRequest) -> HttpResponse:
    """Say under which id the log has the error; nothing here asks the database, which may be what is broken."""
    return HttpResponse(render_to_string("500.html", {"request_id": request_id.get()}), status=500)


def _what(request: HttpRequest, exception: Exception) -> str:
    if isinstance(exception, Resolver404):
        return f"There is nothing at {request.path}."
    words = str(exception.args[0]) if exception.args else ""
    if found := LOOKED_FOR.fullmatch(words):
        return f"There is no such {CAPITAL.sub(' ', found[1]).lower()}."
    return words
