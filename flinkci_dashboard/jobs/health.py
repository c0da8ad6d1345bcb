"""Is the system fit to work? The answer behind /readyz and the overview's worker tile."""

from datetime import datetime

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from flinkci_dashboard.jobs.alerts import silent_jobs, silent_worker
from flinkci_dashboard.jobs.table import JOBS


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
    """Return why background work is not being done, with the titles of late jobs if `named`; "" when it is.

    The same rules say it that make the findings (`jobs.alerts`).
    """
    if silent := silent_worker(now):
        since = f" since {silent.since:%Y-%m-%d %H:%M:%S} UTC" if silent.since else ""
        ever = "" if silent.cause_of else " ever"
        return f"no worker has{ever} reported{since}: start manage.py qcluster"
    if late := overdue(now):
        titles = f": {', '.join(JOBS[name].title for name in late)}" if named else ""
        return f"workers are up, but jobs are overdue{titles}"
    return ""


def overdue(now: datetime) -> list[str]:
    """Return the enabled jobs that neither run nor ended a pass for some intervals, as the rule has it."""
    return [finding.subject for finding in silent_jobs(now)]


def pending_migrations() -> int:
    """Return how many migrations have not been applied."""
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
