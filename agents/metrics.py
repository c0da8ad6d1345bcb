"""What monitoring reads of builds, machines and the queue."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Count, Max, Min, Q
from prometheus_client.core import Metric

from agents.models import Agent, Build, Job, Waiting
from agents.models.builds import Status
from flinkci_dashboard.api.metrics import gauge

RECENTLY = timedelta(hours=1)


def families(now: datetime) -> Iterable[Metric]:
    """Return builds, agents and waiting jobs by what they are doing, and the waits of the last hour."""
    return (*_builds(now), *_machines(now))


def _builds(now: datetime) -> Iterable[Metric]:
    unfinished = gauge("builds_unfinished", "Builds that wait, run or are being cancelled.", "provider", "status")
    rows = Build.objects.filter(~Q(status=Status.FINISHED)).order_by().values_list("provider", "status")
    for provider, status, number in rows.annotate(Count("pk")):
        unfinished.add_metric([provider, status], number)
    ended = gauge("builds_ended_hour", "Builds that ended in the last hour.", "provider", "result")
    recent = Build.objects.filter(finished_at__gte=now - RECENTLY).order_by().values_list("provider", "result")
    for provider, result, number in recent.annotate(Count("pk")):
        ended.add_metric([provider, result], number)
    return unfinished, ended


def _machines(now: datetime) -> Iterable[Metric]:
    agents = gauge("agents", "Agents by host and state.", "host", "state")
    for host, state, number in Agent.objects.order_by().values_list("host", "state").annotate(Count("pk")):
        agents.add_metric([host, state], number)
    queue = gauge("queue_jobs", "Jobs that wait for an agent.", "pool")
    oldest = gauge("queue_oldest_seconds", "How long the first of them has waited.", "pool")
    waiting = Waiting.objects.order_by().values_list("pool__name").annotate(Count("pk"), Min("queued_at"))
    for pool, number, since in waiting:
        queue.add_metric([pool], number)
        oldest.add_metric([pool], (now - since).total_seconds())
    waits = gauge("job_wait_seconds_hour", "The longest wait for an agent in the last hour.", "host")
    started = Job.objects.filter(started_at__gte=now - RECENTLY).exclude(wait_seconds=None)
    for host, seconds in started.order_by().values_list("host").annotate(Max("wait_seconds")):
        waits.add_metric([host], seconds)
    return agents, queue, oldest, waits
