"""Pairs of builds of both services, and the budget of hosted runners, for programs."""

from datetime import datetime, timedelta

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Query, Router, Schema

from agents.migration.budget.limits import JOBS_AT_ONCE, MINUTES_5_DAYS, MINUTES_WEEK
from agents.migration.budget.usage import use
from agents.models import Build, Pair
from flinkci_dashboard.api.lists import Listing, Paging, Text, answers, listing

MOST_DAYS = 3650
router = Router()


class PairFilters(Schema):
    """What may be asked of pairs: their branch, and how many days old they are at the most."""

    branch: Text | None = None
    days: int | None = Field(None, ge=1, le=MOST_DAYS)


class SideOut(Schema):
    """A build of a pair; `seconds` is how long it ran."""

    id: int
    result: str | None
    seconds: float | None


class PairOut(Schema):
    """A commit of a branch, or of a pull request, that both services built."""

    branch: str | None
    pull: int | None
    sha: str
    azure: SideOut
    actions: SideOut
    agreement: str
    at: datetime
    in_fork: bool
    groups_agreed: int
    groups_differed: int
    groups_undecided: int


class BudgetOut(Schema):
    """Minutes of hosted jobs of all of the project's repositories, and the foundation's limits."""

    week_from: datetime
    minutes_week: float
    limit_week: int
    minutes_worst_5_days: float
    limit_5_days: int
    peak_jobs: int
    limit_jobs: int
    by_repository: dict[str, float]
    by_workflow: dict[str, float]


@router.get("/migration", response=answers(Listing[PairOut]))
def migration(request: HttpRequest, filters: Query[PairFilters], paging: Query[Paging]) -> dict[str, object]:
    """Return pairs, those that we saw last first."""
    rows = Pair.objects.select_related("azure", "actions")
    if filters.branch is not None:
        rows = rows.filter(branch=filters.branch)
    if filters.days is not None:
        rows = rows.filter(at__gt=timezone.now() - timedelta(days=filters.days))
    return listing(request, rows, paging, "pk", _pair)


@router.get("/budget", response=answers(BudgetOut))
def budget(request: HttpRequest) -> dict[str, object]:
    """Return what is used of hosted runners, up to now."""
    used = use(timezone.now())
    return {
        "week_from": used.week_from,
        "minutes_week": _minutes(used.minutes_week),
        "limit_week": MINUTES_WEEK,
        "minutes_worst_5_days": _minutes(used.minutes_worst),
        "limit_5_days": MINUTES_5_DAYS,
        "peak_jobs": used.peak_jobs,
        "limit_jobs": JOBS_AT_ONCE,
        "by_repository": {name: _minutes(amount) for name, amount in used.by_repository},
        "by_workflow": {name: _minutes(amount) for name, amount in used.by_workflow},
    }


def _pair(row: Pair) -> dict[str, object]:
    return {
        "branch": row.branch or None,
        "pull": row.pull_number or None,
        "sha": row.sha,
        "azure": _side(row.azure),
        "actions": _side(row.actions),
        "agreement": row.agreement,
        "at": row.at,
        "in_fork": row.in_fork,
        "groups_agreed": row.agreed,
        "groups_differed": row.differed,
        "groups_undecided": row.undecided,
    }


def _side(build: Build) -> dict[str, object]:
    return {"id": build.external_id, "result": build.result or None, "seconds": build.run_seconds}


def _minutes(amount: float) -> float:
    return round(amount, 2)
