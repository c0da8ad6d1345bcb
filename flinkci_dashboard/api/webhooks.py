"""Webhooks: a service says that something happened, and the right job looks now instead of in some seconds.

What a delivery says is never taken as state: it may be late, forged by who knows the secret, or sent twice. Nothing is
done in the request but looking at its signature: it is noted when the answer has gone, see `deliveries`.
"""

import base64
import binascii
import hashlib
import hmac
import json

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from flinkci_dashboard.api.deliveries import Noted, Told
from flinkci_dashboard.models.webhooks import Service

MAX_BODY = 25 * 1024 * 1024  # bytes; GitHub sends no more (its docs, "Webhook events and payloads")
GITHUB_JOBS = {
    "push": ("sync_mirrors", "sync_pulls"),
    "pull_request": ("sync_pulls", "label_pulls"),
    "issue_comment": ("sync_pulls",),  # deleted ones too: a report may be gone
    "workflow_run": ("poll_actions",),
    "workflow_job": ("poll_actions",),
}
PIPELINES_JOBS = {
    "build.complete": ("poll_builds", "sync_pulls"),
    "ms.vss-pipelines.run-state-changed-event": ("poll_builds", "sync_pulls"),
}

EVENTS = {  # to be chosen at each service, in the words of its form
    Service.GITHUB: ("Pushes", "Pull requests", "Issue comments", "Workflow runs", "Workflow jobs"),
    Service.PIPELINES: ("Build completed", "Run state changed"),
}


@csrf_exempt
@require_POST
@login_not_required
def receive(request: HttpRequest, service: str) -> HttpResponse:
    """Take a delivery: 202; 401 when signature or password is wrong, 413 when it is too long, 400 when it is none."""
    match service:
        case Service.GITHUB:
            return _from_github(request, _configured(settings.GITHUB_WEBHOOK_SECRET))
        case Service.PIPELINES:
            return _from_pipelines(request, _configured(settings.AZURE_WEBHOOK_LOGIN))
    raise Http404


def _from_github(request: HttpRequest, secret: str) -> HttpResponse:
    body = request.read(MAX_BODY + 1)
    if len(body) > MAX_BODY:
        return _too_long()
    signature = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    if not _same(signature, request.headers.get("X-Hub-Signature-256", "")):
        return _refuse(Service.GITHUB, "The signature does not fit: is the secret the same on both sides?")
    event, delivery = (request.headers.get(f"X-GitHub-{name}", "") for name in ("Event", "Delivery"))
    return _take(Service.GITHUB, delivery, event, GITHUB_JOBS.get(event, ()))


def _from_pipelines(request: HttpRequest, login: str) -> HttpResponse:
    if not _same(login, _basic_login(request)):
        return _refuse(Service.PIPELINES, "User or password is wrong: are they the same on both sides?")
    body = request.read(MAX_BODY + 1)
    if len(body) > MAX_BODY:
        return _too_long()
    try:
        told = json.loads(body)
        event, delivery = str(told["eventType"]), str(told["id"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return JsonResponse({"detail": "This is no event of a service hook."}, status=400)
    return _take(Service.PIPELINES, delivery, event, PIPELINES_JOBS.get(event, ()))


def _configured(secret: str) -> str:
    if not secret:
        raise Http404
    return secret


def _same(ours: str, theirs: str) -> bool:
    return hmac.compare_digest(ours.encode(), theirs.encode(errors="replace"))


def _basic_login(request: HttpRequest) -> str:
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    try:
        return base64.b64decode(value).decode() if kind.lower() == "basic" else ""
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""


def _too_long() -> HttpResponse:
    return JsonResponse({"detail": f"A delivery has at most {MAX_BODY:,} bytes."}, status=413)


def _refuse(service: Service, why: str) -> HttpResponse:
    return Noted(Told(service, timezone.now(), taken=False), why, 401)


def _take(service: Service, delivery: str, event: str, jobs: tuple[str, ...]) -> HttpResponse:
    """Take a delivery, to be noted once the answer is sent; one that was taken before changes nothing."""
    now = timezone.now()
    key = _storable(delivery) or hashlib.sha256(f"{event} {now.isoformat()}".encode()).hexdigest()
    return Noted(Told(service, now, key[:64], _storable(event)[:100], jobs), "Taken.", 202)


def _storable(text: str) -> str:
    return text.encode(errors="replace").decode().replace("\0", "")
