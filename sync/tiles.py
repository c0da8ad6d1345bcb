"""What the overview says of mirrors and pull requests."""

from datetime import datetime

from django.db.models import Max
from django.urls import reverse

from flinkci_dashboard.jobs.history import latest_pass
from flinkci_dashboard.jobs.modes import is_active
from flinkci_dashboard.models import Area
from flinkci_dashboard.web.tiles import Tile
from sync.models import MirrorBranch, PullRequest, ReportComment
from sync.pulls.figures import JOB, ci_counts, ci_words, quota, say_why
from sync.pulls.values import Waiting

State = MirrorBranch.State
UNDER_WAY = (State.BEHIND, State.NEW)


def tiles(now: datetime) -> list[Tile]:
    """Return the tiles of mirrors and of pull requests."""
    return [_mirrors(), _pulls(now)]


def _pulls(now: datetime) -> Tile:
    opened = PullRequest.objects.filter(state=PullRequest.State.OPEN)
    counts = ci_counts(opened)
    last = latest_pass(JOB)
    state, label = ("ok", _done()) if last else ("none", "no pass yet")
    lines = [ci_words(counts)]
    oldest = opened.filter(waiting__in=(Waiting.AGENT, Waiting.BUILD, Waiting.PUSH)).order_by("why_since").first()
    if oldest and oldest.why_since:
        lines.append(f"longest waiting: #{oldest.number}, {say_why(oldest, now)}")
    if newest := ReportComment.objects.aggregate(at=Max("written_at"))["at"]:
        lines.append(f"last report written {newest:%H:%M} UTC")
    if mark := quota():
        lines.append(f"GitHub: {mark.data['remaining']:,} of {mark.data['limit']:,} requests left this hour")
    seen = last.ended_at if last else None
    url, total = reverse("pull_requests"), f"{sum(counts.values()):,}"
    return Tile("Pull requests", url, total, "open", Area.PULLS, state, label, seen, lines)


def _done() -> str:
    """Say in a word that there is nothing to do, or that nothing is done."""
    return "only observed" if not is_active("sync_pulls") else "in step"


def _mirrors() -> Tile:
    rows = list(MirrorBranch.objects.filter(selected=True, mirror__enabled=True))
    synced = [row for row in rows if row.state == State.IN_SYNC]
    troubled = [row for row in rows if row.state not in (State.IN_SYNC, *UNDER_WAY)]
    last = latest_pass("sync_mirrors")
    state, label = ("ok", "in sync") if rows and len(synced) == len(rows) else ("behind", "behind")
    if not rows:
        state, label = "none", "no pass yet"
    lines = [
        f"{row.name}: {row.get_state_display()}" for row in (*troubled, *(r for r in rows if r.state in UNDER_WAY))
    ]
    figure = f"{len(synced)} of {len(rows)}"
    seen = last.ended_at if last else None
    url, words = reverse("mirrors"), "branches in sync"
    return Tile("Mirrors", url, figure, words, Area.MIRRORS, state, label, seen, lines[:4])
