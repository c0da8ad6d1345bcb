"""The labels pages: lists by state, reasons, components, the button, and the preview of rules."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.utils import timezone

from flinkci_dashboard.models import AuditEvent, JobRequest, JobRun
from labeler.models import JiraContact, LabelChange
from labeler.tiles import tiles
from sync.models import PullRequest
from tests.labels import AT, pull, ticket

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bootstrapped")]
HOSTILE = '<script>alert("x")</script>\u202e'


def signed_in(role: str) -> Client:
    user = User.objects.create_user(f"some-{role}")
    user.groups.add(Group.objects.get(name=role))
    browser = Client()
    browser.force_login(user)
    return browser


def page(browser, query="") -> str:
    answer = browser.get(f"/labels/{query}")
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("tab", ["components", "changes", "todo", "drift", "no-ticket", "unknown", "nonsense"])
def test_before_the_first_pass_every_list_says_that_it_is_empty(member, tab):
    assert 'class="empty"' in page(member, f"?tab={tab}")


def test_each_list_has_its_pull_requests_and_their_number(member):
    for number, (state, tab) in enumerate(
        [
            ("change", "todo"),
            ("waiting", "todo"),
            ("drift", "drift"),
            ("no_ticket", "no-ticket"),
            ("unknown", "unknown"),
        ],
        start=101,
    ):
        pull(number, state)
        assert f">#{number}</a>" in page(member, f"?tab={tab}")
    text = " ".join(page(member, "?tab=todo").split())
    assert 'To be changed <span class="muted">2</span>' in text
    assert ">#103</a>" not in text


def test_lists_show_open_pull_requests_unless_asked_for_all_and_can_be_searched(member):
    pull(101, "no_ticket", title="[hotfix] Open one")
    pull(102, "no_ticket", title="[hotfix] Closed one")
    PullRequest.objects.filter(number=102).update(state="closed")
    assert "Closed one" not in page(member, "?tab=no-ticket")
    assert "Closed one" in page(member, "?tab=no-ticket&pulls=all")
    for words, found in (("closed", True), ("102", True), ("%23102", True), ("open", False), ("9" * 40, False)):
        assert (">#102</a>" in page(member, f"?tab=no-ticket&pulls=all&q={words}")) is found, words


def test_drift_shows_what_somebody_did_and_what_settling_would_do(member):
    pull(101, "drift", ticket(), add=["component=Runtime/REST"], remove=["component=Mine"], reason="Somebody did it.")
    text = page(member, "?tab=drift")
    assert "+&nbsp;component=Runtime/REST" in text
    assert "<del>component=Mine</del>" in text
    assert "Somebody did it." in text
    assert "settle_labels" not in text
    assert "<button>Settle</button>" not in text


def test_an_operator_settles_drift_and_it_goes_on_record():
    pull(101, "drift", ticket(), add=["component=A"], remove=["component=B"], labels=["bug", "component=B"])
    browser = signed_in("operator")
    assert "<button>Settle</button>" in page(browser, "?tab=drift")
    answer = browser.post("/labels/101/settle/", {"next": "https://evil.example/"})
    assert answer["Location"] == "/labels/?tab=drift"
    asked = JobRequest.objects.get()
    assert (asked.job, asked.act, asked.subject) == ("label_pulls", "settle-labels", "#101")
    event = AuditEvent.objects.get(act="settle labels")
    assert (event.before, event.after) == ({"labels": ["component=B"]}, {"labels": ["component=A"]})
    assert "asked for" in page(browser, "?tab=drift")


@pytest.mark.parametrize("number", [1, 10**30])
def test_settling_an_unknown_pull_request_is_not_found(number):
    assert signed_in("operator").post(f"/labels/{number}/settle/").status_code == 404
    assert not JobRequest.objects.exists()


def test_recent_changes_say_why(member):
    row = pull(101, "right", ticket())
    LabelChange.objects.create(
        pull=row,
        key="FLINK-123",
        added=["component=Runtime/Metrics"],
        removed=["component=Runtime/REST"],
        reason="FLINK-123 moved from Runtime / REST to Runtime / Metrics.",
    )
    text = page(member, "?tab=changes")
    assert "FLINK-123 moved from Runtime / REST to Runtime / Metrics." in text
    assert "+&nbsp;component=Runtime/Metrics" in text


def test_a_component_has_its_open_pull_requests_by_what_their_ci_says(member):
    both = ticket(components=["Runtime / REST", "Tests"])
    none = ticket("FLINK-9", components=[])
    pull(101, "right", both, ci_state="success", labels=["component=Runtime/REST"])
    pull(102, "right", both, ci_state="failure")
    pull(103, "right", none, ci_state="pending")
    pull(104, "unknown", ticket("FLINK-8", known=False))
    text = " ".join(page(member).split())
    assert "component=Runtime/REST" in text
    row = text.split("Runtime / REST</a>")[1].split("</tr>")[0]
    assert '<td data-label="Open" class="num">2</td>' in row
    assert "succeeded</span> 1" in row
    assert "failed</span> 1" in row
    assert "without component" in text
    assert "#101" in member.get("/pulls/?state=open&label=%22component%3DRuntime%2FREST%22").content.decode()
    assert 'href="/pulls/?state=open&amp;label=%22component%3DRuntime%2FREST%22"' in text


def test_the_components_page_costs_a_fixed_number_of_queries(member, django_assert_max_num_queries):
    several = [ticket(f"FLINK-{n}", components=[f"Part {n}"]) for n in range(30)]
    for number, each in enumerate(several, start=101):
        pull(number, "right", each)
    with django_assert_max_num_queries(22):  # six of them for the frame: the banner and the tab
        page(member)


def test_the_page_says_since_when_jira_is_silent_and_why(member):
    JiraContact.load().note_silence(timezone.now() - timedelta(hours=2), "Jira answers 503: no reason given", None)
    text = page(member)
    assert "Jira has been silent since" in text
    assert "Jira answers 503" in text
    assert "all labels stay as they are" in text


def test_looking_at_the_page_writes_nothing(member):
    page(member)
    assert not JiraContact.objects.exists()


def test_an_unchanged_list_is_not_sent_again(member):
    JobRun.objects.create(job="label_pulls", outcome="ok", ended_at=timezone.now())
    first = member.get("/labels/", headers={"HX-Request": "true"})
    assert b"<html" not in first.content
    again = member.get("/labels/", headers={"HX-Request": "true", "If-None-Match": first["ETag"]})
    assert again.status_code == 304


def test_texts_from_outside_are_shown_as_text(member):
    hostile = ticket(components=[HOSTILE], summary=HOSTILE, status=HOSTILE, assignee=HOSTILE)
    row = pull(101, "drift", hostile, title=HOSTILE, add=[HOSTILE], remove=[HOSTILE], reason=HOSTILE, problem=HOSTILE)
    LabelChange.objects.create(pull=row, key="FLINK-123", added=[HOSTILE], removed=[HOSTILE], reason=HOSTILE)
    for tab in ("components", "changes", "drift"):
        text = page(member, f"?tab={tab}")
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert" in text
    assert "<script>alert" not in detail(row)


# A pull request's own page ---------------------------------------------------------------------


def detail(row: PullRequest) -> str:
    request = RequestFactory().get("/")
    return Template("{% load labeler %}{% ticket pull %}").render(Context({"pull": row, "request": request}))


def test_a_pull_requests_page_has_its_ticket_and_why_it_has_its_labels(settings):
    row = pull(
        101,
        "right",
        ticket(summary="REST is slow", status="In Progress", assignee="Ada", fix_versions=["2.3.0"]),
        labels=["bug", "component=Runtime/REST"],
        reason="FLINK-123 is about Runtime / REST.",
    )
    text = detail(row)
    for words in (
        f'href="{settings.JIRA_URL}/browse/FLINK-123"',
        "REST is slow",
        "In Progress",
        "Ada",
        "2.3.0",
        "Runtime / REST",
        "component=Runtime/REST",
        "FLINK-123 is about Runtime / REST.",
    ):
        assert words in text
    assert "bug" not in text


@pytest.mark.parametrize(
    ("state", "words"),
    [("no_ticket", "names no ticket"), ("unknown", "unknown ticket"), ("drift", "changed by hand")],
)
def test_a_pull_requests_page_says_what_is_wrong(state, words):
    assert words in detail(pull(101, state, None if state == "no_ticket" else ticket(), add=["component=A"]))


def test_a_pull_request_that_was_not_looked_at_says_so():
    row = PullRequest.objects.create(number=1, title="x", base="master", created_at=AT, updated_at=AT)
    assert "has not looked at this pull request yet" in detail(row)


# The overview and the admin --------------------------------------------------------------------


def test_the_tile_tells_silence_and_drift():
    now = timezone.now()
    assert tiles(now)[0].label == "no pass yet"
    JobRun.objects.create(job="label_pulls", outcome="ok", ended_at=now)
    pull(101, "right", ticket())
    assert (tiles(now)[0].figure, tiles(now)[0].state) == ("1 of 1", "ok")
    pull(102, "drift")
    assert (tiles(now)[0].figure, *(line.text for line in tiles(now)[0].lines)) == ("1 of 2", "1 changed by hand")
    assert tiles(now)[0].lines[0].url == "/labels/?tab=drift"
    JiraContact.load().note_silence(now, "Jira answers 503.", None)
    assert tiles(now)[0].lines[0].words.at(now).startswith("Jira has been silent for ")
