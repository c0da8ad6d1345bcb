"""A head by Flink's rule of merging, as its page and programs are told of it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agents.migration.authority import PULLS, Choice, Purpose, decide
from agents.models import Commit, Failure, KnownTicket, Pattern, PatternHit, PullHead, Test, TestFailure
from sync.models import PullRequest
from tests.machines import make_build, make_job, minutes
from tests.reading import read

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bootstrapped")]
HEAD, OLD = "a" * 40, "b" * 40


@pytest.fixture
def pull(db):
    now = timezone.now()
    return PullRequest.objects.create(
        number=7, title="A title", author="ada", base="master", head_sha=HEAD, created_at=now, updated_at=now
    )


def build(number, sha=HEAD, **facts):
    facts = {"branch": f"ci_7_{sha}", "version": sha, "pull_number": 7, "scope": "pull"} | facts
    return make_build(number, **facts)


def known(job, name="a.FooITCase.testBar"):
    test, _ = Test.objects.get_or_create(name=name)
    TestFailure.objects.create(test=test, job=job, build=job.build, at=minutes(9), source="log")
    ticket, _ = KnownTicket.objects.get_or_create(jira_id=1, defaults={"key": "FLINK-77", "updated_at": minutes(0)})
    Failure.objects.get_or_create(test=test, defaults={"key": name, "ticket": ticket})


def readiness(member):
    return member.get("/api/v1/pulls/7").json()["readiness"]


def test_a_head_whose_stages_succeeded_in_two_builds(member, pull):
    first, second = build(1, result="failed"), build(2)
    make_job(first, "core"), make_job(first, "table", "failed"), make_job(second, "table")
    make_job(build(3, OLD), "connect")
    found = readiness(member)
    assert found["complete"] and {each["name"]: each["build"] for each in found["stages"]} == {"core": 1, "table": 2}
    text = read(member, "pull_request", 7)
    assert "Each of the 2 stages has succeeded" in text and first.web_url in found["text"]
    assert "for a committer to decide" in text and "can be merged" not in text
    assert "is not known here" in text
    Commit.objects.create(branch="master", order=1, sha="c" * 40, subject="Later", at=timezone.now())
    Commit.objects.create(branch="master", order=0, sha="d" * 40, subject="Before", at=minutes(10_000))
    text = read(member, "pull_request", 7)
    assert "Later" in text and "Before" not in text and "has seen 1 commit of master" in " ".join(text.split())


def test_red_stages_whose_failures_are_all_known_are_named_apart(member, pull):
    red = build(1, result="failed")
    make_job(red, "compile")
    core, table = make_job(red, "core", "failed", cause="test"), make_job(red, "table", "failed", cause="test")
    known(core), known(table)
    known(make_job(red, "style", "failed", cause="style"))
    other = Test.objects.create(name="a.Other.testX")
    TestFailure.objects.create(test=other, job=table, build=red, at=minutes(9), source="log")
    standings = {each["name"]: each["standing"] for each in readiness(member)["stages"]}
    assert standings == {"compile": "succeeded", "core": "failed, all known", "table": "failed", "style": "failed"}
    assert "All failures are known in" in read(member, "pull_request", 7)


def test_the_number_of_queries_stays(member, pull):
    counts = []
    for number in (1, 2):
        row = build(number, result="failed", queued_at=timezone.now() - timedelta(hours=number))
        for name in ("compile", "core", "table"):
            known(make_job(row, name, "failed"), f"a.Foo{number}{name}.testX")
        read(member, "pull_request", 7)
        with CaptureQueriesContext(connection) as queries:
            read(member, "pull_request", 7)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_red_head_explains_itself(member, pull):
    job = make_job(build(1, result="failed"), "test_ci core", "failed", cause="test", cause_line="boom <b>")
    known(job)
    make_job(build(2, OLD, result="failed"), "test_ci table", "failed", cause="compile", cause_line="older head")
    text = read(member, "pull_request", 7)
    for words in (
        "What failed on its head",
        "boom &lt;b&gt;",
        "FLINK-77",
        "1, 7, 30 days",
        "test.randomization.seed",
        "-Djdk17",
    ):
        assert words in text
    assert "older head" not in text and "/failures/tests/a.FooITCase%23testBar/" in text


def test_the_service_that_has_the_say_decides(member, pull):
    make_job(build(1, result="failed"), "core", "failed")
    fork = make_build(9, version=HEAD, provider="actions", scope="pull", branch="patch")
    make_job(fork, "Default (Java 17) / Test (module: core)")
    assert not readiness(member)["complete"]
    decide(PULLS, Purpose.TESTING, Choice.ACTIONS, "It is ready.", "ada", timezone.now())
    found = readiness(member)
    assert found["complete"] and {each["provider"] for each in found["stages"]} == {"azure", "actions"}
    assert "does not decide" in read(member, "pull_request", 7)


def test_a_stage_that_a_pattern_knows_is_known_too(member, pull):
    job = make_job(build(1, result="failed"), "core", "failed", cause="network", cause_line="Connection reset")
    pattern = Pattern.objects.create(name="Maven Central resets", lines="reset", ticket="FLINK-78", state="live")
    row = Failure.objects.create(kind="pattern", key=pattern.name, pattern=pattern)
    PatternHit.objects.create(failure=row, job=job, build=job.build, at=minutes(9))
    assert [each["standing"] for each in readiness(member)["stages"]] == ["failed, all known"]


def test_what_has_landed_counts_from_where_the_head_left_its_branch(member, pull):
    make_job(build(1), "core")
    for order, age in enumerate((9000, 5000, 1)):
        Commit.objects.create(branch="master", order=order, sha=f"{order:040x}", subject=f"C{order}", at=minutes(age))
    facts = {"base_sha": "b" * 40, "base_at": minutes(6000), "seen_at": minutes(1), "files": ["docs/a.md"]}
    PullHead.objects.create(number=7, sha=HEAD, **facts)
    text = " ".join(read(member, "pull_request", 7).split())
    assert "Since it left master" in text and "has seen 2 commits of master" in text and "documentation alone" in text
