"""Whose fault a failure of a pull request seems to be, and why."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agents.failures.evidence import judge_pull
from agents.failures.verdicts import Evidence, verdict
from agents.models import Failure, KnownTicket, Test, TestFailure
from tests.machines import make_build, make_job

SHA, NAME, CORE = "a" * 40, "a.FooITCase.testBar", "ci.core"


@pytest.mark.parametrize(
    ("evidence", "word"),
    [
        (Evidence(), "first seen here"),
        (Evidence(seen_before=True), "unsure"),
        (Evidence(on_others=1, seen_before=True), "seen elsewhere"),
        (Evidence(passed_again=True, on_others=1), "passed again"),
        (Evidence(on_branches=("master",), passed_again=True), "red on branches too"),
        (Evidence(ticket="FLINK-1", on_branches=("master",)), "known"),
    ],
)
def test_what_is_known_comes_before_what_was_seen(evidence, word):
    found = verdict(evidence)
    assert found.word == word and found.reason


def failed(number, sha, age, key=CORE, branch="", name=NAME, **build_facts):
    facts = {"branch": branch, "scope": "branch"} if branch else {"pull_number": number, "scope": "pull"}
    build = make_build(TestFailure.objects.count() + 1, version=sha, result="failed", **facts | build_facts)
    test, _ = Test.objects.get_or_create(name=name)
    job = make_job(build, result="failed", key=key)
    at = timezone.now() - timedelta(days=age)
    return TestFailure.objects.create(test=test, job=job, build=build, at=at, source="log")


def word(own=(7,)):
    (found,) = judge_pull(7, SHA, own)
    return found.verdict.word


@pytest.mark.django_db
class TestRows:
    """Evidence is taken from what was seen before the failure, elsewhere."""

    @pytest.fixture(autouse=True)
    def failure(self):
        return failed(7, SHA, 0)

    def test_nothing_elsewhere(self):
        failed(7, "b" * 40, 1)
        failed(9, "c" * 40, 1, name="a.OtherTest.testX")
        assert word() == "first seen here"

    def test_another_authors_pull_request(self):
        failed(9, "c" * 40, 1)
        assert word() == "seen elsewhere"
        assert word(own=(7, 9)) == "unsure"

    def test_the_same_job_of_a_branch(self):
        failed(None, "c" * 40, 1, branch="master")
        assert word() == "red on branches too"

    def test_another_job_of_a_branch(self):
        failed(None, "c" * 40, 1, key="ci.table", branch="master")
        assert word() == "unsure"

    def test_what_came_later_or_long_before(self):
        failed(None, "c" * 40, -1, branch="master")
        assert word() == "first seen here"
        failed(None, "d" * 40, 30, branch="master")
        assert word() == "unsure"

    def test_the_same_job_of_the_same_commit_that_passed(self, failure):
        make_job(failure.build, result="succeeded", key="ci.table", attempt=2)
        assert word() == "first seen here"
        make_job(failure.build, result="succeeded", key=CORE, attempt=2)
        assert word() == "passed again"

    def test_a_ticket(self, failure):
        ticket = KnownTicket.objects.create(jira_id=1, key="FLINK-77", updated_at=timezone.now())
        row = Failure.objects.create(test=failure.test, key="a.FooITCase#testBar", maybe=ticket)
        assert word() == "first seen here"
        row.ticket = ticket
        row.save()
        assert word() == "known"

    def test_the_number_of_queries_stays(self):
        counts = []
        for number in range(2):
            failed(7, SHA, 0, name=f"a.Foo{number}.testX")
            failed(9, "c" * 40, 1, name=f"a.Foo{number}.testX")
            with CaptureQueriesContext(connection) as queries:
                judge_pull(7, SHA, (7,))
            counts.append(len(queries))
        assert counts[0] == counts[1]

    def test_an_older_head_is_not_judged(self):
        assert judge_pull(7, "f" * 40, (7,)) == []
