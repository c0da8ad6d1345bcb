"""The API's own pages: its description, what it answers to unknown addresses, a member's tokens; and webhooks."""

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db.models import Max
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from flinkci_dashboard.accounts import audit
from flinkci_dashboard.accounts.roles import ADMINISTER, needs, signed_in
from flinkci_dashboard.api.service import API, RATE
from flinkci_dashboard.api.tokens import MAX_TOKENS, TokenError, make_token
from flinkci_dashboard.api.webhooks import EVENTS
from flinkci_dashboard.models import Delivery, Refusals
from flinkci_dashboard.web.live import page_or_file
from flinkci_dashboard.web.tables import Column, Table

DELIVERIES = Table(
    "deliveries",
    (
        Column("received", "Received", lambda row: row.received_at, "id", falling=True),
        Column("from", "From", lambda row: row.service, "service"),
        Column("event", "Event", lambda row: row.event, "event"),
        Column("jobs", "Made run", lambda row: row.jobs),
        Column("delivery", "Delivery", lambda row: row.delivery_id),
    ),
    "-received",
    anchor="id",
)


TOKENS = Table(
    "tokens",
    (
        Column("name", "Name", lambda row: row.name, "name"),
        Column("made", "Made", lambda row: row.made_at, "made_at", falling=True),
        Column("last_used", "Last used", lambda row: row.last_used_at, "last_used_at", falling=True, nullable=True),
        Column("act", "(Act)"),
    ),
    "name",
)


@csrf_exempt
@login_not_required
def nowhere(request: HttpRequest, rest: str) -> HttpResponse:
    """Answer an address that the API does not have, in its own form."""
    return JsonResponse({"detail": f"There is no /api/v1/{rest}: see /api/v1/openapi.json."}, status=404)


@require_GET
def describe(request: HttpRequest) -> HttpResponse:
    """Describe the API for people: each address with its filters and fields."""
    schema = API.get_openapi_schema()
    shapes = schema["components"]["schemas"]
    lists = [_described(path, verbs["get"], shapes) for path, verbs in schema["paths"].items()]
    return render(request, "api/describe.html", {"lists": lists, "rate": RATE.removesuffix("/m")})


@require_http_methods(["GET", "HEAD", "POST"])
def tokens(request: HttpRequest) -> HttpResponseBase:
    """Show one's own tokens, and make another; what it is stands on this one answer and nowhere else."""
    owner, made, problem = signed_in(request), "", ""
    if request.method == "POST":
        name = request.POST.get("name", "")
        try:
            made = make_token(owner, name)
        except TokenError as error:
            problem = str(error)
        else:
            audit.record(request, "make API token", name)
    rows = owner.api_tokens.all()  # type: ignore[attr-defined]
    context = {"tokens": TOKENS.of(request, rows), "made": made, "problem": problem, "most": MAX_TOKENS}
    return page_or_file(request, "api/tokens.html", context, status=400 if problem else 200)


@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete one of one's own tokens: it does not work any more from now on."""
    token = get_object_or_404(signed_in(request).api_tokens, pk=pk)  # type: ignore[attr-defined]
    audit.record(request, "revoke API token", token.name)
    token.delete()
    return redirect("api_tokens")


@require_GET
@needs(ADMINISTER)
def deliveries(request: HttpRequest) -> HttpResponseBase:
    """Show what webhooks told lately and what was refused, and how to set them up."""
    refused = {row.service: row for row in Refusals.objects.all()}
    last = dict(Delivery.objects.order_by().values_list("service").annotate(Max("received_at")))
    services = [
        {
            "title": service.label,
            "setting": service.setting,
            "ready": bool(getattr(settings, service.setting)),
            "url": f"{settings.PUBLIC_URL}{reverse('webhook', args=[service])}",
            "events": events,
            "last": last.get(service),
            "refused": refused.get(service),
        }
        for service, events in EVENTS.items()
    ]
    table = DELIVERIES.of(request, Delivery.objects.all())
    return page_or_file(request, "api/deliveries.html", {"services": services, "table": table})


def _described(path: str, operation: dict[str, Any], shapes: dict[str, Any]) -> dict[str, Any]:
    """Return what the page says of one address."""
    answer = operation["responses"][200]["content"]["application/json"]["schema"]
    shape = shapes[answer["$ref"].rpartition("/")[2]]
    many = shape["properties"].get("results")
    if many:
        shape = shapes[many["items"]["$ref"].rpartition("/")[2]]
    return {
        "path": path,
        "says": operation.get("description", ""),
        "filters": [each["name"] for each in operation.get("parameters", []) if each["in"] == "query"],
        "fields": list(shape["properties"]),
    }
