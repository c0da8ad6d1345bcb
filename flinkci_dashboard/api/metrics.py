"""`/metrics`: what monitoring reads, in Prometheus' text form, from rows at the moment of the question.

Each app adds its own by a module `metrics` with `families(now)`. The registry is made anew for each answer, so that
web processes need not agree.
"""

import hmac
from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.db.models import Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from flinkci_dashboard.alerts.standing import standing
from flinkci_dashboard.clients.tally import CHARGED
from flinkci_dashboard.jobs.health import overdue
from flinkci_dashboard.jobs.history import of_each
from flinkci_dashboard.models import Channel, JobRun, JobSchedule, Notice, Refusals, Worker
from flinkci_dashboard.parts import parts

STATES = ("good", "warn", "bad")


@require_GET
@login_not_required
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer with all metrics; 404 unless METRICS_TOKEN is set, 401 without it."""
    if not settings.METRICS_TOKEN:
        raise Http404
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    known = hmac.compare_digest(token.encode(errors="replace"), settings.METRICS_TOKEN.encode())
    if kind.lower() != "bearer" or not known:
        return HttpResponse("Authorization: Bearer METRICS_TOKEN is needed.\n", status=401, content_type="text/plain")
    registry = CollectorRegistry()
    registry.register(Rows(timezone.now()))
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)


class Rows(Collector):
    """What the rows say at one moment."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def collect(self) -> Iterable[Metric]:
        """Return the families of the ground and of all apps."""
        yield from _standing(self.now)
        yield from _jobs(self.now)
        yield from _channels()
        yield from _plant(self.now)
        for part in parts("metrics"):
            yield from part.families(self.now)


def gauge(name: str, text: str, *labels: str) -> GaugeMetricFamily:
    """Return an empty family; add a value with `add_metric([label, …], value)`."""
    return GaugeMetricFamily(f"flinkci_{name}", text, labels=labels)


def counter(name: str, text: str, *labels: str) -> CounterMetricFamily:
    """Return an empty family of what only grows; `_total` is added to its name."""
    return CounterMetricFamily(f"flinkci_{name}", text, labels=labels)


def _jobs(now: datetime) -> Iterable[Metric]:
    outcome = gauge("job_last_outcome", "1 for how the job's last pass ended.", "job", "outcome")
    took = gauge("job_last_seconds", "How long the job's last pass took.", "job")
    age = gauge("job_age_seconds", "How long ago the job's last pass ended.", "job")
    late = gauge("job_late", "1 when the job is overdue by three intervals.", "job")
    missed, asked = overdue(now), Counter[str]()
    newest = of_each().filter(ended_at__isnull=False).values("pk")[:1]
    schedules = list(JobSchedule.objects.annotate(run=Subquery(newest)).values_list("job", "enabled", "run"))
    for run in JobRun.objects.filter(pk__in=[pk for *_, pk in schedules if pk]).defer("error"):
        outcome.add_metric([run.job, run.outcome], 1)
        took.add_metric([run.job], run.seconds)
        age.add_metric([run.job], (now - (run.ended_at or now)).total_seconds())
        asked.update(run.asked_in_all)
    for job, enabled, _ in schedules:
        if enabled:
            late.add_metric([job], job in missed)
    return outcome, took, age, late, *_requests(asked)


def _requests(asked: Counter[str]) -> Iterable[Metric]:
    requests = counter("requests", "How often passes of the jobs have asked a service.", "service")
    charged = counter("github_requests_charged", "Requests of these that counted against GitHub's hourly limit.")
    charged.add_metric([], asked.pop(CHARGED, 0))
    for service, number in sorted(asked.items()):
        requests.add_metric([service], number)
    return requests, charged


def _standing(now: datetime) -> Iterable[Metric]:
    found = standing(now)
    state = gauge("state", "How it all stands: 0 good, 1 worth a look, 2 failing.")
    state.add_metric([], STATES.index(found.state))
    findings = gauge("findings", "What is wrong, what a cause explains left out.", "severity", "rule")
    numbers = Counter((line.finding.severity.value, line.finding.rule) for line in found.lines)
    for labels, number in sorted(numbers.items()):
        findings.add_metric(labels, number)
    return state, findings


def _channels() -> Iterable[Metric]:
    failed = counter("channel_failures", "Messages that a channel has not taken, each try of them.", "channel")
    for name, failures in Channel.objects.filter(member=None).values_list("name", "failures"):
        failed.add_metric([name], failures)
    waiting = gauge("messages_waiting", "Messages that no place has taken yet.")
    waiting.add_metric([], Notice.objects.filter(state=Notice.State.WAITING).count())
    return failed, waiting


def _plant(now: datetime) -> Iterable[Metric]:
    worker = gauge("worker_silent_seconds", "How long ago a worker's host last reported.", "host")
    for host, seen_at in Worker.objects.values_list("host", "seen_at"):
        worker.add_metric([host], (now - seen_at).total_seconds())
    size = gauge("database_bytes", "The size of the database.")
    size.add_metric([], _database_size())
    refused = counter("webhooks_refused", "Deliveries with a wrong signature or password.", "service")
    for service, number in Refusals.objects.values_list("service", "number"):
        refused.add_metric([service], number)
    return worker, size, refused


def _database_size() -> int:
    if connection.vendor == "postgresql":
        question = "SELECT pg_database_size(current_database())"
    else:
        question = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
    with connection.cursor() as cursor:
        cursor.execute(question)
        return cursor.fetchone()[0]
