"""Is the system fit to work? The answer behind /readyz and the overview's worker tile."""

from datetime import datetime, timedelta

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Max

from flinkci_dashboard.jobs.table import JOBS
from flinkci_dashboard.models import JobRun, JobSchedule, Worker

WORKER_SILENT = timedelta(seconds=60)  # six missed heartbeats
OVERDUE = timedelta(minutes=2)  # beyond three intervals


def problems(now: datetime) -> dict[str, str]:
    """Return what is wrong, by part ("database", "migrations", "workers"), for anybody: no job is named."""
    try:
        if pending := pending_migrations():
            return {"migrations": f"{pending} not applied: run manage.py migrate"}
        found = worker_problem(now, named=False)
    except DatabaseError as error:
        return {"database": f"does not answer ({type(error).__name__})"}
    return {"workers": found} if found else {}


def worker_problem(now: datetime, named: bool = True) -> str:
    """Return why background work is not being done, with the titles of late jobs if `named`; "" when it is."""
    seen = list(Worker.objects.values_list("seen_at", flat=True))
    if not seen:
        return "no worker has ever reported: start manage.py qcluster"
    if not any(
        abs(now - at) <= WORKER_SILENT for at in seen
    ):  # a time in the future was told by a clock set back since
        past = [at for at in seen if at <= now]
        since = f" since {max(past):%Y-%m-%d %H:%M:%S} UTC" if past else ""
        return f"no worker has reported{since}: start manage.py qcluster"
    if late := overdue(now):
        titles = f": {', '.join(JOBS[name].title for name in late)}" if named else ""
        return f"workers are up, but jobs are overdue{titles}"
    return ""


def overdue(now: datetime) -> list[str]:
    """Return the enabled jobs that neither run nor ended a pass within three intervals and two minutes.

    What lies in the future does not count: the clock has been set back since.
    """
    started = Worker.objects.filter(started_at__lte=now).aggregate(at=Max("started_at"))["at"] or now
    runs = JobRun.objects.filter(job__in=JOBS, started_at__lte=now)
    last = dict(runs.values_list("job").annotate(at=Max("started_at")))
    return [
        schedule.job
        for schedule in JobSchedule.objects.filter(enabled=True, job__in=JOBS)
        if now - max(last.get(schedule.job, started), started) > 3 * timedelta(seconds=schedule.interval) + OVERDUE
        and not JobRun.objects.filter(job=schedule.job, outcome=JobRun.Outcome.RUNNING).exists()
    ]


def pending_migrations() -> int:
    """Return how many migrations have not been applied."""
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
