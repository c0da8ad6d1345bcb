"""Old records make way, so that the database grows with what happens and not with time."""

from datetime import timedelta
from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db.models import Max, QuerySet
from django_q.models import Task

from flinkci_dashboard.jobs.ledger import forget
from flinkci_dashboard.jobs.run import Pass
from flinkci_dashboard.models import Delivery, JobRequest, JobRun, RunLog

KEEP_IDLE_RUNS = timedelta(days=2)  # passes that found all in order
KEEP_RUNS = timedelta(days=90)
KEEP_LOGS = timedelta(days=30)
KEEP_REQUESTS = timedelta(days=90)
KEEP_DELIVERIES = timedelta(days=30)  # of webhooks; a service sends one again within days, if at all
KEEP_ACTS = timedelta(days=180)
PART = 500  # rows that are deleted together


def delete_in_parts(rows: QuerySet[Any]) -> int:
    """Delete rows, however many, without holding all of them; returns how many, what hangs on them included."""
    deleted = 0
    while keys := list(rows.order_by("pk").values_list("pk", flat=True)[:PART]):
        deleted += rows.model._default_manager.filter(pk__in=keys).delete()[0]
    return deleted


def prune(current: Pass) -> None:
    """Delete runs, logs, requests, acts, sessions and task results past their time, but for each job's latest run."""
    newest = JobRun.objects.order_by().values("job").annotate(latest=Max("pk")).values("latest")
    ended = JobRun.objects.exclude(pk__in=newest).exclude(ended_at=None)
    idle = ended.filter(outcome=JobRun.Outcome.OK, counts={}, ended_at__lt=current.now - KEEP_IDLE_RUNS)
    for rows, what in (
        (idle, "idle_runs"),
        (ended.filter(ended_at__lt=current.now - KEEP_RUNS), "runs"),
        (RunLog.objects.filter(run__ended_at__lt=current.now - KEEP_LOGS), "logs"),
        (JobRequest.objects.filter(settled_at__lt=current.now - KEEP_REQUESTS), "requests"),
        (Delivery.objects.filter(received_at__lt=current.now - KEEP_DELIVERIES), "deliveries"),
        (Session.objects.filter(expire_date__lt=current.now), "sessions"),
        (UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")), "session_notes"),
        (Task.objects.filter(stopped__lt=current.now - KEEP_IDLE_RUNS), "tasks"),
    ):
        if deleted := delete_in_parts(rows):
            current.count(f"{what}_deleted", deleted)
    if forgotten := forget(current.now - KEEP_ACTS):
        current.count("acts_deleted", forgotten)
