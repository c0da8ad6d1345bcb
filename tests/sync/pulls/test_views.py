"""The pull requests' pages: found by anything, told in a sentence, acted on by those who may."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone
from django.utils.html import strip_tags

from agents.models import Build, Test, TestFailure
from flinkci_dashboard.models import Action, AuditEvent, JobRequest, JobRun
from flinkci_dashboard.web.markdown import render_markdown
from sync.models import CIBranch, CommandComment, PullRequest, ReportComment, Watermark
from sync.pulls.report import Entry, Report, render
from tests.machines import make_build, make_job

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bootstrapped")]
HTMX = {"HX-Request": "true"}
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
HOSTILE = '<script>alert("x")</script>'


def pull(number=1, **facts) -> PullRequest:
    facts = {
        "title": f"[FLINK-{number}] Title {number}",
        "author": "ada",
        "base": "master",
        "head_sha": "a" * 40,
    } | facts
    return PullRequest.objects.create(number=number, created_at=NOW, updated_at=NOW, **facts)


def signed_in(role: str) -> Client:
    user = User.objects.create_user(f"some-{role}")
    user.groups.add(Group.objects.get(name=role))
    browser = Client()
    browser.force_login(user)
    return browser


def test_before_the_first_pass_the_page_says_so(member):
    assert "They appear after the first pass" in member.get("/pulls/").content.decode()


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", [4, 3, 1]),
        ("state=all", [4, 3, 2, 1]),
        ("state=merged", [2]),
        ("ci=failure", [3]),
        ("waiting=agent", [4]),
        ("author=BJOERN", [3]),
        ("label=component%3DAPI/Core", [1]),
        ("label=component%3Dap", [1]),
        ("label=%22component%3DAPI%22", []),
        ("label=%22component%3DAPI/Core%22", [1]),
        ("ticket=flink-9", [4]),
        ("author=oer", [3]),
        ("author=%22bjo%22", []),
        ("q=watermark", [4]),
        ("q=%233", [3]),
        ("sort=number", [1, 3, 4]),
        ("sort=author", [4, 1, 3]),
        ("sort=-author", [3, 4, 1]),
        ("sort=nonsense&ci=nonsense", [4, 3, 1]),
    ],
)
def test_the_address_says_what_is_shown(member, query, numbers):
    pull(1, labels=["component=API/Core"])
    pull(2, state="merged", merged_at=NOW, closed_at=NOW)
    pull(3, ci_state="failure", author="bjoern")
    pull(4, waiting="agent", jira_key="FLINK-99", title="Fix a Watermark")
    page = member.get(f"/pulls/?{query}")
    assert [row.pull.number for row in page.context["table"].lines] == numbers


def test_every_open_one_says_why_it_is_where_it_is(member):
    since = timezone.now() - timedelta(minutes=12)
    pull(ci_state="pending", why="waiting for an agent for {time}, 3 builds ahead", why_since=since)
    assert "waiting for an agent for 12 min, 3 builds ahead" in strip_tags(member.get("/pulls/").content.decode())


def test_long_lists_come_in_pages_with_a_fixed_number_of_queries(member, django_assert_max_num_queries):
    for number in range(1, 121):
        pull(number)
    with django_assert_max_num_queries(22):  # six of them for the frame: the banner and the tab
        page = member.get("/pulls/?page=2&author=ada").content.decode()
    assert "51–100 of 120" in page
    assert "?author=ada&amp;page=3" in page


def test_an_unchanged_list_costs_one_query(member, django_assert_num_queries):
    pull()
    JobRun.objects.create(job="sync_pulls", outcome="ok", ended_at=timezone.now())
    first = member.get("/pulls/", headers=HTMX)
    with django_assert_num_queries(3):  # the session, the person, and the version
        again = member.get("/pulls/", headers=HTMX | {"If-None-Match": first["ETag"]})
    assert again.status_code == 304


def test_how_far_the_history_is_read_is_told(member):
    Watermark.objects.create(name="history", data={"page": 4, "done": 300, "total": 29000, "complete": False})
    assert "300 of about 29,000 pull requests" in member.get("/pulls/").content.decode()


def test_hostile_texts_are_shown_as_text(member):
    pull(title=HOSTILE, author=HOSTILE, labels=[HOSTILE], head_label=HOSTILE, push_problem=HOSTILE, why=HOSTILE)
    for path in ("/pulls/", "/pulls/1/"):
        assert "<script>alert" not in member.get(path).content.decode()


def test_a_report_is_rendered_without_anything_that_acts():
    html = render_markdown(
        "<!--\nMeta data\n{}-->\n## CI report:\n\n* abc Azure: [SUCCESS](https://example.org/1) \n\n"
        "<details>\n<summary>Bot commands</summary>\n</details>\n"
        f"{HOSTILE}<img src=x onerror=alert(1)>[x](javascript:alert(1))"
    )
    assert "<h2>CI report:</h2>" in html
    assert 'href="https://example.org/1"' in html
    assert "<summary>Bot commands</summary>" in html
    for bad in ("Meta data", "<script", "<img", 'href="javascript'):
        assert bad not in html


def test_one_pull_request_tells_its_story(member):
    row = pull(head_label="ada:patch", jira_key="FLINK-1")
    CIBranch.objects.create(name="ci_1_" + "a" * 40, number=1, sha="a" * 40, tip="a" * 40, seen_at=NOW, pushed_at=NOW)
    ReportComment.objects.create(comment_id=7, pull=row, body="## CI report:", written_at=NOW)
    asked = {"commented_at": NOW, "settled_at": NOW + timedelta(minutes=2), "head_sha": "a" * 40}
    CommandComment.objects.create(comment_id=8, pull=row, author="dana", words="run azure", state="rerun", **asked)
    Action.objects.create(
        key="k", job="sync_pulls", kind="push-branch", subject="#1", state="done", reason="None was there."
    )
    page = member.get("/pulls/1/").content.decode()
    for words in (
        "opened by ada",
        "dana asked: run azure",
        "answered: re-run",
        "2 min",
        "bot: pushed the branch",
        "Reason then: None was there.",
    ):
        assert words in page
    assert "/browse/FLINK-1" in page
    assert "/pull/1#issuecomment-7" in page


def test_what_follows_stands_above_its_cause_at_one_moment(member):
    pull(state="merged", merged_at=NOW, closed_at=NOW, head_seen_at=NOW)
    told = {"queued_at": NOW, "started_at": NOW, "finished_at": NOW, "changed_at": NOW}
    for number in (7, 8):
        Build.objects.create(external_id=number, pull_number=1, status="finished", result="succeeded", **told)
    texts = [event.text for event in member.get("/pulls/1/").context["events"]]
    ended = ["merged", "build 8 succeeded", "build 8 started", "build 8 queued"]
    assert texts == [*ended, *(f"build 7 {word}" for word in ("succeeded", "started", "queued")), *texts[-2:]]
    assert texts[-1] == "opened by ada"


def test_a_closed_one_says_how_and_when(member):
    long_ago = timezone.now() - timedelta(days=3)
    pull(state="merged", merged_at=long_ago, closed_at=long_ago, why="closed")
    for path in ("/pulls/?state=merged", "/pulls/1/"):
        page = member.get(path).content.decode()
        assert "merged 3 d ago" in strip_tags(page)
        assert ">closed" not in page


def test_observing_shows_the_plan_and_compares_with_the_running_bot(member, settings):
    settings.SYNC_MODE = "observe"
    pull(plan=["push its branch", "write the report"])
    page = member.get("/pulls/1/").content.decode()
    assert "Would be done: push its branch; write the report" in page
    assert "its branch of this head is missing" in page


@pytest.mark.parametrize(("status", "words"), [("SUCCESS", "says what ours would"), ("PENDING", "differs from ours")])
def test_observing_compares_reports_by_what_they_say(member, settings, status, words):
    settings.SYNC_MODE = "observe"
    address, head = "https://dev.azure.com/o/p/_build/results?buildId=7", "a" * 40
    row = pull(head_sha=head, plan=["push branch: its report is old"], conversation_read_at=NOW)
    ended = {"status": "finished", "result": "succeeded", "changed_at": NOW, "web_url": address}
    Build.objects.create(external_id=7, branch=f"ci_1_{head}", version=head, pull_number=1, **ended)
    body = render(Report((Entry(head, status, address, head, "PUSH"),)))
    ReportComment.objects.create(comment_id=7, pull=row, body=body, written_at=NOW)
    assert f"its report {words}" in member.get("/pulls/1/").content.decode()


def test_a_buttons_answer_is_that_of_its_own_request(member):
    pull()
    settled = {"requested_at": NOW, "settled_at": NOW + timedelta(seconds=9)}
    JobRequest.objects.create(job="sync_pulls", act="retry", subject="1", answer="A build is waiting.", **settled)
    JobRequest.objects.create(job="sync_pulls", act="retry", subject="2", answer="Somebody else's.", **settled)
    page = member.get("/pulls/1/").content.decode()
    assert "somebody pressed “Retry”" in page
    assert "answered “Retry”: A build is waiting." in page
    assert "Somebody else" not in page


def test_what_services_refuse_is_said_in_their_words(member):
    head = "a" * 40
    pull(head_sha=head, build_problem="/x.yml (Line: 1)", build_problem_head=head, read_problem="Not <Found>")
    page = member.get("/pulls/1/").content.decode()
    assert "/x.yml (Line: 1)" in page and "Not &lt;Found&gt;" in page
    PullRequest.objects.update(head_sha="b" * 40)
    assert "/x.yml" not in member.get("/pulls/1/").content.decode()


@pytest.mark.parametrize("act", ["sync-pull", "retry", "cancel", "delete-branches"])
def test_buttons_are_for_operators_and_audited(member, act):
    row = pull()
    for sha in (row.head_sha, "b" * 40):
        CIBranch.objects.create(name=f"ci_1_{sha}", number=1, sha=sha, tip=sha, seen_at=timezone.now())
    going = {"status": "running", "result": "", "finished_at": None} if act == "cancel" else {"result": "failed"}
    make_build(pull_number=1, version=row.head_sha, **going)
    refused = member.post(f"/pulls/1/{act}/")
    assert refused.status_code == 403 and "the role operator has it" in refused.content.decode()
    assert f"/pulls/1/{act}/" not in member.get("/pulls/1/").content.decode()
    operator = signed_in("operator")
    assert f"/pulls/1/{act}/" in operator.get("/pulls/1/").content.decode()
    operator.post(f"/pulls/1/{act}/")
    asked = JobRequest.objects.get()
    assert (asked.job, asked.act, asked.subject) == ("sync_pulls", act, "1")
    assert AuditEvent.objects.filter(subject="#1", actor_name="some-operator").exists()


def test_buttons_are_there_only_where_they_apply(member):
    row = pull(state="merged", closed_at=timezone.now())
    text = signed_in("operator").get("/pulls/1/").content.decode()
    assert "/pulls/1/sync-pull/" in text
    assert not re.search(r"/pulls/1/(retry|cancel|delete-branches)/", text)
    CIBranch.objects.create(name="x", number=1, sha=row.head_sha, tip=row.head_sha, seen_at=timezone.now())
    text = member.get("/pulls/1/").content.decode()
    assert "delete-branches" not in text


def test_the_timeline_leads_from_a_buttons_answer_to_the_pass(member):
    pull()
    run = JobRun.objects.create(job="sync_pulls", outcome="ok", ended_at=timezone.now())
    JobRequest.objects.create(job="sync_pulls", act="retry", subject="1", settled_at=timezone.now(), answer="Done.")
    JobRequest.objects.create(job="sync_pulls", act="cancel", subject="1")
    text = member.get("/pulls/1/").content.decode()
    assert f'<a href="/jobs/{run.pk}/">answered “Retry”: Done.</a>' in text
    assert "waits for a pass" in text


def test_unknown_acts_and_pull_requests_are_not_found():
    operator = signed_in("operator")
    pull()
    assert operator.post("/pulls/1/explode/").status_code == 404
    assert operator.post("/pulls/2/retry/").status_code == 404
    page = operator.get("/pulls/2/")
    assert page.status_code == 404
    assert "Pull request 2 is not known here" in page.content.decode()


def test_only_an_admin_deletes_a_branch_and_only_an_orphan(member):
    orphan = CIBranch.objects.create(name="ci_9_" + "b" * 40, tip="b" * 40, orphan=True, seen_at=NOW)
    ours = CIBranch.objects.create(name="ci_1_" + "a" * 40, tip="a" * 40, seen_at=NOW)
    assert "ci_9_" in member.get("/pulls/orphans/").content.decode()
    assert signed_in("operator").post(f"/pulls/orphans/{orphan.pk}/delete/").status_code == 403
    admin = signed_in("admin")
    assert admin.post(f"/pulls/orphans/{ours.pk}/delete/").status_code == 404
    admin.post(f"/pulls/orphans/{orphan.pk}/delete/")
    assert JobRequest.objects.get().subject == orphan.name


def test_the_overview_counts_them(member):
    pull(1, ci_state="failure")
    pull(2, ci_state="blocked")
    pull(3, ci_state="unknown")
    Watermark.objects.create(name="quota", data={"limit": 5000, "remaining": 4200, "reset_at": None})
    page = member.get("/").content.decode()
    for words in ("1 failing", "1 blocked", "1 without a build"):
        assert words in page
    assert "4,200 of 5,000 requests left" in page


def test_a_pull_request_says_whose_fault_a_failure_seems_to_be(member):
    row = pull(7)
    build = make_build(1, version=row.head_sha, pull_number=7, scope="pull", result="failed")
    test = Test.objects.create(name="a.FooITCase.testBar")
    job = make_job(build, result="failed")
    TestFailure.objects.create(test=test, job=job, build=build, at=NOW, source="log", message=HOSTILE)
    page = member.get("/pulls/7/").content.decode()
    assert "a.FooITCase.testBar" in page and "first seen here" in page
    assert HOSTILE not in page
    other = make_build(2, version="b" * 40, pull_number=8, scope="pull", result="failed")
    job = make_job(other, result="failed")
    TestFailure.objects.create(test=test, job=job, build=other, at=NOW, source="log")
    pull(8)
    assert "unsure" in member.get("/pulls/7/").content.decode()
    PullRequest.objects.filter(number=8).update(author="grace")
    assert "seen elsewhere" in member.get("/pulls/7/").content.decode()
