"""Pages that stay true: one view gives the page, and to htmx only its fragment, with an ETag.

    @live("sync/mirrors.html", "sync/_mirrors.html", version=mirrors_version)
    def mirrors(request): return {…context…}

The page includes the very fragment that the poll returns, in an element with `data-live`:

    <div id="mirrors" data-live hx-get="{{ request.get_full_path }}" hx-trigger="every 3s, refresh"
         hx-swap="innerMorph">
      {% include "sync/_mirrors.html" %}
    </div>
"""

import hashlib
import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import render
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.http import parse_etags

Context = dict[str, Any]
TURN = 30  # seconds after which a fragment is rendered anew in any case: silence, too, is news


def live(
    page: str, fragment: str, version: Callable[[HttpRequest], object]
) -> Callable[[Callable[..., Context]], Callable[..., HttpResponse]]:
    """Turn a function that returns a context into a live view.

    `version` returns, by one cheap query, something that changes whenever the fragment would. An unchanged fragment is
    answered by 304 after that query alone.
    """

    def decorate(function: Callable[..., Context]) -> Callable[..., HttpResponse]:
        @wraps(function)
        def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.htmx:  # type: ignore[attr-defined]
                response = render(request, page, function(request, *args, **kwargs))
                patch_cache_control(response, private=True, no_store=True)
                return response
            tag = _tag(request, version(request))
            if tag in parse_etags(request.headers.get("If-None-Match", "")):
                answer: HttpResponse = HttpResponseNotModified()
            else:
                answer = render(request, fragment, function(request, *args, **kwargs))
            answer["ETag"] = tag
            patch_cache_control(answer, private=True, no_cache=True)
            patch_vary_headers(answer, ["HX-Request", "Cookie"])
            return answer

        return view

    return decorate


def _tag(request: HttpRequest, version: object) -> str:
    """Return the ETag: of this version, for this session, in this turn of time."""
    parts = (version, request.get_full_path(), request.session.session_key, int(time.time() / TURN))
    return f'"{hashlib.sha256(repr(parts).encode()).hexdigest()[:32]}"'
