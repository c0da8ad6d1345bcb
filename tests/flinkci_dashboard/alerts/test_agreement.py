"""Whoever says how it all stands says the same: pages, tab, badge, API, metrics, status."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from flinkci_dashboard.alerts.standing import standing
from flinkci_dashboard.models import Area, JobRun, JobSchedule, RuleSetting, Worker
from tests.findings import at_work, make_finding, stand
from tests.machines import make_build

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bootstrapped")]
BRANCH = {"area": Area.BUILDS, "tags": ("branch:master",)}
RED = make_finding("master", rule="branch_red", under=("worker", "job:poll_builds"), **BRANCH)
SLOW = make_finding("master", "warn", rule="branch_red", under=("worker",), **BRANCH)
NOTED = make_finding("master", "info", **BRANCH)
ICONS = {"icon": "good", "icon-warn": "warn", "icon-bad": "bad"}
MARKS = {"": "good", "! ": "warn", "✕ ": "bad"}
TONES = {"failed": "bad", "partial": "warn"}
BADGES = {"passing": "good", "worth a look": "warn", "failing": "bad", "not known": "unknown"}


@pytest.fixture(autouse=True)
def open_to_all(settings):
    settings.PUBLIC_STATUS, settings.METRICS_TOKEN = True, "watch me"
    make_build(branch="master")
    JobSchedule.objects.exclude(job="send_alerts").update(enabled=False)  # nobody runs the others here


def said(member: Client) -> dict[str, str]:
    """Return what each place says of the whole."""
    home, page = (member.get(path).content.decode() for path in ("/", "/mirrors/"))
    metrics = member.get("/metrics", headers={"authorization": "Bearer watch me"}).content.decode()
    return {
        "verdict": re.search(r'class="verdict \w+" data-state="(\w+)"', home)[1],
        "banner": re.search(r'data-state="(\w+)"', page)[1],
        "banner, kept true": re.search(r'data-state="(\w+)"', member.get("/alerts/banner/").content.decode())[1],
        "title": MARKS[re.search(r"<title>([!✕] )?", page)[1] or ""],
        "icon": ICONS[re.search(r'rel="icon" href="[^"]*/([\w-]+)\.svg"', page)[1]],
        "alerts": re.search(r'class="verdict \w+" data-state="(\w+)"|\Z', member.get("/alerts/").content.decode())[1],
        "status": re.search(r'data-state="(\w+)"', Client().get("/status/").content.decode())[1],
        "api": member.get("/api/v1/status").json()["state"],
        "metrics": ("good", "warn", "bad")[int(float(re.search(r"^flinkci_state (\S+)", metrics, re.MULTILINE)[1]))],
    }


def of_builds(member: Client) -> dict[str, str]:
    """Return what each place says of master, and of what builds are about."""
    tiles = {each["name"]: each["state"] for each in member.get("/api/v1/status").json()["tiles"]}
    badge = Client().get("/badges/master.svg").content.decode()
    return {
        "badge": BADGES[re.search('aria-label="master: ([^"]+)"', badge)[1]],
        "tile": {"muted": "good"}.get(tiles["Release branches"], tiles["Release branches"]),
    }


@pytest.mark.parametrize(("findings", "state"), [([], "good"), ([NOTED], "good"), ([SLOW], "warn"), ([RED], "bad")])
def test_all_say_the_same(member, findings, state):
    at_work()
    stand(*findings)
    assert set(said(member).values()) - {None} == {state}
    assert set(of_builds(member).values()) == {state}
    assert Client().get("/readyz").status_code == 200


@pytest.mark.parametrize(("silent", "state"), [(90, "warn"), (3600, "bad")])
def test_while_the_worker_is_silent_all_say_so_though_nobody_writes_a_row(member, silent, state):
    at_work()
    stand(RED)
    Worker.objects.update(seen_at=timezone.now() - timedelta(seconds=silent))
    assert set(said(member).values()) - {None} == {state}
    assert of_builds(member)["badge"] == "unknown"
    assert Client().get("/readyz").status_code == 503
    assert "the worker has been silent" in member.get("/api/v1/status").json()["sentence"]
    (line,) = standing(timezone.now()).lines
    assert [each.finding.subject for each in line.folded] == ["master"]


def test_an_admin_sets_how_long_a_worker_may_be_silent_and_all_go_by_it(member, admin):
    at_work()
    stand(SLOW)
    page = reverse("admin:flinkci_dashboard_rulesetting_change", args=[RuleSetting.objects.get(rule="worker").pk])
    answer = admin.post(page, {"enabled": "on", "limit": "120", "second": "130"})
    assert answer.status_code == 302
    for silent, state in ((90, "warn"), (125, "warn"), (140, "bad")):
        Worker.objects.update(seen_at=timezone.now() - timedelta(seconds=silent))
        assert set(said(member).values()) - {None} == {state}
        assert (of_builds(member)["badge"] == "unknown") is (silent > 120)
        assert Client().get("/readyz").status_code == (503 if silent > 120 else 200)


@pytest.mark.parametrize(
    ("rule", "entered"),
    [
        ("worker", {"enabled": ""}),
        ("worker", {"limit": "5"}),
        ("worker", {"limit": "400"}),  # amber later than red
        ("worker", {"second": "nan"}),
        ("disk", {"limit": "120"}),
        ("disk", {"second": "20"}),
        ("mirror_lag", {"limit": "-1"}),
        ("mirror_lag", {"second": "5"}),
        ("token_scope", {"limit": "5"}),
        ("machine_bad", {"limit": "0.5"}),
    ],
)
def test_a_limit_that_can_not_be_meant_is_refused(admin, rule, entered):
    row = RuleSetting.objects.get(rule=rule)
    page = reverse("admin:flinkci_dashboard_rulesetting_change", args=[row.pk])
    answer = admin.post(page, {"enabled": "on"} | entered)
    assert answer.status_code == 200 and answer.context["adminform"].errors
    assert RuleSetting.objects.filter(pk=row.pk, enabled=True, limit=None, second=None).exists()


def test_where_the_alerts_alone_do_not_run_all_say_so(member):
    at_work()
    stand()
    now = timezone.now()
    Worker.objects.update(started_at=now - timedelta(hours=2))
    JobRun.objects.update(started_at=now - timedelta(hours=1), ended_at=now - timedelta(hours=1))
    assert set(said(member).values()) - {None} == {"bad"}
    assert Client().get("/readyz").status_code == 503


def test_it_costs_one_query():
    at_work()
    stand(*(make_finding(f"{number}", rule="branch_red", **BRANCH) for number in range(50)))
    with CaptureQueriesContext(connection) as asked:
        assert len(standing(timezone.now()).lines) == 50
    assert len(asked) == 1
