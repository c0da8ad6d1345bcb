"""The page of failures, the search, and what programs are told of them."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agents.models import Failure, KnownTicket, Test, TestFailure
from flinkci_dashboard.models import JobRun
from tests.machines import make_build, make_job, minutes
from tests.reading import read

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bootstrapped")]
DAY = 24 * 60


def failed(name, *ages, branch="master", ticket=None, maybe=None, message="java.lang.Error: boom", **build_facts):
    test, _ = Test.objects.get_or_create(name=name)
    for age in ages:
        build = make_build(1 + TestFailure.objects.count(), branch=branch, result="failed", **build_facts)
        facts = {"job": make_job(build, result="failed"), "build": build, "at": minutes(age), "source": "log"}
        TestFailure.objects.create(test=test, message=message, **facts)
    owner, _, method = name.rpartition(".")
    facts = {"key": f"{owner}#{method}", "ticket": ticket, "maybe": maybe}
    return Failure.objects.get_or_create(test=test, defaults=facts)[0]


@pytest.fixture
def ticket(db):
    facts = {"summary": "FooITCase.testBar fails", "status": "Open", "updated_at": minutes(20 * DAY)}
    return KnownTicket.objects.create(jira_id=1, key="FLINK-77", **facts)


def asked(member, query=""):
    answer = member.get(f"/api/v1/failures{query}")
    assert answer.status_code == 200
    return answer.json()["results"]


def test_failures_stand_by_how_often_they_were_seen(member, ticket):
    failed("a.RareTest.testX", 5)
    failed("a.FooITCase.testBar", 5, 3 * DAY, 20 * DAY, ticket=ticket)
    failed("a.OldTest.testX", 40 * DAY)
    text = read(member, "failures")
    assert text.index("a.FooITCase#testBar") < text.index("a.RareTest#testX")
    assert "a.OldTest#testX" not in text
    assert 'browse/FLINK-77"' in text and "not in Jira" in text
    assert "RareTest.testX fails with Error" in text
    (known, rare) = member.get("/failures/").context["table"].lines
    assert (known.seen.hits_1d, known.seen.hits_7d, known.seen.hits_30d, known.draft.title) == (1, 2, 3, "")
    assert rare.seen.branches == ["master"]


def test_failures_are_sorted_and_given_as_files(member, ticket):
    failed("a.FooITCase.testBar", 5, ticket=ticket)
    failed("b.RareTest.testX", 5, 3 * DAY)
    by_name = member.get("/failures/?sort=failure").context["table"].lines
    assert [line.failure.key for line in by_name] == ["a.FooITCase#testBar", "b.RareTest#testX"]
    file = member.get("/failures/?known=true&format=csv").getvalue().decode()
    assert "a.FooITCase#testBar,test,FLINK-77,1,1,1" in file and "RareTest" not in file


def test_known_and_new_ones_are_shown_apart(member, ticket):
    failed("a.FooITCase.testBar", 5, ticket=ticket)
    failed("a.RareTest.testX", 5)
    assert "RareTest" not in read(member, "failures", query="?known=true")
    assert "FooITCase#testBar" not in read(member, "failures", query="?known=false")
    assert "“nonsense” is not understood here" in read(member, "failures", query="?known=nonsense")


@pytest.mark.parametrize("words", ["fooitcase", "flink-7", '"FLINK-77"'])
def test_a_failure_is_found_by_a_part_of_its_name_or_ticket(member, ticket, words):
    failed("a.FooITCase.testBar", 5, ticket=ticket)
    failed("a.RareTest.testX", 5)
    lines = member.get("/failures/", {"q": words}).context["table"].lines
    assert [line.failure.key for line in lines] == ["a.FooITCase#testBar"]


def test_a_closed_ticket_whose_test_fails_again_says_so(member, ticket):
    failed("a.FooITCase.testBar", 5, ticket=ticket)
    build = TestFailure.objects.get().build
    pages = [("failures",), ("failing_test", "a.FooITCase#testBar"), ("build", build.provider, build.external_id)]

    def told():
        return ["failed again since" in read(member, *page) for page in pages]

    assert told() == [False] * 3
    KnownTicket.objects.update(status="Closed")
    assert told() == [True] * 3
    KnownTicket.objects.update(updated_at=timezone.now())
    assert told() == [False] * 3


def test_a_ticket_of_its_class_is_maybe_and_the_failure_not_known(member, ticket):
    failed("a.FooITCase.testOther", 5, maybe=ticket)
    text = read(member, "failures")
    assert "not in Jira" in text and "FLINK-77</a>, which names its class" in text
    assert asked(member, "?known=true") == []


def test_builds_of_pull_requests_count_and_are_no_branch(member):
    failed("a.FooITCase.testBar", 5, branch="ci_7_ab", pull_number=7, scope="pull")
    (one,) = asked(member)
    assert (one["branches"], one["providers"], one["hits_1d"]) == ([], ["azure"], 1)
    assert "pull requests" in read(member, "failures")


def test_an_empty_page_says_so(member):
    assert "No build has been looked through" in read(member, "failures")
    JobRun.objects.create(job="match_failures", outcome="ok", ended_at=timezone.now())
    assert "No test has failed" in read(member, "failures")
    assert "No failure fits: Known: in Jira." in read(member, "failures", query="?known=true")


def test_what_a_test_says_is_no_markup(member):
    failed("a.FooITCase.testBar", 5, message="<script>alert(1)</script>")
    assert "<script>alert" not in read(member, "failures")


def test_programs_are_told_the_same(member, ticket):
    failed("a.FooITCase.testBar", 5, 3 * DAY, ticket=ticket)
    failed("a.RareTest.testX", 5)
    rare, known = asked(member)
    assert set(known) == {
        *("key", "kind", "ticket", "title", "summary", "hits_1d", "hits_7d", "hits_30d"),
        *("first_seen", "last_seen", "providers", "branches"),
    }
    assert (known["key"], known["kind"], known["ticket"]) == ("a.FooITCase#testBar", "test", "FLINK-77")
    assert (known["hits_1d"], known["hits_7d"], known["hits_30d"]) == (1, 2, 2)
    assert (known["providers"], known["branches"]) == (["azure"], ["master"])
    assert known["first_seen"] < known["last_seen"]
    assert rare["ticket"] is None
    assert [each["key"] for each in asked(member, "?known=true")] == ["a.FooITCase#testBar"]
    assert [each["key"] for each in asked(member, "?known=false")] == ["a.RareTest#testX"]
    assert [each["key"] for each in asked(member, "?ticket=FLINK-77")] == ["a.FooITCase#testBar"]
    assert asked(member, "?ticket=FLINK-7") == []


def test_a_build_that_failed_twice_counts_once(member):
    row = failed("a.FooITCase.testBar", 5)
    build = TestFailure.objects.get().build
    again = make_job(build, "again", result="failed", attempt=2)
    TestFailure.objects.create(test=row.test, job=again, build=build, at=minutes(1), source="log")
    assert asked(member)[0]["hits_7d"] == 1


@pytest.mark.parametrize("path", ["/failures/", "/api/v1/failures"])
def test_the_number_of_queries_stays(member, path):
    counts = []
    for number in range(2):
        failed(f"a.Foo{number}ITCase.testBar", 5, 6)
        member.get(path)
        with CaptureQueriesContext(connection) as queries:
            member.get(path)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_the_search_finds_failures(member, ticket):
    failed("a.FooITCase.testBar", 5, ticket=ticket)
    failed("a.FooITCase.testOther", 5)
    assert "known as FLINK-77" in member.get("/search?q=FooITCase").content.decode()
    for query in ("flink-77", "FooITCase%23testBar"):
        assert member.get(f"/search?q={query}")["Location"] == "/failures/tests/a.FooITCase%23testBar/"


def test_a_ticket_and_a_comment_are_ready_to_copy(member, ticket):
    failed("org.apache.flink.table.planner.RareTest.testX", 5)
    failed("a.FooITCase.testBar", 5, 10 * DAY, 11 * DAY, ticket=ticket)
    text = read(member, "failures")
    assert "component Table SQL / Planner" in text and "new in a week" in text
    assert "no run that passed is known" in text
    assert "Reported by the CI dashboard for FLINK-77" in text
    assert "down from 2 the week before" in text
