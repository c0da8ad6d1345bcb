"""Pages that stay true: one view gives the page, and to htmx only its fragment, with an ETag of what it says.

    @live("sync/mirrors.html", "sync/_mirrors.html", version=mirrors_version)
    def mirrors(request): return {…context…}

The page includes the very fragment that the poll returns, in an element with `data-live`:

    <div id="mirrors" data-live hx-get="{{ request.get_full_path }}" hx-trigger="every 3s, refresh"
         hx-swap="innerMorph">
      {% include "sync/_mirrors.html" %}
    </div>
"""

import hashlib
import re
import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotModified
from django.shortcuts import render
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.http import parse_etags

from flinkci_dashboard.web.exports import file_of

Context = dict[str, Any]
TURN = 30  # seconds after which a fragment is rendered anew in any case: silence, too, is news
REMEMBERED = 2000  # fragments of which a process knows what they said
# What differs between two fragments that say the same: masked tokens of forms, and how long ago something was.
TOKEN = re.compile(rb'name="csrfmiddlewaretoken" value="[^"]*"')
AGE = re.compile(rb"(<time [^>]*data-relative[^>]*>)[^<]*")

_said: dict[tuple[object, ...], str] = {}  # what was asked for, by whom and of which version → the tag of what it said


def live(
    page: str, fragment: str, version: Callable[[HttpRequest], object]
) -> Callable[[Callable[..., Context]], Callable[..., HttpResponseBase]]:
    """Turn a function that returns a context into a live view.

    `version` returns, by one cheap query, something that changes whenever the fragment would. Where this process knows
    what the fragment says in that version, 304 is answered after that query alone; else if it says the same as before.
    """

    def decorate(function: Callable[..., Context]) -> Callable[..., HttpResponseBase]:
        @wraps(function)
        def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.htmx:  # type: ignore[attr-defined]
                return page_or_file(request, page, function(request, *args, **kwargs))
            key = _key(request, version(request))
            known = [each.removeprefix("W/") for each in parse_etags(request.headers.get("If-None-Match", ""))]
            tag = _said.get(key, "")
            answer: HttpResponse | None = None
            if tag not in known:
                answer = render(request, fragment, function(request, *args, **kwargs))
                tag = _remember(key, answer.content)
            if answer is None or tag in known:
                answer = HttpResponseNotModified()
            answer["ETag"] = tag
            patch_cache_control(answer, private=True, no_cache=True)
            patch_vary_headers(answer, ["HX-Request", "Cookie"])
            return answer

        return view

    return decorate


def page_or_file(request: HttpRequest, page: str, context: Context, kind: str = "") -> HttpResponseBase:
    """Answer with a page, or with one of its tables as a file: of a `kind`, or as the address asks for it."""
    response = file_of(request, context, kind) or render(request, page, context)
    patch_cache_control(response, private=True, no_store=True)
    return response


def _key(request: HttpRequest, version: object) -> tuple[object, ...]:
    """Return what a fragment depends on: its address and version, the session, and this turn of time."""
    return repr(version), request.get_full_path(), request.session.session_key, int(time.time() / TURN)


def _remember(key: tuple[object, ...], content: bytes) -> str:
    """Return the tag of what a fragment says, and keep it for the next time that it is asked for."""
    said = AGE.sub(rb"\1", TOKEN.sub(b"", content))
    tag = f'"{hashlib.sha256(said).hexdigest()[:32]}"'
    if len(_said) >= REMEMBERED:
        _said.clear()
    _said[key] = tag
    return tag
