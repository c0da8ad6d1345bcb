"""Passes sooner than the schedule says, because a service told that something happened."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Case, Subquery, Value, When

from flinkci_dashboard.models import JobRun, JobSchedule


def hurry(names: Iterable[str], now: datetime) -> list[str]:
    """Make jobs due now and return their names; disabled ones stay as they are. Many calls in a second: one pass."""
    rows = JobSchedule.objects.filter(job__in=list(names), enabled=True)
    hurried = sorted(rows.values_list("job", flat=True))
    if hurried:
        soon = Case(When(next_run_at__gt=now, then=Value(now)), default="next_run_at")
        rows.update(next_run_at=soon, hurried_at=now)
    return hurried


def hurried_since(name: str) -> bool:
    """Tell whether a pass that is under way began before the job was last hurried: it may have looked already."""
    under_way = JobRun.objects.filter(job=name, outcome=JobRun.Outcome.RUNNING).values("started_at")[:1]
    return JobSchedule.objects.filter(job=name, hurried_at__gt=Subquery(under_way)).exists()
