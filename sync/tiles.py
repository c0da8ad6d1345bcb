"""What the overview says of mirrors."""

from datetime import datetime

from django.urls import reverse

from flinkci_dashboard.models import JobRun
from flinkci_dashboard.tiles import Tile
from sync.models import MirrorBranch

State = MirrorBranch.State
UNDER_WAY = (State.BEHIND, State.NEW)


def tiles(now: datetime) -> list[Tile]:
    """Return the mirrors' tile."""
    rows = list(MirrorBranch.objects.filter(selected=True, mirror__enabled=True))
    synced = [row for row in rows if row.state == State.IN_SYNC]
    troubled = [row for row in rows if row.state not in (State.IN_SYNC, *UNDER_WAY)]
    last = JobRun.objects.filter(job="sync_mirrors").exclude(ended_at=None).first()
    state, label = ("ok", "in sync") if rows and len(synced) == len(rows) else ("behind", "catching up")
    if troubled:
        state, label = "diverged", "needs a look"
    if not rows:
        state, label = "none", "no pass yet"
    if last and last.outcome == JobRun.Outcome.FAILED:
        state, label = "failed", "failing"
    lines = [
        f"{row.name}: {row.get_state_display()}" for row in (*troubled, *(r for r in rows if r.state in UNDER_WAY))
    ]
    figure = f"{len(synced)} of {len(rows)}"
    seen = last.ended_at if last else None
    return [Tile("Mirrors", reverse("mirrors"), figure, "branches in sync", state, label, seen, lines[:4])]
