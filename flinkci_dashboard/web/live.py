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
import threading
import time
from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple

from django.contrib.auth.models import Permission, User
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotModified
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.http import parse_etags

from flinkci_dashboard.accounts.roles import signed_in
from flinkci_dashboard.web.exports import file_of

Context = dict[str, Any]
TURN = 30  # seconds after which a fragment is rendered anew in any case: silence, too, is news
REMEMBERED = 20_000  # readers of whom a process knows what a fragment told them
KEPT = 16 * 2**20  # bytes of fragments that a process keeps
# What differs between two fragments that say the same: masked tokens of forms, how long ago something was, the row of
# bars that a quiet pass moves, and when a job looked that found nothing new; that alone is told by a header, in the
# order of the fragment.
TOKEN = re.compile(rb'(name="csrfmiddlewaretoken" value=")[^"]*')
SEEN = re.compile(rb'<time datetime="([^"]*)" data-relative="ago" data-seen[^>]*>[^<]*')
BARS = re.compile(rb'<svg class="strip-chart" .*?</svg>', re.DOTALL)
AS_OF = "As-Of"
AGE = re.compile(rb"(<time [^>]*data-relative[^>]*>)[^<]*")


class Fragment(NamedTuple):
    """What all readers of a kind are shown, but for the tokens of their forms."""

    tag: str
    seen: str  # when the jobs looked that feed it
    content: bytes = b""


_said: dict[tuple[object, ...], Fragment] = {}  # what was asked for, by whom and of which version → what it said
NOTHING = Fragment("", "")
_kept: dict[tuple[object, ...], Fragment] = {}  # what was asked for, by what kind of reader and of which version
_making = [threading.Lock() for _ in range(32)]  # readers who ask for the same at once wait for one rendering


def session(request: HttpRequest) -> object:
    """Return whom a fragment is for that shows something of its reader."""
    return request.session.session_key


def rights(request: HttpRequest) -> object:
    """Return whom a fragment is for that shows the same to all who may do the same."""
    user = signed_in(request)
    return user.is_superuser, user.is_staff, frozenset() if user.is_superuser else _permissions(user)


def _permissions(user: User) -> frozenset[int]:
    """Return the keys of what somebody who is no superuser may do, by one query and not Django's two."""
    through_groups = Permission.objects.filter(group__user=user).order_by().values_list("pk", flat=True)
    own = Permission.objects.filter(user=user).order_by().values_list("pk", flat=True)
    return frozenset(through_groups.union(own))


def live(
    page: str,
    fragment: str,
    version: Callable[[HttpRequest], object],
    reader: Callable[[HttpRequest], object] = session,
) -> Callable[[Callable[..., Context]], Callable[..., HttpResponseBase]]:
    """Turn a function that returns a context into a live view.

    `version` returns, by one cheap query, something that changes whenever the fragment would. Where this process knows
    what the fragment says in that version, 304 is answered after that query alone; else if it says the same as before.
    `reader` returns for whom the fragment is: it is rendered once for all of whom that is the same.
    """

    def decorate(function: Callable[..., Context]) -> Callable[..., HttpResponseBase]:
        @wraps(function)
        def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.htmx:  # type: ignore[attr-defined]
                return page_or_file(request, page, function(request, *args, **kwargs))
            key = _key(request, version(request))
            mine = (*key, session(request))
            known = [each.removeprefix("W/") for each in parse_etags(request.headers.get("If-None-Match", ""))]
            told = _said.get(mine, NOTHING)
            answer: HttpResponse = HttpResponseNotModified()
            if told.tag not in known:
                made = _fragment(
                    (*key, reader(request)),
                    lambda: render(request, fragment, function(request, *args, **kwargs)).content,
                )
                told = _remember(mine, made)
                if told.tag not in known:
                    answer = HttpResponse(_signed(request, made.content))
            answer["ETag"], answer[AS_OF] = told.tag, told.seen
            patch_cache_control(answer, private=True, no_cache=True)
            patch_vary_headers(answer, ["HX-Request", "Cookie"])
            return answer

        return view

    return decorate


def page_or_file(
    request: HttpRequest, page: str, context: Context, kind: str = "", status: int = 200
) -> HttpResponseBase:
    """Answer with a page, or with one of its tables as a file: of a `kind`, or as the address asks for it."""
    response = file_of(request, context, kind) or render(request, page, context, status=status)
    patch_cache_control(response, private=True, no_store=True)
    return response


def forget() -> None:
    """Forget what fragments said."""
    _said.clear()
    _kept.clear()


def _key(request: HttpRequest, version: object) -> tuple[object, ...]:
    """Return what a fragment depends on beside its reader: version, address, time zone, and this turn of time."""
    address = request.get_host(), request.get_full_path()
    return repr(version), *address, timezone.get_current_timezone_name(), int(time.time() / TURN)


def _remember(key: tuple[object, ...], made: Fragment) -> Fragment:
    """Keep what a fragment said, but for its content, for the next time that it is asked for."""
    if len(_said) >= REMEMBERED:
        _said.clear()
    _said[key] = told = made._replace(content=b"")
    return told


def _fragment(key: tuple[object, ...], make: Callable[[], bytes]) -> Fragment:
    """Return what a fragment says: what is kept of it, or made anew by the first who asks."""
    with _making[hash(key) % len(_making)]:
        if (kept := _kept.get(key)) is None:
            content = make()
            said = AGE.sub(rb"\1", BARS.sub(b"", SEEN.sub(b"", TOKEN.sub(b"", content))))
            seen = ",".join(each.decode() for each in SEEN.findall(content))
            kept = Fragment(f'"{hashlib.sha256(said).hexdigest()[:32]}"', seen, content)
            if sum(len(each.content) for each in list(_kept.values())) + len(content) > KEPT:
                _kept.clear()
            _kept[key] = kept
        return kept


def _signed(request: HttpRequest, content: bytes) -> bytes:
    """Return a fragment with this reader's token in its forms."""
    if not TOKEN.search(content):
        return content
    return TOKEN.sub(rb"\g<1>" + get_token(request).encode(), content)
