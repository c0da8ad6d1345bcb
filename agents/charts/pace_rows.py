"""Jobs of branches that have got slower, as rows: looked at anew once an hour, where builds have ended since."""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max
from django.urls import reverse

from agents.charts.pace import BEFORE, IDLE, LAST, slower
from agents.migration.authority import Decisions
from agents.models import Build, Job, SlowJob, Watermark
from agents.models.builds import Result
from flinkci_dashboard.alerts.findings import Finding, Severity
from flinkci_dashboard.models import Area
from flinkci_dashboard.models.writing import Changes
from flinkci_dashboard.web.durations import duration

RECENT = timedelta(days=30)  # builds that are looked at
MOST, SHOWN = 200, 15  # idle jobs
BUILDS = 120  # of each branch and service
ANEW = timedelta(hours=1)
Series = tuple[str, str, str]  # branch, service, job's key


def refresh_slow_jobs(now: datetime) -> int:
    """Judge the jobs of all branches anew; returns how many rows changed."""
    mark, _ = Watermark.objects.get_or_create(name="pace")
    ended = Build.objects.filter(scope=Build.Scope.BRANCH, finished_at__gt=now - RECENT)
    seen = str(ended.aggregate(at=Max("finished_at"))["at"])
    if mark.note == seen or (mark.at and timedelta(0) <= now - mark.at < ANEW):
        return 0
    changed = _write(_slow(now))
    mark.at, mark.note = now, seen
    mark.save(update_fields=["at", "note"])
    return changed


def slow_jobs() -> list[SlowJob]:
    """Return the jobs that have got slower, those first that lost the most."""
    return sorted(SlowJob.objects.all(), key=lambda row: row.usual_seconds - row.seconds)


def idle_jobs(now: datetime) -> list[Job]:
    """Return jobs whose log ended long after its last test result, the longest first: one each of a name.

    Logs are read of jobs that failed, and of the green ones of a build of each branch in six hours.
    """
    rows = Job.objects.filter(
        finished_at__gt=now - RECENT, idle_seconds__isnull=False, idle_seconds__gte=IDLE
    ).select_related("build")
    found: dict[str, Job] = {}
    for row in rows.order_by("-idle_seconds")[:MOST]:
        found.setdefault(row.name, row)
    return list(found.values())[:SHOWN]


def findings(decided: Decisions) -> list[Finding]:
    """Return what is to be known of them, where their service has a say: nothing that worries."""
    return [of_job(row) for row in slow_jobs() if decided.hears(row.branch, row.provider)]


def of_job(row: SlowJob) -> Finding:
    """Return that a job of a branch takes longer than it did."""
    lately, before = duration(row.seconds), duration(row.usual_seconds)
    text = f"{row.name} on {row.branch} has taken {lately} for {{time}}, {before} earlier"
    return Finding(
        "job_slower",
        f"{row.branch}: {row.name}",
        Severity.INFO,
        text,
        row.since,
        url=reverse("failures"),
        area=Area.BUILDS,
        ends_when="one of its last three runs is as fast as before",
        under=("worker",),
        tags=(f"branch:{row.branch}",),
    )


def _slow(now: datetime) -> dict[Series, dict[str, Any]]:
    builds = Build.objects.filter(scope=Build.Scope.BRANCH, queued_at__gt=now - RECENT).exclude(branch="")
    places = builds.order_by().values_list("branch", "provider").distinct()
    return {series: facts for place in sorted(places) for series, facts in _of_branch(now, *place).items()}


def _of_branch(now: datetime, branch: str, provider: str) -> dict[Series, dict[str, Any]]:
    builds = Build.objects.filter(scope=Build.Scope.BRANCH, branch=branch, provider=provider)
    recent = builds.filter(queued_at__gt=now - RECENT).order_by("-queued_at").values_list("pk", flat=True)[:BUILDS]
    rows = Job.objects.filter(build__in=list(recent), result=Result.SUCCEEDED, run_seconds__gt=0)
    lengths: dict[str, list[tuple[datetime, int, str]]] = defaultdict(list)
    for key, name, at, seconds in rows.values_list("key", "name", "finished_at", "run_seconds"):
        if at and seconds:
            lengths[key].append((at, seconds, name))
    return {(branch, provider, key): facts for key, runs in lengths.items() if (facts := _judge(sorted(runs)))}


def _judge(runs: list[tuple[datetime, int, str]]) -> dict[str, Any] | None:
    found = slower([seconds for _, seconds, _ in runs[-LAST - BEFORE :]])
    if found is None:
        return None
    at, _, name = runs[-LAST]
    return {"name": name, "usual_seconds": int(found.usual), "seconds": int(found.lately), "since": at}


def _write(wanted: dict[Series, dict[str, Any]]) -> int:
    rows = {(row.branch, row.provider, row.key): row for row in SlowJob.objects.all()}
    gone = [row.pk for series, row in rows.items() if series not in wanted]
    changes: Changes[SlowJob] = Changes()
    for series, facts in wanted.items():
        branch, provider, key = series
        changes.put(rows.get(series) or SlowJob(branch=branch, provider=provider, key=key), _kept(rows, series, facts))
    if gone:
        SlowJob.objects.filter(pk__in=gone).delete()
    return len(gone) + changes.write()


def _kept(rows: dict[Series, SlowJob], series: Series, facts: dict[str, Any]) -> dict[str, Any]:
    """Keep since when it is slow: the three last runs go on."""
    row = rows.get(series)
    return facts | ({"since": row.since} if row else {})
