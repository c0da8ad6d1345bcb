"""A pass over builds: the tests that failed, by published results, or by logs where there are none."""

from datetime import timedelta

import pytest
from django.utils import timezone

from agents.models import Build, Job, TestFailure, Watermark
from tests.builds import polled, push

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("bootstrapped")]


def test_failing_tests_come_from_published_results(azure):
    made = push(azure)
    azure.finish(made.id, "failed", ["test_ci.core"])
    polled()
    failure = TestFailure.objects.get()
    assert failure.test.name.endswith("JobMasterTest.testSlotRequestTimeout")
    assert (failure.source, failure.job.key) == ("results", "ci.test_ci.core.__default")
    assert failure.message == "java.lang.AssertionError: expected: 4 but was: 3"
    assert Build.objects.get().failed_tests == 1


def test_runs_of_tests_in_which_nothing_failed_cost_no_call(azure, world):
    azure.passing_runs = 16
    made = push(azure)
    azure.finish(made.id, "failed", ["test_ci.core", "compile_ci"])
    azure.publish(made.id, "compile_ci", ["org.apache.flink.ATest.test"])
    mark = world.log_mark()
    polled()
    assert {failure.job.key for failure in TestFailure.objects.all()} == {
        "ci.test_ci.core.__default",
        "ci.compile_ci.__default",
    }
    assert len([each for each in world.since(mark, "azure") if "/test/Runs/" in each.path]) == 2


def test_failing_tests_come_from_the_log_where_none_are_published(azure):
    made = push(azure)
    azure.finish(made.id, "failed", ["test_ci.python"])
    polled()
    failure = TestFailure.objects.get()
    assert (failure.source, failure.message) == ("log", "AssertionError: expected 3, got 2")
    assert failure.test.name.endswith(".test_chaining")


def test_failing_tests_are_looked_for_once(azure, world):
    made = push(azure)
    azure.finish(made.id, "failed", ["compile_ci"])
    polled()
    mark = world.log_mark()
    polled()
    assert not [request for request in world.since(mark, "azure") if "/test/" in str(request)]
    assert not TestFailure.objects.exists()


def test_without_the_scope_for_test_results_logs_tell_and_the_pass_is_fine(azure, world):
    world.fault(service="azure", path="/test/Runs", status=401, times=99)
    for _ in range(2):
        azure.finish(push(azure).id, "failed", ["test_ci.core"])
        polled()
    assert set(TestFailure.objects.values_list("source", "job__key")) == {("log", "ci.test_ci.core.__default")}
    assert "vso.test" in Watermark.objects.get(name="tests:azure").note
    world.clear_faults()
    azure.finish(push(azure).id, "failed", ["test_ci.core"])
    polled()
    assert Watermark.objects.get(name="tests:azure").note == ""
    assert TestFailure.objects.filter(source="results").count() == 1


def test_failing_tests_are_looked_for_again_where_azure_shows_no_logs(azure, world):
    fault = world.fault(service="azure", path=r"/logs(\?|$)", status=200, body='{"count": 0, "value": []}', times=99)
    azure.finish(push(azure).id, "failed", ["test_ci.python"])
    polled()
    polled()
    assert fault.times == 98, "not in each pass"
    assert not TestFailure.objects.exists()
    world.clear_faults()
    Build.objects.update(tests_tried_at=timezone.now() - timedelta(minutes=11))
    polled()
    assert TestFailure.objects.get().test.name.endswith(".test_chaining")


@pytest.mark.parametrize("answer", [{"status": 404}, {"status": 200, "body": '{"count": 0, "value": []}'}])
def test_failing_tests_that_are_missing_twice_are_given_up(azure, world, answer):
    world.fault(service="azure", path=r"/logs(\?|$)", times=99, **answer)
    azure.finish(push(azure).id, "failed", ["test_ci.python"])
    polled()
    long_ago = timezone.now() - timedelta(minutes=11)
    Build.objects.update(tests_tried_at=long_ago, tests_missing_at=long_ago)
    polled()
    assert not Job.objects.filter(tests_pending=True).exists()


def test_builds_whose_test_results_are_refused_do_not_starve_the_others(azure, world, monkeypatch):
    monkeypatch.setattr("agents.builds.failing_tests.BUILDS", 1)
    older = push(azure)
    azure.finish(older.id, "failed", ["test_ci.core"])
    world.fault(service="azure", path="/test/Runs", status=400, times=1)
    polled("partial")
    sick = push(azure)
    azure.finish(sick.id, "failed", ["test_ci.core"])
    world.fault(service="azure", path=f"/test/Runs.*{sick.id}", status=400, times=99)
    polled("partial")
    Build.objects.filter(external_id=older.id).update(tests_tried_at=None)
    polled()
    assert TestFailure.objects.get().build.external_id == older.id
