"""Pages about the jobs: all of them, the passes of one, and the button that asks for one."""

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet, Subquery
from django.db.models.functions import Length, Right
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from flinkci_dashboard import jobs
from flinkci_dashboard.accounts import audit
from flinkci_dashboard.accounts.roles import OPERATE, needs, signed_in
from flinkci_dashboard.jobs import health
from flinkci_dashboard.jobs import history as passes
from flinkci_dashboard.jobs.asked import promise
from flinkci_dashboard.jobs.lists import ASKED, JOB_LIST, RUNS
from flinkci_dashboard.jobs.table import JOBS
from flinkci_dashboard.models import JobRequest, JobRun, JobSchedule, RunLog, Worker
from flinkci_dashboard.web.durations import duration
from flinkci_dashboard.web.live import Context, live, rights
from flinkci_dashboard.web.words import tallied

LATEST = 200  # characters at a log's end: what changes when it grows
CLOCK_NEWS = timedelta(days=7)  # that a step of a worker's clock is told


def latest_runs(request: HttpRequest) -> object:
    """Return what changes whenever any job starts, moves on or ends."""
    return list(_latest_runs().values_list("pk", "outcome", "progress", "ended_at"))


@require_GET
@live("jobs/jobs.html", "jobs/_jobs.html", version=latest_runs, reader=rights)
def job_list(request: HttpRequest) -> Context:
    """Show every job: when it runs, how its last pass ended, and what was asked of it."""
    now = timezone.now()
    late = health.overdue(now)
    schedules = {each.job: each for each in JobSchedule.objects.all()}
    rows = [_row(schedules[name], late) for name in JOBS if name in schedules]
    moved = [
        f"The clock of {worker.host} was set {'back' if worker.clock_moved_by < 0 else 'forward'}"
        f" by {duration(abs(worker.clock_moved_by))} at {worker.clock_moved_at:%Y-%m-%d %H:%M} UTC, as it was then."
        for worker in Worker.objects.filter(clock_moved_at__gt=now - CLOCK_NEWS)
    ]
    return {
        "table": JOB_LIST.of(request, rows),
        "moved": moved,
        "asked": ASKED.of(request, JobRequest.objects.select_related("requested_by"), "asked-"),
    }


def _row(schedule: JobSchedule, late: list[str]) -> dict[str, Any]:
    runs = passes.recent(schedule.job)
    newest = runs[0] if runs else None
    job, overdue = JOBS[schedule.job], schedule.job in late
    state, did = (newest.outcome, _did(newest)) if newest else ("never run", "")
    told = {"job": job, "schedule": schedule, "run": newest, "overdue": overdue, "bars": passes.bars(runs)}
    return told | {"state": state, "did": did}


def _did(run: JobRun) -> str:
    """Say what a pass is doing, or did."""
    phase, percent = run.progress.get("phase"), run.progress.get("percent")
    if phase:
        return phase if percent is None else f"{phase} {percent} %"
    return ", ".join(tallied(name, number) for name, number in run.counts.items() if number)


def _pace(schedule: JobSchedule | None) -> str:
    """Say how often a job runs, after its name."""
    if schedule is None:
        return ""
    return f", every {duration(schedule.interval)}" if schedule.enabled else ", disabled"


def _latest_runs() -> QuerySet[JobRun]:
    """Return each job's own latest pass: a long one is not the latest of all when it moves on or ends."""
    newest = passes.of_each().values("pk")[:1]
    return JobRun.objects.filter(pk__in=JobSchedule.objects.order_by().values_list(Subquery(newest)))


@require_GET
@live("jobs/job.html", "jobs/_job.html", version=latest_runs, reader=rights)
def job_runs(request: HttpRequest, job: str) -> Context:
    """Show one job's passes, newest first; those that found all in order only when asked for."""
    if job not in JOBS:
        raise Http404(f"There is no job named {job}.")
    runs = JobRun.objects.filter(job=job)
    shown = request.GET.get("show", "busy")
    if shown == "failed":
        runs = runs.filter(outcome__in=(JobRun.Outcome.FAILED, JobRun.Outcome.PARTIAL))
    elif shown != "all":
        runs = passes.busy(runs)
    schedule = JobSchedule.objects.filter(job=job).first()
    tabs = (("busy", "Did something"), ("failed", "Failed"), ("all", "All"))
    last = passes.recent(job)
    known = {"job": JOBS[job], "schedule": schedule, "pace": _pace(schedule), "newest": last[0] if last else None}
    return known | {"bars": passes.bars(last), "table": RUNS.of(request, runs), "shown": shown, "tabs": tabs}


def this_run(request: HttpRequest) -> object:
    """Return what changes when the pass of a page moves on, logs something or ends."""
    match = request.resolver_match
    runs = JobRun.objects.filter(pk=match.kwargs["run"] if match else 0)
    return list(runs.values_list("progress", "ended_at", Length("log__text"), Right("log__text", LATEST)))


@require_GET
@live("jobs/run.html", "jobs/_one_run.html", version=this_run, reader=rights)
def one_run(request: HttpRequest, run: int) -> Context:
    """Show one pass: how it ended, what it did, whom it asked how often, and what it logged."""
    row = get_object_or_404(JobRun, pk=run)
    later = JobRun.objects.filter(job=row.job, pk__gt=row.pk).order_by("pk").first()
    return {
        "run": row,
        "job": JOBS.get(row.job),
        "log": RunLog.objects.filter(run=row).values_list("text", flat=True).first(),
        "before": JobRun.objects.filter(job=row.job, pk__lt=row.pk).first(),
        "after": later,
    }


@require_POST
@needs(OPERATE)
def run_job(request: HttpRequest, job: str) -> HttpResponse:
    """Ask for a pass of a job now."""
    if job not in JOBS:
        raise Http404(f"There is no job named {job}.")
    audit.record(request, "run job", job)
    jobs.request(job, signed_in(request))
    promise(request, job, f"{JOBS[job].title}: a pass was asked for", "it starts within seconds")
    return HttpResponseRedirect(reverse("job", args=[job]))
