"""Pages about the machines: hosts side by side, one agent, charts."""

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_safe

from agents.chart_figures import RANGES, charts
from agents.machine_figures import agent_days, agent_score, agents_page, is_low_on_disk
from agents.models import Agent, Job, Watermark
from agents.versions import latest_polls, polled_at
from flinkci_dashboard.live import Context, live

JOBS = 30  # of an agent, the latest


@require_safe
@live("agents/agents.html", "agents/_agents.html", version=latest_polls)
def agents(request: HttpRequest) -> Context:
    """Show both hosts, their machines, and who waits."""
    return {"page": agents_page(timezone.now())}


@require_safe
@live("agents/agent.html", "agents/_agent.html", version=latest_polls)
def agent(request: HttpRequest, pk: int) -> Context:
    """Show one machine: what it does, how its last days went, its jobs."""
    now = timezone.now()
    shown = get_object_or_404(Agent.objects.select_related("pool", "current_job__build"), pk=pk)
    score, verdict = agent_score(shown, now)
    jobs = Job.objects.filter(agent=shown, started_at__isnull=False).select_related("build").order_by("-started_at")
    return {
        "agent": shown,
        "score": score,
        "verdict": verdict,
        "low_disk": is_low_on_disk(shown, now),
        "days": agent_days(shown, now),
        "jobs": jobs.defer("issues")[:JOBS],
        "polled": Watermark.objects.filter(name="agents").first(),
    }


@require_safe
@live("agents/charts.html", "agents/_charts.html", version=latest_polls)
def show_charts(request: HttpRequest) -> Context:
    """Show how busy the hosts were, how long jobs waited, and how builds went."""
    chosen = RANGES.get(request.GET.get("range", ""), RANGES["24h"])
    shown = charts(chosen, timezone.now())
    return {"ranges": RANGES.values(), "chosen": chosen, "charts": shown, "polled_at": polled_at("poll_builds")}
