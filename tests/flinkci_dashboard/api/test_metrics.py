"""What monitoring reads."""

from datetime import timedelta

import pytest
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from flinkci_dashboard.models import JobRun, Refusals
from sync.models import Mirror, MirrorBranch
from tests.machines import make_build

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bootstrapped")]


@pytest.fixture(autouse=True)
def guarded(settings):
    settings.METRICS_TOKEN = "watch me"


def read(client) -> dict[tuple, float]:
    answer = client.get("/metrics", headers={"authorization": "Bearer watch me"})
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.content.decode())
    return {(s.name, *sorted(s.labels.values())): s.value for family in families for s in family.samples}


def test_without_a_token_there_are_none_and_with_a_wrong_one_they_are_refused(client, settings):
    for header in ("", "Bearer ", "Bearer watch", "Basic watch me", "Bearer \udcff"):
        assert client.get("/metrics", headers={"authorization": header}).status_code == 401
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics", headers={"authorization": "Bearer "}).status_code == 404


def test_jobs_mirrors_and_builds_are_told(client):
    now = timezone.now()
    JobRun.objects.create(job="sync_mirrors", outcome="ok", started_at=now - timedelta(seconds=9), ended_at=now)
    JobRun.objects.create(job="sync_mirrors", outcome="failed", started_at=now - timedelta(seconds=4), ended_at=now)
    facts = {"source_sha": "a", "target_sha": "b", "state_since": now, "source_seen_at": now - timedelta(minutes=20)}
    MirrorBranch.objects.create(mirror=Mirror.objects.get(), name="master", state="behind", **facts)
    make_build(1, status="running", result="", finished_at=None)
    Refusals.objects.create(service="github", number=3, last_at=now)
    told = read(client)
    assert told["flinkci_job_last_outcome", "failed", "sync_mirrors"] == 1
    assert ("flinkci_job_last_outcome", "ok", "sync_mirrors") not in told
    assert told["flinkci_job_last_seconds", "sync_mirrors"] == pytest.approx(4)
    assert told["flinkci_mirror_lag_seconds", "master"] >= 1200
    assert told["flinkci_builds_unfinished", "azure", "running"] == 1
    assert told["flinkci_webhooks_refused_total", "github"] == 3
    assert told["flinkci_database_bytes",] > 100_000


def test_the_number_of_queries_does_not_grow(client, django_assert_max_num_queries):
    for number in range(30):
        make_build(number, branch=f"b{number}")
    with django_assert_max_num_queries(22):
        read(client)
