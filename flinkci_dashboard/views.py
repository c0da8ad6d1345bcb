"""The overview, and whether the system is well."""

from dataclasses import replace

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_safe

from flinkci_dashboard import first_run
from flinkci_dashboard.accounts.roles import may_administer, signed_in
from flinkci_dashboard.accounts.saved import start_page
from flinkci_dashboard.alerts.standing import standing_for
from flinkci_dashboard.jobs import health
from flinkci_dashboard.jobs import history as passes
from flinkci_dashboard.jobs.views import latest_runs
from flinkci_dashboard.models import JobRun
from flinkci_dashboard.web.live import Context, live, rights
from flinkci_dashboard.web.search import SHORTEST, look_for, only_one
from flinkci_dashboard.web.tiles import Tile, tiles

RECENT = 8  # passes
MAX_QUERY = 200  # characters of a search


@require_GET
@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer that the web process serves."""
    return JsonResponse({"status": "ok"})


@require_GET
@login_not_required
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer whether database, migrations and workers are fine; 503 with the reasons when they are not."""
    found = health.problems(timezone.now())
    return JsonResponse({"status": "unready" if found else "ok", **found}, status=503 if found else 200)


@require_GET
@live("overview.html", "_overview.html", version=latest_runs, reader=rights)
def overview(request: HttpRequest) -> Context:
    """Show on one page whether all is well."""
    now = timezone.now()
    found = standing_for(request).seen_by(signed_in(request))
    return {
        "tiles": [_for(request, tile) for tile in tiles(now, found)],
        "standing": found,
        "first_run": first_run.steps(now) if may_administer(request.user) else [],
        "runs": passes.busy(JobRun.objects.all())[:RECENT],
    }


@require_GET
def start(request: HttpRequest) -> HttpResponseBase:
    """Lead a member to the view that they start with; that is the overview unless they chose another."""
    chosen = start_page(signed_in(request)) if not request.htmx else ""  # type: ignore[attr-defined]
    return redirect(chosen) if chosen else overview(request)


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Show what matches, by kind; lead straight to the thing when only one does."""
    query = request.GET.get("q", "").strip()[:MAX_QUERY]
    groups = look_for(query)
    if hit := only_one(groups):
        return redirect(hit.url)
    return render(request, "search.html", {"query": query, "groups": groups, "shortest": SHORTEST})


def _for(request: HttpRequest, tile: Tile) -> Tile:
    """Take the links off a tile for those who may not follow them."""
    may_see = not tile.permission or signed_in(request).has_perm(tile.permission)
    return tile if may_see else replace(tile, url="", lines=[replace(line, url="") for line in tile.lines])
