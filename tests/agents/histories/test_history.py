"""A page for each test: when, where and on what it failed, how often its jobs passed, and since which commits."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agents.models import Commit, Failure, KnownTicket, Test, TestFailure
from tests.machines import make_agent, make_build, make_job, minutes
from tests.reading import read

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bootstrapped")]
NAME, KEY = "org.apache.flink.FooITCase.testBar", "org.apache.flink.FooITCase#testBar"
DAY = 24 * 60


def ran(number, ago, result="failed", name="test_ci core", failing=True, seconds=None, job=None, **build):
    """A job of a build that ended some minutes ago, in which the test failed, or not."""
    row = make_build(number, ago, result=result, **build)
    made = make_job(row, name, result, finished_at=minutes(ago), **job or {})
    if failing:
        test, _ = Test.objects.get_or_create(name=NAME)
        facts = {"at": minutes(ago), "source": "results", "message": "java.lang.Error: boom", "seconds": seconds}
        TestFailure.objects.create(test=test, job=made, build=row, **facts)
    return row


def page(member, key=KEY):
    return " ".join(read(member, "failing_test", key).split())


def history(member):
    return member.get(reverse("failing_test", args=[KEY])).context["test"]


def test_it_says_where_and_on_what_it_failed(member, pool):
    ran(1, 60, seconds=90.0, job={"agent": make_agent(pool, "AlibabaCI001-agent01")})
    ran(2, 90, name="test_cron_jdk11 core", branch="release-2.2", reason="schedule", job={"worker_name": "hosted 3"})
    ran(3, 2 * DAY, branch="ci_7_ab", scope="pull", pull_number=7)
    found = history(member)
    assert dict(found.places["Branch"]) == {"master": 1, "release-2.2": 1, "pull requests": 1}
    assert dict(found.places["JDK and profile"]) == {"JDK 17, default": 1, "JDK 11, default": 1, "default": 1}
    assert dict(found.places["Machine"]) == {"AlibabaCI001-agent01": 1, "hosted 3": 1, "not known": 1}
    assert (found.seen.hits_1d, found.seen.hits_7d, found.seen.hits_30d) == (2, 3, 3)
    text = page(member)
    assert "in 2 builds in a day, 3 in 7 days, 3 in 30 days" in text
    assert "1 min 30 s" in text and "/pulls/7/" in text and "not looked for yet" in text


def test_its_pass_rate_is_of_the_runs_of_its_jobs(member):
    for number in range(1, 4):
        ran(number, number * 60, "succeeded", failing=False)
    ran(4, 30)
    ran(5, 10, "canceled", failing=False)
    ran(6, 10, "succeeded", name="test_ci table", failing=False)
    ran(7, 10, scope="pull", pull_number=7)
    found = history(member)
    assert (found.rate.runs, found.rate.failed, found.rate.percent) == (4, 1, "75.0%")
    assert "failed in 1 of 4 runs" in page(member) and "may have ended before they came to it" in page(member)


def test_what_failed_once_in_thousands_is_not_said_to_pass_always(member):
    for number in range(3):
        ran(number + 1, number + 1, "succeeded", failing=False)
    ran(9, 9)
    found = history(member)
    assert type(found.rate)(100_000, 1).percent == "99.9%"


def test_the_commits_in_question_stand_between_the_last_green_and_the_first_red_run(member):
    for order in range(4):
        sha = f"{order:040x}"
        Commit.objects.create(branch="master", order=order, sha=sha, subject=f"Change {order}", author="Ada")
    ran(1, 300, "succeeded", failing=False, version=f"{0:040x}")
    ran(2, 200, version=f"{2:040x}")
    ran(3, 100, version=f"{3:040x}")
    text = page(member)
    assert "since one of 2 commits after 0000000000 up to 0000000000" in text
    assert "Change 1" in text and "Change 2" in text and "Change 0" not in text and "Change 3" not in text


def test_without_a_green_run_before_nobody_is_blamed(member):
    ran(2, 200)
    assert "no run that passed is known" in page(member)


def test_its_ticket_and_its_file_are_linked(member):
    ran(1, 60)
    ticket = KnownTicket.objects.create(jira_id=1, key="FLINK-77", status="Open", updated_at=minutes(9))
    Failure.objects.create(test=Test.objects.get(), key=KEY, ticket=ticket)
    text = page(member)
    assert "browse/FLINK-77" in text and "FooITCase." in text and "type=code" in text and "type=commits" in text
    assert "not read yet" in text and "once the mirror sync has fetched" in text, "until what is mirrored was read"


def test_it_is_led_to_from_where_it_failed(member):
    build = ran(1, 60)
    Failure.objects.create(test=Test.objects.get(), key=KEY)
    address = "/failures/tests/org.apache.flink.FooITCase%23testBar/"
    for path in (build.get_absolute_url(), "/failures/"):
        assert f'href="{address}"' in member.get(path).content.decode()
    assert member.get("/search?q=FooITCase")["Location"] == address


@pytest.mark.parametrize("name", ["pyflink.a.test_b.T.test_c", "Some <b>title</b> of a test", "a.b#c d/é?x=1&y"])
def test_any_name_has_an_address(member, name):
    test = Test.objects.create(name=name)
    row = make_build(1, result="failed")
    TestFailure.objects.create(test=test, job=make_job(row, result="failed"), build=row, at=minutes(1), source="log")
    answer = member.get(test.get_absolute_url())
    assert answer.status_code == 200 and b"<b>title" not in answer.content


def test_what_never_failed_has_no_page(member):
    assert member.get("/failures/tests/a.Foo%23testBar/").status_code == 404
    assert member.get("/failures/tests/a%00b/").status_code == 404


def test_the_number_of_queries_stays(member):
    counts = []
    for number in range(1, 4):
        for each in range(3):
            ran(10 * number + each, 10 * number + each, branch=f"release-2.{each}", name=f"test_ci {each}")
        page(member)
        with CaptureQueriesContext(connection) as queries:
            page(member)
        counts.append(len(queries))
    assert counts[0] == counts[-1] <= 24
