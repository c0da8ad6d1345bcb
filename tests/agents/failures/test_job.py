"""`match_failures` against the sandbox's Jira: what is known follows its tickets, and nothing new costs one request."""

from datetime import timedelta

import pytest
from django.utils import timezone

from agents.migration.rows import refresh_pairs
from agents.models import Failure, KnownTicket, Pair, Test, TestFailure
from flinkci_dashboard.clients import jira
from flinkci_dashboard.jobs.run import run_pass
from tests.machines import make_build, make_job
from tests.migration import make_run, pair_up

NAME = "org.apache.flink.FooITCase.testBar"


@pytest.fixture(autouse=True)
def quick(world, bootstrapped, monkeypatch):
    """Ask Jira without pauses."""
    monkeypatch.setattr(jira, "PAUSE", 0.0)


def fail_test(name=NAME, number=1):
    build = make_build(number, result="failed")
    test, _ = Test.objects.get_or_create(name=name)
    job = make_job(build, result="failed")
    return TestFailure.objects.create(test=test, job=job, build=build, at=timezone.now(), source="log")


def known(name=NAME):
    row = Failure.objects.select_related("ticket", "maybe").get(test__name=name)
    return str(row.ticket or ""), str(row.maybe or "")


def match(outcome="ok"):
    run = run_pass("match_failures", "schedule")
    assert run.outcome == outcome, run.error
    return run


def unstable(world, key, summary, **facts):
    return world.jira.create(key, summary=summary, labels=["test-stability"], **facts)


def test_a_failing_test_is_known_by_its_ticket(world):
    fail_test()
    unstable(world, "FLINK-1", "FooITCase.testBar fails with TimeoutException")
    unstable(world, "FLINK-2", "FooITCase is unstable")
    world.jira.create("FLINK-3", summary="FooITCase.testBar is without the label")
    match()
    assert known() == ("FLINK-1", "")
    assert Failure.objects.get().key == "org.apache.flink.FooITCase#testBar"


def test_a_class_alone_is_maybe(world):
    fail_test()
    unstable(world, "FLINK-2", "FooITCase is unstable")
    match()
    assert known() == ("", "FLINK-2")


def test_what_is_new_in_jira_is_known_in_the_next_pass(world):
    fail_test()
    match()
    assert known() == ("", "")
    unstable(world, "FLINK-1", "FooITCase.testBar fails")
    match()
    assert known() == ("FLINK-1", "")
    world.jira.edit("FLINK-1", summary="Something else")
    match()
    assert known() == ("", "")


def test_a_pass_with_nothing_new_costs_one_request_and_no_row(world):
    fail_test()
    unstable(world, "FLINK-1", "FooITCase.testBar fails")
    match()
    before = list(Failure.objects.values()), list(KnownTicket.objects.values())
    mark = world.log_mark()
    run = match()
    assert len(world.since(mark, "jira")) == 1
    assert run.counts == {}
    assert before == (list(Failure.objects.values()), list(KnownTicket.objects.values()))


def test_a_ticket_that_lost_its_label_knows_nothing_within_a_day(world, monkeypatch):
    fail_test()
    unstable(world, "FLINK-1", "FooITCase.testBar fails")
    unstable(world, "FLINK-9", "Another")
    match()
    world.jira.edit("FLINK-1", labels=[])
    match()
    monkeypatch.setattr("agents.failures.tickets.ASK_ALL", timedelta(0))
    match()
    assert known() == ("", "")
    assert set(KnownTicket.objects.filter(labelled=True).values_list("key", flat=True)) == {"FLINK-9"}


def test_an_answer_without_any_ticket_forgets_none(world, monkeypatch):
    fail_test()
    unstable(world, "FLINK-1", "FooITCase.testBar fails")
    match()
    monkeypatch.setattr("agents.failures.tickets.ASK_ALL", timedelta(0))
    world.fault(service="jira", path="/search", status=200, body='{"startAt": 0, "total": 0, "issues": []}', times=1)
    match()
    assert known() == ("FLINK-1", "")


def test_without_jira_new_tests_are_matched_with_what_is_known(world):
    fail_test()
    unstable(world, "FLINK-1", "FooITCase.testBar fails")
    match()
    fail_test("org.apache.flink.OtherTest.testX", 2)
    unstable(world, "FLINK-2", "OtherTest.testX fails")
    world.fault(service="jira", path="/search", status=500, times=9)
    assert run_pass("match_failures", "schedule").outcome != "ok"
    assert known("org.apache.flink.OtherTest.testX") == ("", "")
    world.clear_faults()
    match()
    assert known("org.apache.flink.OtherTest.testX") == ("FLINK-2", "")


def test_every_page_of_tickets_is_read(world):
    world.jira.page_limit = 2
    for number in range(5):
        unstable(world, f"FLINK-{number + 1}", f"Class{number}Test.testX fails")
    match()
    assert KnownTicket.objects.count() == 5


def test_a_ticket_explains_where_two_services_differed(world):
    failure = fail_test()
    run = make_run(2, failure.build.version)
    make_job(run, "Default (Java 17) / Test (module: core)", host="github")
    pair_up(failure.build, run)
    assert Pair.objects.get().groups.get().why == ["profile"]
    unstable(world, "FLINK-1", "FooITCase.testBar fails with TimeoutException")
    match()
    refresh_pairs(timezone.now())
    assert Pair.objects.get().groups.get().why == ["flaky"]
