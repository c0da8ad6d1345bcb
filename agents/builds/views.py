"""Pages about builds: the list, one build, the branches."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_safe

from agents.builds.branch_figures import branch_grids, branch_tabs
from agents.builds.figures import build_detail
from agents.builds.filters import BUILDS, BuildFilter
from agents.builds.lists import build_tables, grid_tables, red_table, why_tables
from agents.builds.nightly_figures import latest_red, ledgers
from agents.builds.release import release
from agents.failures.explained import why_builds
from agents.models import Build, Host, Watermark
from agents.models.builds import Provider
from flinkci_dashboard.alerts.standing import standing_for
from flinkci_dashboard.jobs.history import last_ended, last_good
from flinkci_dashboard.web.live import Context, live, rights


def polls(request: HttpRequest) -> object:
    """Return what changes when a pass of a poll ends."""
    return last_ended("poll_builds", "poll_actions", "poll_agents")


@require_safe
@live("agents/builds.html", "agents/_builds.html", version=polls, reader=rights)
def builds(request: HttpRequest) -> Context:
    """List builds, newest first; the URL holds filter and place."""
    form = BuildFilter(request.GET)
    return {
        "form": form,
        "filtered": bool(form.asked()),
        "table": BUILDS.of(request, form.rows()),
        "polled": Watermark.objects.filter(name__startswith="builds:").exclude(note="").first(),
        "polled_at": last_good("poll_builds"),
    }


@require_safe
@live("agents/build.html", "agents/_build.html", version=polls, reader=rights)
def build(request: HttpRequest, provider: str, external_id: int) -> Context:
    """Show one build, by its service and the number that it has there."""
    shown = get_object_or_404(Build, provider=provider, external_id=external_id)
    detail = build_detail(shown, timezone.now())
    return {"detail": detail, "hosts": Host.choices, **build_tables(request, detail)}


@require_safe
def build_without_provider(request: HttpRequest, external_id: int) -> HttpResponse:
    """Lead on from an address of the time when Azure was the only service."""
    return redirect(get_object_or_404(Build, provider=Provider.AZURE, external_id=external_id), permanent=True)


@require_safe
@live("agents/branches.html", "agents/_branches.html", version=polls, reader=rights)
def branches(request: HttpRequest, branch: str = "") -> Context:
    """Show the last builds of a branch, job by job; without a name, of the first branch (master)."""
    now = timezone.now()
    found = standing_for(request)
    tabs = branch_tabs(now, found)
    name = branch or (tabs[0].name if tabs else "")
    grids = branch_grids(name, unfolded=not {"unfolded", "format"}.isdisjoint(request.GET))
    tables = grid_tables(request, grids)
    kinds = ledgers(name)
    known = release(name, kinds, found, now)
    if branch and not (grids or known.facts):
        raise Http404(f"No build of {branch} is known, and no mirror has it.")
    explained = why_builds(latest_red(kinds), now)
    others = [] if branch else [each for each in ledgers() if each.red and each.whole.branch != name]
    return {
        "tabs": tabs,
        "branch": name,
        "explained": explained,
        **why_tables(request, explained),
        "grids": [(grid, tables[grid.key]) for grid in grids],
        **tables,
        "ledgers": kinds,
        "red": red_table(request, kinds, "red-"),
        "release": known,
        "others": others,
        "red_others": red_table(request, others, "others-"),
        "polled_at": last_good("poll_builds"),
    }
