"""Builds, jobs and agents as programs read them."""

import pytest
from django.core.cache import cache

from agents.models import Pool, Test, TestFailure
from tests.machines import make_agent, make_build, make_job

pytestmark = pytest.mark.django_db
TIMES = ("queued_at", "started_at", "finished_at")


@pytest.fixture(autouse=True)
def fresh_counters(db):
    """Forget who asked how often."""
    cache.clear()


def asked(browser, path) -> list:
    answer = browser.get(f"/api/v1/{path}")
    assert answer.status_code == 200, answer.content
    return answer.json()["results"]


def test_a_build_is_named_by_its_service_and_its_number_there(member):
    make_build(79300, repository="flink-ci/flink", branch="ci_7_ab", pull_number=7)
    (one,) = asked(member, "builds")
    assert {name: value for name, value in one.items() if name not in TIMES} == {
        "provider": "azure",
        "id": 79300,
        "number": "",
        "repository": "flink-ci/flink",
        "branch": "ci_7_ab",
        "sha": f"{79300:040x}",
        "pull": 7,
        "reason": "push",
        "status": "finished",
        "result": "succeeded",
        "attempt": 1,
        "url": "https://dev.azure.com/x/_build/results?buildId=79300",
    }
    assert member.get("/api/v1/builds/azure/79300").json() == one | {"jobs": []}
    assert member.get("/api/v1/builds/elsewhere/79300").status_code == 404


def test_a_build_under_way_has_no_result_yet(member):
    make_build(1, status="running", result="", finished_at=None)
    (one,) = asked(member, "builds")
    assert (one["status"], one["result"], one["finished_at"]) == ("running", None, None)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("branch=master", [1]),
        ("branch=mast", []),
        ("pull=7", [2]),
        (f"sha={2:040x}", [2]),
        ("result=failed", [2]),
        ("provider=azure", [2, 1]),
        ("provider=elsewhere", []),
    ],
)
def test_filters_are_exact(member, query, found):
    make_build(1)
    make_build(2, branch="ci_7_ab", pull_number=7, result="failed")
    assert [each["id"] for each in asked(member, f"builds?{query}")] == found


def test_a_builds_jobs_say_where_they_ran_and_what_failed(member, django_assert_max_num_queries):
    build = make_build(1, result="failed")
    job = make_job(build, "test_ci core", "failed", worker_name="AlibabaCI001-agent01", cause="test")
    make_job(build, "test_ci table")
    test = Test.objects.create(name="org.apache.flink.ATest#works")
    TestFailure.objects.create(test=test, job=job, build=build, at=build.finished_at, source="log")
    with django_assert_max_num_queries(13):  # half of them count how often this account asks
        core, table = member.get("/api/v1/builds/azure/1").json()["jobs"]
    assert (core["name"], core["attempt"], core["result"], core["host"]) == ("test_ci core", 1, "failed", "alibaba")
    assert (core["agent"], core["failing_tests"]) == ("AlibabaCI001-agent01", ["org.apache.flink.ATest#works"])
    assert (table["agent"], table["failing_tests"]) == (None, [])
    assert (core["cause"], table["cause"]) == ("test", None)


def test_an_agent_says_what_it_does(member):
    pool = Pool.objects.create(external_id=1, name="Default", host="alibaba")
    job = make_job(make_build(1))
    make_agent(pool, state="busy", current_job=job, current_since=job.started_at)
    make_agent(pool, "AlibabaCI002-agent01", state="offline", host="")
    busy, away = asked(member, "agents")
    assert (busy["name"], busy["host"], busy["state"], busy["job"]) == (
        "AlibabaCI001-agent01",
        "alibaba",
        "busy",
        "test_ci core",
    )
    assert (away["host"], away["job"]) == (None, None)
    assert [each["name"] for each in asked(member, "agents?state=offline")] == ["AlibabaCI002-agent01"]
    assert [each["name"] for each in asked(member, "agents?host=alibaba")] == ["AlibabaCI001-agent01"]
