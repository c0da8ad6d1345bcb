"""Which CI services do not tell their builds, and since when."""

from datetime import datetime, timedelta

from django.urls import reverse

from agents.models import Watermark
from agents.models.builds import Provider
from flinkci_dashboard.alerts.findings import Finding, Severity
from flinkci_dashboard.models import Area, JobRun

# What nothing can be known without, of a service's builds. GitHub Actions is read with GitHub's token.
NEEDS = {
    Provider.AZURE.value: ("worker", f"service:{Provider.AZURE}", f"token:{Provider.AZURE}"),
    Provider.ACTIONS.value: ("worker", "service:actions", "service:github", "token:github"),
}
EXPLAINED_BY = {Provider.ACTIONS.value: ("host:github", "token:github")}  # that a service does not answer
READERS = {Provider.ACTIONS.value: ("poll_actions",)}  # the jobs that read a service's builds
OTHERS = ("poll_builds", "sync_pulls")


def silent_services(now: datetime, patience: timedelta) -> list[Finding | None]:
    """Judge each service by what stood in the way of the last reading, and since when."""
    marks = Watermark.objects.filter(name__startswith="builds:").exclude(note="")
    return [service(mark, _since(mark.name.partition(":")[2]), now, patience) for mark in marks]


def service(mark: Watermark, since: datetime | None, now: datetime, patience: timedelta) -> Finding | None:
    """Judge whether a CI service tells its builds: what stood in the way of the last reading, and since when."""
    if not mark.note or since is None or now - since < patience:
        return None
    provider = mark.name.partition(":")[2]
    name = dict(Provider.choices).get(provider, provider)
    return Finding(
        "service_ci",
        str(name),
        Severity.BAD,
        f"{name} has not told its builds for {{time}}: {mark.note}",
        since,
        url=reverse("builds"),
        area=Area.BUILDS,
        ends_when="a pass reads its builds",
        cause_of=(f"service:{provider}",),
        under=("worker", *EXPLAINED_BY.get(provider, (f"token:{provider}",))),
    )


def _since(provider: str) -> datetime | None:
    """Return when the first pass after the last good one began."""
    runs = JobRun.objects.filter(job__in=READERS.get(provider, OTHERS))
    good = runs.filter(outcome=JobRun.Outcome.OK).first()
    bad = (runs.filter(pk__gt=good.pk) if good else runs).exclude(outcome=JobRun.Outcome.OK).order_by("pk").first()
    return bad.started_at if bad else None
