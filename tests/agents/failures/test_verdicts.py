"""Whose fault a failure of a pull request seems to be, and why."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agents.failures.evidence import judge_pull
from agents.failures.heads import remember_head
from agents.failures.touched import reaches, touched
from agents.failures.verdicts import Evidence, verdict
from agents.models import Failure, KnownTicket, Pattern, PatternHit, Test, TestFailure
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
        (Evidence(cause="style", is_test=False), "its own"),
        (Evidence(cause="compile", is_test=False, passed_again=True, ticket="a pattern"), "its own"),
        (Evidence(cause="style", is_test=False, on_branches=("master",)), "red on branches too"),
        (Evidence(cause="agent", is_test=False), "infrastructure"),
        (Evidence(cause="disk"), "infrastructure"),
        (Evidence(cause="timeout", is_test=False), "unsure"),
        (Evidence(cause="memory", is_test=False, passed_again=True), "passed again"),
        (Evidence(cause="timeout", is_test=False, ticket="a pattern"), "known"),
        (Evidence(touched="a.b"), "in code it changes"),
        (Evidence(touched="a.b", seen_before=True), "unsure"),
        (Evidence(touched="a.b", passed_again=True), "unsure"),
        (Evidence(touched="a.b", ticket="FLINK-1"), "unsure"),
        (Evidence(touched="a.b", on_branches=("master",), red_builds=2), "red on branches too"),
        (Evidence(touched="a.b", on_branches=("master",), red_builds=1), "unsure"),
        (Evidence(builds=2), "unsure"),
        (Evidence(times=2), "first seen here"),
        (Evidence(bad_machine="AlibabaCI005-agent02"), "infrastructure"),
        (Evidence(bad_machine="AlibabaCI005-agent02", is_test=False, cause="unknown"), "infrastructure"),
    ],
)
def test_what_is_known_comes_before_what_was_seen(evidence, word):
    found = verdict(evidence)
    assert found.word == word and found.reason


def test_a_failure_that_was_seen_once_is_nobodys_yet():
    assert verdict(Evidence(runs=10)).side == "unsure"
    assert verdict(Evidence(runs=100, reached=False)).side == "unsure"
    assert verdict(Evidence(runs=100)).side == "own"  # what had failed by chance would have been seen
    assert verdict(Evidence(times=2)).side == verdict(Evidence(touched="a.b")).side == "own"


@pytest.mark.parametrize(
    ("job", "path", "said"),
    [
        ("table", "flink-runtime/src/main/java/a/B.java", True),
        ("core", "flink-table/flink-table-planner/src/main/java/a/B.java", False),
        ("python", "flink-table/flink-table-planner/src/main/java/a/B.java", True),
        ("tests", "flink-yarn/src/main/java/a/B.java", False),
        ("core", "docs/content/a.md", False),
        ("misc", "pom.xml", True),
    ],
)
def test_what_a_change_can_break(job, path, said):
    assert reaches(job, [path]) == said


def test_the_reason_says_how_often_and_where_it_was_seen_lately():
    found = verdict(Evidence(ticket="FLINK-1", ticket_closed=True, builds=3, branches=("master",)))
    assert found.reason == "FLINK-1, which is closed, names it; 3 other builds in a week, on master"


RUNTIME = "flink-runtime/src/main/java/org/apache/flink/runtime"


@pytest.mark.parametrize(
    ("key", "path", "part"),
    [
        ("org.apache.flink.runtime.jobmaster.JobMasterTest#testX", f"{RUNTIME}/jobmaster/JobMaster.java", "jobmaster"),
        ("org.apache.flink.runtime.jobmaster.JobMasterTest#testX", f"{RUNTIME}/jobmaster/slot/Pool.java", "slot"),
        ("org.apache.flink.runtime.jobmaster.JobMasterTest#testX", f"{RUNTIME}/rest/Rest.java", ""),
        ("org.apache.flink.runtime.FooTest#testX", f"{RUNTIME}/rest/Rest.java", ""),
        ("a.b.FooTest$Inner#testX", "m/src/test/java/a/b/FooTest.java", "own file"),
        ("a.b.FooTest", "m/src/test/scala/a/b/FooTest.scala", "own file"),
        ("a.b.FooTest#testX", "docs/content/a/b/FooTest.md", ""),
        ("FooTest#testX", "m/src/test/java/a/b/FooTest.java", ""),
        ("pyflink.table.tests.test_udf.T#x", "flink-python/pyflink/table/udf.py", "pyflink/table"),
        ("pyflink.table.tests.test_udf.T#x", "flink-python/pyflink/table/tests/test_udf.py", "own file"),
        ("pyflink.table.tests.test_udf.T#x", "flink-python/pyflink/datastream/x.py", ""),
        ("Resuming Savepoint (a) end-to-end test", "flink-end-to-end-tests/run-nightly-tests.sh", "end-to-end"),
        ("Resuming Savepoint (a) end-to-end test", "flink-core/pom.xml", ""),
        ("", "a", ""),
    ],
)
def test_a_test_is_of_code_that_is_changed(key, path, part):
    found = touched(key, ["README.md", path])
    assert (part in found) if part else found == ""


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

    def test_a_red_branch_counts_a_week_before_the_pull_request_left_it_and_no_later(self):
        base_at = timezone.now() - timedelta(days=3)
        remember_head(7, SHA, "b" * 40, base_at, [], timezone.now())
        for before, said in (
            (timedelta(days=8), "unsure"),
            (timedelta(days=-2), "unsure"),
            (timedelta(days=2), "red on"),
        ):
            red = failed(None, "c" * 40, 1, branch="master", queued_at=base_at - before)
            assert word().startswith(said)
            red.build.delete()

    def test_code_that_the_pull_request_changes(self):
        remember_head(7, SHA, "b" * 40, timezone.now(), ["m/src/main/java/a/Foo.java"], timezone.now())
        assert word() == "in code it changes"

    def test_jobs_that_failed_without_a_test(self, failure):
        make_job(failure.build, name="license", result="failed", cause="style", cause_line="Suffix Check failed.")
        make_job(failure.build, name="e2e", result="failed", cause="network")
        make_job(failure.build, name="new", result="failed")  # not looked at yet
        found = judge_pull(7, SHA, (7,))
        assert [(each.name, each.verdict.word) for each in found] == [
            (NAME, "first seen here"),
            ("network or download", "infrastructure"),
            ("style or licence", "its own"),
        ]
        red = make_build(77, scope="branch", result="failed", version="c" * 40)
        make_job(red, name="license", result="failed", cause="style")
        assert judge_pull(7, SHA, (7,))[2].verdict.word == "red on branches too"

    def test_a_pattern_that_the_log_matches(self, failure):
        pattern = Pattern.objects.create(name="Kafka is slow", lines="x", state="live")
        row = Failure.objects.create(kind="pattern", key=pattern.name, pattern=pattern)
        PatternHit.objects.create(failure=row, job=failure.job, build=failure.build, at=failure.at)
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
