"""The public status page: is CI's plumbing in order? No person, no machine, no plan."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db.models import Subquery
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from flinkci_dashboard.alerts.standing import standing
from flinkci_dashboard.jobs.history import of_each
from flinkci_dashboard.jobs.table import JOBS
from flinkci_dashboard.models import JobSchedule
from flinkci_dashboard.parts import parts
from flinkci_dashboard.web.exports import file_of
from flinkci_dashboard.web.tables import Table, own


@dataclass(frozen=True)
class PublicLine:
    """One thing on the public page: no person, no machine."""

    name: str
    state: str
    label: str
    since: datetime


@dataclass(frozen=True)
class PublicSection:
    """What an app's `public.sections()` returns."""

    title: str
    lines: list[PublicLine]


HIDDEN = {"probe_credentials", "check_exposure"}  # nobody else's business
HOUSEKEEPING = "prune"  # how the names of jobs begin that tidy up
BRANCHES = Table(
    "branches",
    (
        own("branch", "Branch", lambda pair: pair[1].name),
        own("mirror", "Mirror", lambda pair: pair[0].title),
        own("state", "State", lambda pair: pair[1].state),
        own("since", "Since", lambda pair: pair[1].since, falling=True),
    ),
    per_page=500,
)
WORK = Table(
    "background-work",
    (
        own("what", "What", lambda job: job["title"]),
        own("last_pass", "Last pass", lambda job: job["outcome"]),
        own("ended", "Ended", lambda job: job["ended"], falling=True),
    ),
    per_page=100,
)


@login_not_required
@require_safe
@cache_control(max_age=30, private=True)  # the frame names whoever is signed in
def status(request: HttpRequest) -> HttpResponseBase:
    """Say for each mirror and each job whether it keeps up; 404 unless PUBLIC_STATUS is set."""
    if not settings.PUBLIC_STATUS:
        raise Http404
    pairs = [(each, line) for part in parts("public") for each in part.sections() for line in each.lines]
    now = timezone.now()
    lists = {"branches": BRANCHES.of(request, pairs), "work": WORK.of(request, _jobs(), "work-")}
    return file_of(request, lists) or render(request, "status.html", lists | {"now": now, "standing": standing(now)})


def _jobs() -> list[dict[str, object]]:
    latest = of_each().exclude(ended_at=None)
    rows = JobSchedule.objects.annotate(
        ended=Subquery(latest.values("ended_at")[:1]), outcome=Subquery(latest.values("outcome")[:1])
    )
    return [
        {"title": JOBS[row.job].title, "ended": row.ended, "outcome": row.outcome or "none yet"}
        for row in rows
        if row.job in JOBS and row.job not in HIDDEN and not row.job.startswith(HOUSEKEEPING)
    ]
