"""Every page, in light and dark, with something of everything on it: judged by axe-core (WCAG 2.2 A and AA)."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from agents.models import Pool, Test, TestFailure
from flinkci_dashboard.models import Action, JobRequest, JobRun, Worker
from labeler.models import JiraContact, LabelChange, LabelState, Ticket
from sync.models import Mirror, MirrorBranch, PullRequest
from tests.machines import make_agent, make_build, make_job

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
AXE = (Path(__file__).parent / "vendor/axe-core-4.14.1/axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
JUDGE = "rules => axe.run({runOnly: rules, resultTypes: ['violations']}).then(found => found.violations)"
WIDTHS = (375, 768, 881, 1100)  # a phone, a tablet, where tables begin to be tables, a small window
PATHS = (
    "/",
    "/mirrors/",
    "/jobs/",
    "/jobs/sync_mirrors/",
    "/builds/",
    "/builds/azure/79300/",
    "/branches/",
    "/agents/",
    "/agents/7/",
    "/agents/charts/",
    "/pulls/",
    "/pulls/1/",
    "/pulls/orphans/",
    "/labels/",
    "/labels/?tab=changes",
    "/labels/?tab=todo",
    "/labels/?tab=drift",
    "/labels/?tab=unknown",
    "/contacts/",
    "/credentials/",
    "/activity/",
    "/status/",
    "/nowhere/",
    "/accounts/2fa/",
)


@pytest.fixture
def busy(bootstrapped) -> None:
    """Put rows of every state on the pages."""
    now = timezone.now()
    Worker.objects.create(host="one", pid=1, started_at=now, seen_at=now)
    Mirror.objects.update(target_problem="It does not answer.", target_problem_since=now)
    for number, state in enumerate(MirrorBranch.State.values):
        MirrorBranch.objects.create(
            mirror=Mirror.objects.get(),
            name=f"release-1.{number}",
            state=state,
            source_sha="a" * 40,
            target_sha="b" * 40,
            subject="[FLINK-1] A subject",
            author="Ada",
            committed_at=now,
            source_seen_at=now - timedelta(minutes=5),
            commits_behind=3,
        )
    for outcome in ("ok", "partial", "failed"):
        JobRun.objects.create(job="sync_mirrors", outcome=outcome, counts={"branches_pushed": 1}, ended_at=now)
    JobRun.objects.create(job="sync_mirrors", progress={"phase": "Receiving", "percent": 40, "megabytes": 1.5})
    JobRequest.objects.create(job="prune")
    Action.objects.create(key="k", job="sync_mirrors", kind="push", subject="master", state="planned")
    put_labels(now)
    put_builds(now)


def put_builds(now: datetime) -> None:
    """Put builds on the pages, with long names, failures and the machine that they ran on."""
    pool = Pool.objects.create(external_id=1, name="Default", host="alibaba", hosted=False, seen_at=now)
    agent = make_agent(pool, "AlibabaCI007-agent02", pk=7)
    build = make_build(
        result="failed", repository="flink-ci/flink-mirror", message="[FLINK-1][table] " + "A subject " * 9
    )
    make_build(79301, branch=f"ci_1_{'a' * 40}", scope="pull", pull_number=1, status="running", finished_at=None)
    for name in ("test_cron_adaptive_scheduler connect", "e2e_2_cron_hadoop313"):
        told = {"issues": [{"error": True, "message": "The process failed. " * 9}], "errors": 1}
        job = make_job(build, name, result="failed", agent=agent, **told)
    test = Test.objects.create(name="org.apache.flink.yarn.YARNSessionCapacitySchedulerITCase.testClientStartup")
    TestFailure.objects.create(test=test, job=job, build=build, at=now, message="expected: 4 but was: 3", source="log")


def put_labels(now: datetime) -> None:
    """Put pull requests on the labels pages, in every state."""
    JiraContact.load().note_silence(now, "Jira answers 503.", now)
    ticket = Ticket.objects.create(key="FLINK-1", known=True, components=["Tests"], summary="A summary")
    for number, state in enumerate(LabelState.STATES, start=1):
        facts = {"title": "[FLINK-1] A title", "base": "master", "created_at": now, "updated_at": now}
        pull = PullRequest.objects.create(number=number, labels=["component=Tests"], ci_state="failure", **facts)
        told = {"reason": "Somebody removed it.", "add": ["component=A"], "remove": ["component=B"], "problem": "No."}
        LabelState.objects.create(pull=pull, ticket=ticket, state=state, state_since=now, seen_at=now, **told)
        LabelChange.objects.create(pull=pull, key="FLINK-1", added=["component=A"], removed=[], reason="It got A.")


@pytest.mark.usefixtures("busy")
@pytest.mark.parametrize("path", PATHS)
def test_no_page_shuts_anybody_out(page, complaints, settings, path):
    settings.PUBLIC_STATUS = True
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.goto(path)
    page.evaluate(AXE)
    found = [f"light: {each}" for each in _violations(page, RULES)]
    page.emulate_media(color_scheme="dark")
    found += [f"dark: {each}" for each in _violations(page, ["color-contrast"])]
    if path == "/nowhere/":
        complaints.clear()  # Chromium's line about the 404
    assert not found, "\n".join(found)


@pytest.mark.usefixtures("busy")
@pytest.mark.parametrize("path", PATHS)
def test_no_page_scrolls_sideways(page, complaints, settings, path):
    settings.PUBLIC_STATUS = True
    page.goto(path)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, width
    if path == "/nowhere/":
        complaints.clear()


def _violations(page, rules: list[str]) -> list[str]:
    """Return what axe-core finds by these tags or rules."""
    return [_words(violation) for violation in page.evaluate(JUDGE, rules)]


def _words(violation: dict) -> str:
    places = [f"{node['html'][:160]}: {node['failureSummary']}" for node in violation["nodes"][:3]]
    return "\n".join([violation["id"], *places])
