"""How fresh the pages are: what changes with every pass of the polls, and when Azure was last read."""

from datetime import datetime

from django.db.models import Max
from django.http import HttpRequest

from flinkci_dashboard.models import JobRun

POLLS = ("poll_builds", "poll_agents")


def latest_polls(request: HttpRequest) -> object:
    """Return what changes whenever a pass of a poll ends with something new, and at the latest with every pass."""
    return JobRun.objects.filter(job__in=POLLS).exclude(ended_at=None).order_by().aggregate(latest=Max("ended_at"))


def polled_at(job: str) -> datetime | None:
    """Return when a pass last read all that it should."""
    done = JobRun.objects.filter(job=job, outcome=JobRun.Outcome.OK).order_by()
    return done.aggregate(latest=Max("started_at"))["latest"]
