"""What the overview says of mirrors and pull requests."""

from datetime import datetime

from django.db.models import Max
from django.urls import reverse

from flinkci_dashboard.jobs.history import last_achieved
from flinkci_dashboard.jobs.modes import is_active
from flinkci_dashboard.models import Area
from flinkci_dashboard.web.tiles import Part, Tile
from sync.models import MirrorBranch, PullRequest, ReportComment
from sync.pulls.figures import CI_WORDS, JOB, ci_counts, quota, say_why
from sync.pulls.values import Waiting

State = MirrorBranch.State
UNDER_WAY = (State.BEHIND, State.NEW)


def tiles(now: datetime) -> list[Tile]:
    """Return the tiles of mirrors and of pull requests."""
    return [_mirrors(), _pulls(now)]


def _pulls(now: datetime) -> Tile:
    opened = PullRequest.objects.filter(state=PullRequest.State.OPEN)
    counts, url = ci_counts(opened), reverse("pull_requests")
    seen = last_achieved(JOB)
    state, label = ("ok", _done()) if seen or counts else ("none", "no pass yet")
    lines = [Part(f"{counts[state]:,} {words}", f"{url}?ci={state}") for state, words in CI_WORDS if counts.get(state)]
    others = sum(counts.values()) - sum(counts.get(state, 0) for state, _ in CI_WORDS)
    lines += [Part(f"{others:,} without a build", f"{url}?ci=unknown")] if others else []
    oldest = opened.filter(waiting__in=(Waiting.AGENT, Waiting.BUILD, Waiting.PUSH)).order_by("why_since").first()
    if oldest and oldest.why_since:
        where = reverse("pull_request", args=[oldest.number])
        why = say_why(oldest)
        lines.append(Part(f"longest waiting: #{oldest.number}, {why.text}", where, why.since))
    if newest := ReportComment.objects.aggregate(at=Max("written_at"))["at"]:
        lines.append(Part("last report written {time} ago", since=newest))
    if mark := quota():
        lines.append(Part(f"GitHub: {mark.data['remaining']:,} of {mark.data['limit']:,} requests left this hour"))
    total = f"{sum(counts.values()):,}"
    return Tile("Pull requests", url, total, "open", Area.PULLS, state, label, seen, lines, job=JOB, place=30)


def _done() -> str:
    """Say in a word that there is nothing to do, or that nothing is done."""
    return "only observed" if not is_active("sync_pulls") else "in step"


def _mirrors() -> Tile:
    rows = list(MirrorBranch.objects.filter(selected=True, mirror__enabled=True))
    synced = [row for row in rows if row.state == State.IN_SYNC]
    troubled = [row for row in rows if row.state not in (State.IN_SYNC, *UNDER_WAY)]
    state, label = ("ok", "in sync") if rows and len(synced) == len(rows) else ("behind", "behind")
    if not rows:
        state, label = "none", "no pass yet"
    url, words = reverse("mirrors"), "branches in sync"
    others = (*troubled, *(r for r in rows if r.state in UNDER_WAY))
    lines = [Part(f"{row.name}: {row.get_state_display()}", f"{url}#branch-{row.pk}") for row in others]
    figure = f"{len(synced)} of {len(rows)}"
    seen, job = last_achieved("sync_mirrors"), "sync_mirrors"
    return Tile("Mirrors", url, figure, words, Area.MIRRORS, state, label, seen, lines[:4], job=job, place=40)
