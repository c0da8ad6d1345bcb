"""What the overview says of builds and agents."""

from collections import Counter
from datetime import datetime

from django.db.models import Q
from django.urls import reverse

from agents.models import Agent, Build, Watermark
from agents.models.builds import Status
from flinkci_dashboard.jobs.history import last_good
from flinkci_dashboard.models import Area
from flinkci_dashboard.web.tiles import Tile

State = Agent.State


def tiles(now: datetime) -> list[Tile]:
    """Return one tile about builds and one about agents."""
    return [_builds(), _agents()]


def _builds() -> Tile:
    open_builds = Counter(Build.objects.filter(~Q(status=Status.FINISHED)).values_list("status", flat=True))
    seen = last_good("poll_builds")
    waiting = open_builds[Status.QUEUED]
    return Tile(
        title="Builds",
        url=reverse("builds"),
        figure=str(open_builds.total() - waiting),
        words=f"running, {waiting} waiting",
        area=Area.BUILDS,
        state="ok" if seen else "none",
        label="in order" if seen else "none yet",
        seen_at=seen,
    )


def _agents() -> Tile:
    states = Counter(Agent.objects.values_list("state", flat=True))
    mark = Watermark.objects.filter(name="agents").first()
    away = states[State.OFFLINE] + states[State.DISABLED]
    online = Agent.count_online(states)
    unseen = mark is None or bool(mark.note)
    return Tile(
        title="Agents",
        url=reverse("agents"),
        figure=str(states[State.BUSY]),
        words=f"busy, {states[State.IDLE]} idle",
        area=Area.AGENTS,
        state="none" if unseen else "online",
        label="not told" if unseen else f"{online} online",
        seen_at=mark.at if mark else None,
        lines=[f"{away} offline or disabled"] if away else [],
    )
