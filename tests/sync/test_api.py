"""Mirrors and pull requests as programs read them."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from sync.models import CIBranch, Mirror, MirrorBranch, PullRequest

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bootstrapped")]
SHA = "ab" * 20


@pytest.fixture(autouse=True)
def fresh_counters(db):
    """Forget who asked how often."""
    cache.clear()


def open_pull(number, **facts) -> PullRequest:
    now = timezone.now()
    facts = {"title": f"[FLINK-{number}] A title", "base": "master", "head_sha": SHA, "labels": []} | facts
    return PullRequest.objects.create(number=number, created_at=now, updated_at=now, **facts)


def asked(browser, path) -> list:
    answer = browser.get(f"/api/v1/{path}")
    assert answer.status_code == 200, answer.content
    return answer.json()["results"]


def numbers(browser, query="") -> list[int]:
    return [each["number"] for each in asked(browser, f"pulls{query}")]


def test_a_pull_request_says_where_its_ci_stands(member):
    open_pull(7, author="ada", ci_state="failure", why="its build failed {time}", jira_key="FLINK-7", labels=["a"])
    CIBranch.objects.create(name=f"ci_7_{SHA}", number=7, sha=SHA, tip=SHA, seen_at=timezone.now())
    (one,) = asked(member, "pulls")
    assert one | {"why": "", "updated_at": "", "as_of": ""} == {
        "number": 7,
        "title": "[FLINK-7] A title",
        "author": "ada",
        "state": "open",
        "draft": False,
        "head_sha": SHA,
        "branch": f"ci_7_{SHA}",
        "ci_state": "failure",
        "why": "",
        "jira_key": "FLINK-7",
        "labels": ["a"],
        "updated_at": "",
        "url": "https://github.com/apache/flink/pull/7",
        "as_of": "",
    }
    assert one["updated_at"].endswith("Z")
    assert one["as_of"] is None
    whole = member.get("/api/v1/pulls/7").json()
    assert whole.pop("readiness")["complete"] is False
    assert whole == one
    assert member.get("/api/v1/pulls/8").status_code == 404


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("state=open", [3, 1]),
        ("state=merged", [2]),
        ("state=ope", []),
        ("ci=success", [3]),
        ("author=ada", [2, 1]),
        ("author=ad", []),
        ("label=component%3DRuntime", [1]),
        ("label=component%3DRun", []),
        ("ticket=FLINK-3", [3]),
        ("q=title", [3, 2, 1]),
        ("q=TITLE", [3, 2, 1]),
        ("q=3", [3]),
        ("q=%233", [3]),
        ("q=nothing", []),
        ("author=ada&state=open", [1]),
    ],
)
def test_filters_are_exact_and_q_contains(member, query, found):
    open_pull(1, author="ada", labels=["component=Runtime"], jira_key="FLINK-1")
    open_pull(2, author="ada", state="merged", jira_key="FLINK-2")
    open_pull(3, author="eve", ci_state="success", jira_key="FLINK-3", labels=["component=RuntimeX"])
    assert numbers(member, f"?{query}") == found


def test_pages_neither_skip_nor_repeat_while_pull_requests_are_opened(member):
    for number in range(1, 8):
        open_pull(number)
    first = member.get("/api/v1/pulls?page_size=3&state=open").json()
    open_pull(8)
    second = member.get(first["next"]).json()
    third = member.get(second["next"]).json()
    read = [each["number"] for page in (first, second, third) for each in page["results"]]
    assert read == [7, 6, 5, 4, 3, 2, 1]
    assert third["next"] is None


def test_a_page_has_two_hundred_rows_at_most(member, django_assert_max_num_queries):
    now = timezone.now()
    PullRequest.objects.bulk_create(
        PullRequest(number=n, title="x", base="master", head_sha=SHA, created_at=now, updated_at=now)
        for n in range(1, 251)
    )
    with django_assert_max_num_queries(13):  # half of them count how often this account asks
        assert len(numbers(member, "?page_size=1000")) == 200


def test_a_mirrored_branch_says_for_how_long_it_has_been_behind(member):
    mirror, now = Mirror.objects.get(), timezone.now()
    seen = {"mirror": mirror, "state_since": now, "source_seen_at": now - timedelta(minutes=20)}
    MirrorBranch.objects.create(name="master", state="behind", source_sha=SHA, target_sha="cd" * 20, **seen)
    MirrorBranch.objects.create(name="release-2.0", state="in_sync", source_sha=SHA, target_sha=SHA, **seen)
    MirrorBranch.objects.create(name="topic", state="not_selected", selected=False, **seen)
    behind, even = asked(member, "mirrors")
    assert (behind["source"], behind["target"], behind["branch"]) == ("apache/flink", "flink-ci/flink-mirror", "master")
    assert (behind["state"], behind["source_sha"], behind["mirror_sha"]) == ("behind", SHA, "cd" * 20)
    assert 1195 < behind["lag"] < 1300
    assert even["lag"] == 0
