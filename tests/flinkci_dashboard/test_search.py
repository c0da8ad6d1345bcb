"""The search: what it finds, and that it leads straight to the one thing that is meant."""

from datetime import UTC, datetime

import pytest
from django.utils import timezone

from agents.models import Agent, Test, TestFailure
from sync.models import PullRequest
from tests.machines import make_build, make_job

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bootstrapped")]
SHA = "deadbeef" * 5
AT = datetime(2026, 11, 1, tzinfo=UTC)


def make_pull(number, title="[FLINK-77] Mend the network stack", **facts):
    facts = {"base": "master", "head_sha": f"{number:040x}", "jira_key": "FLINK-77", "author": "ada"} | facts
    return PullRequest.objects.create(number=number, title=title, created_at=AT, updated_at=AT, **facts)


@pytest.fixture
def filled(db):
    """A bit of everything."""
    make_pull(29300, head_sha=SHA, labels=["component=Runtime/Network"])
    make_pull(29301, title="[FLINK-78] Something else", jira_key="FLINK-78", author="grace")
    build = make_build(79300, branch="release-2.1", version=SHA, result="failed")
    job = make_job(build, result="failed")
    test = Test.objects.create(name="org.apache.flink.NetworkTest#works")
    TestFailure.objects.create(test=test, job=job, build=build, at=timezone.now(), source="log")
    Agent.objects.create(name="AlibabaCI001-agent01", host="alibaba")
    Agent.objects.create(name="AlibabaCI001-agent02", host="alibaba")
    return build


@pytest.mark.parametrize(
    ("query", "address"),
    [
        ("29300", "/pulls/29300/"),
        ("#29301", "/pulls/29301/"),
        ("FLINK-78", "/pulls/29301/"),
        ("flink-78", "/pulls/29301/"),
        ("grace", "/pulls/29301/"),
        ("@grace", "/pulls/29301/"),
        ("79300", "/builds/azure/79300/"),
        ("release-2.1", "/branches/release-2.1/"),
        ("NetworkTest#works", "/failures/tests/org.apache.flink.NetworkTest%23works/"),
    ],
)
def test_the_one_thing_that_is_meant_is_opened(member, filled, query, address):
    answer = member.get("/search", {"q": query})
    assert answer.status_code == 302
    assert answer["Location"] == address


def titles(member, query) -> list[str]:
    answer = member.get("/search", {"q": query})
    assert answer.status_code == 200
    return [hit.title for group in answer.context["groups"] for hit in group.hits]


def test_a_commit_is_found_as_a_head_and_in_builds(member, filled):
    for query in (SHA, SHA[:7], SHA[:12].upper()):
        assert titles(member, query) == ["#29300 [FLINK-77] Mend the network stack", "Build 79300"]
    assert titles(member, SHA[:6]) == []


def test_several_are_shown_by_kind(member, filled):
    assert titles(member, "alibabaci001") == ["AlibabaCI001-agent01", "AlibabaCI001-agent02"]
    assert titles(member, "network") == [
        "#29300 [FLINK-77] Mend the network stack",
        "component=Runtime/Network",
        "org.apache.flink.NetworkTest#works",
    ]


@pytest.mark.parametrize("query", ["", " ", "x", "nothing like it", "\0", "%", "_", "' OR 1=1", "9" * 40, "💥" * 300])
def test_what_finds_nothing_says_what_can_be_found(member, filled, query):
    answer = member.get("/search", {"q": query})
    assert answer.status_code == 200
    assert "It finds pull requests by number" in answer.content.decode()


def test_many_hits_lead_to_the_whole_list(member):
    for number in range(1, 13):
        make_pull(number)
    page = member.get("/search", {"q": "network"}).content.decode()
    assert page.count("Mend the network stack") == 10
    assert "/pulls/?state=all&amp;q=network" in page


def test_hostile_titles_stay_text(member):
    make_pull(1, title="<script>alert(1)</script> one\u202e")
    make_pull(2, title="<script>alert(1)</script> two")
    assert "<script>alert" not in member.get("/search", {"q": "alert"}).content.decode()


def test_it_costs_a_fixed_number_of_queries(member, filled, django_assert_max_num_queries):
    with django_assert_max_num_queries(19):  # eight of them for the banner and whom to ask
        member.get("/search", {"q": "network"})
