"""What monitoring reads."""

import json
import re
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from flinkci_dashboard.models import Channel, JobRun, Refusals
from sync.models import Mirror, MirrorBranch
from tests.findings import at_work, make_finding, stand
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


def test_what_is_wrong_and_what_was_asked_is_told(client):
    at_work()
    stand(make_finding("a", rule="branch_red"), make_finding("b", rule="branch_red"), make_finding("c", "warn"))
    now = timezone.now()
    for job, asked in (("sync_pulls", {"github": 3, "github, charged": 1}), ("label_pulls", {"github": 2, "jira": 4})):
        facts = {"asked": asked, "asked_before": {"github": 10}}
        JobRun.objects.create(job=job, outcome="ok", started_at=now, ended_at=now, **facts)
    Channel.objects.create(name="ops", service="json", failures=5)
    told = read(client)
    assert told["flinkci_state",] == 2
    assert (told["flinkci_findings", "bad", "branch_red"], told["flinkci_findings", "warn", "x"]) == (2, 1)
    assert (told["flinkci_requests_total", "github"], told["flinkci_requests_total", "jira"]) == (25, 4)
    assert told["flinkci_github_requests_charged_total",] == 1
    assert told["flinkci_channel_failures_total", "ops"] == 5


DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize("name", ["metrics.md", "alert-rules.yml", "grafana-board.json"])
def test_what_the_docs_name_is_told(client, name):
    text = client.get("/metrics", headers={"authorization": "Bearer watch me"}).content.decode()
    known = set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))
    named = set(re.findall(r"\bflinkci_\w+", (DOCS / name).read_text()))
    assert named <= known
    if name == "metrics.md":
        assert named == known


def test_the_board_can_be_imported():
    board = json.loads((DOCS / "grafana-board.json").read_text())
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"]) > 10
    assert all(target["expr"] for panel in board["panels"] for target in panel["targets"])


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_prometheus_takes_the_rules_and_what_the_board_asks(client, tmp_path):
    board = json.loads((DOCS / "grafana-board.json").read_text())
    asked = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    asked = [expr.replace("$__rate_interval", "5m").replace("$__interval", "5m") for expr in asked]
    rules = [{"record": f"board:{place}", "expr": expr} for place, expr in enumerate(asked)]
    (tmp_path / "board.yml").write_text(json.dumps({"groups": [{"name": "board", "rules": rules}]}))
    files = [str(DOCS / "alert-rules.yml"), str(tmp_path / "board.yml")]
    check = ["promtool", "check"]
    subprocess.run([*check, "rules", *files], check=True, timeout=60, capture_output=True)
    text = client.get("/metrics", headers={"authorization": "Bearer watch me"}).content
    subprocess.run([*check, "metrics"], input=text, check=True, timeout=60, capture_output=True)


def test_the_number_of_queries_does_not_grow(client, django_assert_max_num_queries):
    for number in range(30):
        make_build(number, branch=f"b{number}")
    with django_assert_max_num_queries(24):
        read(client)
