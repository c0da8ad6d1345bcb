"""Pages about the machines: hosts side by side, one agent, charts."""

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_safe

from agents.charts.figures import RANGES, charts
from agents.machines.figures import agent_days, agent_score, agents_page, is_low_on_disk
from agents.machines.filters import AGENTS, DAYS, RAN, WAITING, AgentFilter
from agents.machines.judge import DISK
from agents.models import Agent, Host, Job, Watermark
from flinkci_dashboard.alerts.limits import as_set
from flinkci_dashboard.jobs.history import last_ended, last_good
from flinkci_dashboard.web.live import Context, live, rights


def polls(request: HttpRequest) -> object:
    """Return what changes when a pass of a poll ends."""
    return last_ended("poll_builds", "poll_agents")


@require_safe
@live("agents/agents.html", "agents/_agents.html", version=polls, reader=rights)
def agents(request: HttpRequest) -> Context:
    """Show both hosts, their machines, and who waits."""
    page, form = agents_page(timezone.now()), AgentFilter(request.GET)
    table = AGENTS.of(request, form.narrow(page.lines))
    groups = [(card.host, f"{card.name} agents") for card in page.cards] + [(Host.UNKNOWN, "Agents of no known host")]
    return {
        "page": page,
        "form": form,
        "filtered": bool(form.asked()),
        "table": table,
        "hosts": [(title, [line for line in table.lines if line.agent.host == host]) for host, title in groups],
        "waiting": WAITING.of(request, page.waiting, "waiting-"),
    }


@require_safe
@live("agents/agent.html", "agents/_agent.html", version=polls, reader=rights)
def agent(request: HttpRequest, pk: int) -> Context:
    """Show one machine: what it does, how its last days went, its jobs."""
    now = timezone.now()
    shown = get_object_or_404(Agent.objects.select_related("pool", "current_job__build"), pk=pk)
    score, verdict = agent_score(shown, now)
    jobs = Job.objects.filter(agent=shown, started_at__isnull=False).select_related("build")
    return {
        "agent": shown,
        "score": score,
        "verdict": verdict,
        "low_disk": is_low_on_disk(shown, now, as_set(DISK)),
        "days": DAYS.of(request, agent_days(shown, now), "days-"),
        "table": RAN.of(request, jobs.defer("issues")),
        "polled": Watermark.objects.filter(name="agents").first(),
    }


@require_safe
@live("agents/charts.html", "agents/_charts.html", version=polls, reader=rights)
def show_charts(request: HttpRequest) -> Context:
    """Show how busy the hosts were, how long jobs waited, and how builds went."""
    chosen = RANGES.get(request.GET.get("range", ""), RANGES["24h"])
    shown = charts(chosen, timezone.now())
    return {"ranges": RANGES.values(), "chosen": chosen, "charts": shown, "polled_at": last_good("poll_builds")}
