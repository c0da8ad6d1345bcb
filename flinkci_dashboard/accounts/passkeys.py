"""What passkeys need in the browser: django-allauth's scripts, in one file instead of three."""

import hashlib
from functools import cache
from pathlib import Path

from django.contrib.auth.decorators import login_not_required
from django.contrib.staticfiles.finders import find
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import etag, require_safe

SCRIPTS = ("mfa/js/webauthn-json.js", "mfa/js/webauthn.js", "account/js/onload.js")  # in the order of its own template


@cache
def _script() -> bytes:
    return b";\n".join(Path(str(find(name))).read_bytes() for name in SCRIPTS)


def _tag(request: HttpRequest) -> str:
    return f'"{hashlib.sha256(_script()).hexdigest()[:32]}"'


@require_safe
@login_not_required
@cache_control(public=True, no_cache=True)
@etag(_tag)
def passkeys(request: HttpRequest) -> HttpResponse:
    """Answer with the scripts; strangers need them to sign in."""
    return HttpResponse(_script(), content_type="text/javascript; charset=utf-8")
