"""`poll_builds` over a living Azure: builds, attempts, hosts, failing tests, and what it costs when nothing happens."""

from datetime import timedelta

import pytest
from django.utils import timezone

from agents.models import Agent, Build, BuildPeriod, HostPeriod, HostRule, Job, Pool, StaleDay, TestFailure, Watermark
from flinkci_dashboard.jobs.run import run_pass
from flinkci_dashboard.models import JobRun
from flinkci_dashboard.sandbox.azure.pipeline import HOSTED

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("bootstrapped")]
MIRROR = "flink-ci/flink-mirror"
SHA = "a" * 40


def poll() -> JobRun:
    run = run_pass("poll_builds", "command")
    assert run
    return run


def polled(outcome: str = "ok") -> JobRun:
    run = poll()
    assert (run.outcome, run.error) == (outcome, "") or (outcome != "ok" and run.outcome == outcome), run.error
    return run


@pytest.fixture
def azure(world):
    world.azure.start_builds = False
    return world.azure


def push(azure, branch: str = "master", reason: str = "individualCI"):
    azure.move()
    return azure.queue(MIRROR, branch, SHA, reason, "[FLINK-1] Fix\n\nbody")


def test_a_build_is_followed_from_the_queue_to_its_end(azure):
    made = push(azure)
    polled()
    build = Build.objects.get()
    assert (build.external_id, build.branch, build.status, build.message) == (
        made.id,
        "master",
        "running",
        "[FLINK-1] Fix",
    )
    assert build.jobs.get(key="ci.compile_ci.__default").status == "running"
    assert build.jobs.get(key="ci.test_ci.core.__default").status == "queued"
    azure.clock.advance(minutes=300)
    polled()
    build.refresh_from_db()
    assert (build.status, build.result, build.jobs_pending) == ("finished", "succeeded", False)
    assert set(build.jobs.values_list("result", flat=True)) == {"succeeded"}
    assert build.hosts == "alibaba,azure"


def test_a_pass_with_nothing_new_makes_two_calls_and_writes_nothing(azure, world):
    push(azure)
    azure.clock.advance(minutes=300)
    for _ in range(4):
        polled()
    mark = world.log_mark()
    before = list(Build.objects.values()), list(Job.objects.values()), list(Watermark.objects.values())
    run = polled()
    assert len(world.since(mark, "azure")) == 2
    assert run.counts == {}
    assert before == (list(Build.objects.values()), list(Job.objects.values()), list(Watermark.objects.values()))


def test_a_finished_build_is_read_once(azure, world):
    made = push(azure)
    azure.clock.advance(minutes=300)
    polled()
    mark = world.log_mark()
    polled()
    assert not [request for request in world.since(mark, "azure") if f"/{made.id}/" in str(request)]


def test_a_jobs_wait_and_run_are_measured_apart(azure):
    for _ in range(6):
        push(azure)
    azure.move()
    azure.clock.advance(minutes=600)
    polled()
    compiled = Job.objects.filter(key="ci.compile_ci.__default").order_by("build__external_id").first()
    assert compiled.run_seconds == 22 * 60
    assert compiled.wait_seconds == 0
    assert Job.objects.filter(host="azure", wait_seconds__gt=0).exists(), "ten hosted machines, eighteen hosted jobs"


def test_a_retry_adds_an_attempt_and_keeps_the_first(azure):
    made = push(azure)
    azure.finish(made.id, "failed", ["test_ci.core"])
    polled()
    azure.retry(made.id)
    polled()
    assert Build.objects.get().status in ("queued", "running")
    azure.clock.advance(minutes=300)
    polled()
    build = Build.objects.get()
    assert (build.result, build.attempt, build.failed_jobs) == ("succeeded", 2, 0)
    attempts = build.jobs.filter(key="ci.test_ci.core.__default").order_by("attempt")
    assert list(attempts.values_list("attempt", "result", "latest")) == [(1, "failed", False), (2, "succeeded", True)]
    assert build.jobs.filter(key="ci.compile_ci.__default").count() == 1, "what succeeded is not run again"


def test_earlier_attempts_that_were_never_seen_are_fetched_once(azure, world):
    made = push(azure)
    azure.finish(made.id, "failed", ["test_ci.core"])
    azure.retry(made.id)
    azure.clock.advance(minutes=300)
    polled()
    attempts = Job.objects.filter(key="ci.test_ci.core.__default").order_by("attempt")
    assert list(attempts.values_list("attempt", "result")) == [(1, "failed"), (2, "succeeded")]


def test_an_old_build_that_is_retried_is_noticed(azure):
    made = push(azure)
    azure.finish(made.id, "failed")
    polled()
    azure.clock.advance(days=20)
    azure.move()
    azure.retry(made.id)
    polled()
    assert Build.objects.get().status == "running"


def test_what_happened_while_nobody_looked_is_caught_up(azure):
    push(azure)
    azure.clock.advance(minutes=300)
    polled()
    ids = [push(azure, branch).id for branch in ("master", "release-2.1")]
    azure.clock.advance(days=3)
    ids.append(push(azure).id)
    polled()
    assert set(ids) <= set(Build.objects.values_list("external_id", flat=True))
    assert Build.objects.filter(status="finished").count() == 3
    assert Build.objects.filter(status="running").count() == 1


def test_the_past_is_read_page_by_page(azure, monkeypatch):
    monkeypatch.setattr("agents.builds.observe.HISTORY_PAGE", 2)
    for _ in range(7):
        push(azure)
        azure.clock.advance(minutes=300)
    azure.move()
    for _ in range(8):
        polled()
    assert Build.objects.count() == 7
    assert Watermark.objects.get(name="history:azure").note == ""


def test_a_build_deleted_in_azure_stays_here(azure):
    made = push(azure)
    azure.clock.advance(minutes=300)
    polled()
    azure.expire(made.id)
    polled()
    assert Build.objects.get().jobs.count() > 0


def test_a_build_deleted_before_its_end_waits_for_nothing(azure):
    made = push(azure)
    polled()
    azure.expire(made.id)
    polled()
    build = Build.objects.get()
    assert (build.status, build.gone_at is not None) == ("finished", True)
    assert not build.jobs.exclude(status="finished").exists()


def test_a_build_that_expired_before_its_jobs_were_read_is_given_up(azure, world):
    made = push(azure)
    azure.clock.advance(minutes=300)
    world.fault(service="azure", path=f"/builds/{made.id}/timeline", status=400, times=99)
    polled("partial")
    assert Build.objects.get().jobs_pending
    world.clear_faults()
    azure.expire(made.id)
    Build.objects.update(jobs_tried_at=None)
    polled()
    assert not Build.objects.get().jobs_pending


def test_one_unreadable_build_does_not_stop_the_others(azure, world):
    broken, fine = push(azure), push(azure, "release-2.1")
    azure.clock.advance(minutes=300)
    world.fault(service="azure", path=f"/builds/{broken.id}/timeline", status=400, times=99)
    assert polled("partial").error
    assert Build.objects.get(external_id=fine.id).jobs.exists()
    assert not Build.objects.get(external_id=broken.id).jobs.exists()


def test_hosts_come_from_the_pool(azure):
    push(azure)
    azure.clock.advance(minutes=300)
    polled()
    assert set(Job.objects.filter(key__contains="e2e").values_list("host", "pool__name")) == {("azure", HOSTED)}
    assert set(Job.objects.filter(key__contains="test_ci").values_list("host", "pool__name")) == {
        ("alibaba", "Default")
    }


def test_without_queues_the_workers_name_tells_the_host(azure, world):
    world.fault(service="azure", path="distributedtask/queues", status=403, times=99)
    push(azure)
    azure.clock.advance(minutes=300)
    polled()
    assert set(Job.objects.values_list("host", flat=True)) == {"azure", "alibaba"}
    assert set(Job.objects.values_list("pool", flat=True)) == {None}


def test_a_worker_that_no_rule_knows_is_told_by_its_log(azure, world):
    world.fault(service="azure", path="distributedtask/queues", status=403, times=99)
    HostRule.objects.filter(pattern="AlibabaCI#-agent#").delete()
    push(azure)
    azure.clock.advance(minutes=300)
    polled()
    assert set(Job.objects.filter(key__contains="test_ci").values_list("host", flat=True)) == {"alibaba"}, "by machine"


def test_a_worker_that_nothing_tells_stays_unknown_until_a_rule_does(azure, world):
    world.fault(service="azure", path="distributedtask/queues", status=403, times=99)
    HostRule.objects.filter(host="alibaba").delete()
    push(azure)
    azure.clock.advance(minutes=300)
    polled()
    tests = Job.objects.filter(key__contains="test_ci")
    assert set(tests.values_list("host", flat=True)) == {""}
    mark = world.log_mark()
    polled()
    assert not [request for request in world.since(mark, "azure") if "/logs/" in str(request)], "asked once"
    HostRule.objects.create(pattern="AlibabaCI*", host="alibaba")
    polled()
    assert set(tests.values_list("host", flat=True)) == {"alibaba"}
    assert HostPeriod.objects.filter(host="alibaba", finished__gt=0).exists()
    assert not HostPeriod.objects.filter(host="", finished__gt=0).exists(), "the figures follow"


def test_a_pool_may_be_renamed(azure):
    push(azure)
    azure.clock.advance(minutes=300)
    polled()
    Pool.objects.filter(name="Default").update(name="Renamed")
    push(azure)
    azure.clock.advance(minutes=300)
    polled()
    assert Pool.objects.count() == 2
    assert set(Job.objects.filter(key__contains="test_ci").values_list("pool__name", flat=True)) == {"Renamed"}


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
    assert failure.test.name.endswith("::test_chaining")


def test_failing_tests_are_looked_for_once(azure, world):
    made = push(azure)
    azure.finish(made.id, "failed", ["compile_ci"])
    polled()
    mark = world.log_mark()
    polled()
    assert not [request for request in world.since(mark, "azure") if "/test/" in str(request)]
    assert not TestFailure.objects.exists()


def test_low_disk_is_noted_on_job_and_agent(azure):
    azure.agent("AlibabaCI001-agent01").full_disk = True
    push(azure)
    azure.clock.advance(minutes=300)
    polled()
    assert Job.objects.filter(low_disk=True).exists()
    assert Agent.objects.get(name="AlibabaCI001-agent01").low_disk_at
    assert not Agent.objects.get(name="AlibabaCI001-agent02").low_disk_at


def test_figures_of_the_day_are_made_with_the_jobs(azure):
    push(azure)
    azure.clock.advance(minutes=300)
    polled()
    day = HostPeriod.objects.filter(step="day", host="alibaba")
    assert sum(row.finished for row in day) == Job.objects.filter(host="alibaba", result="succeeded").count() == 8
    assert sum(row.succeeded for row in BuildPeriod.objects.filter(step="day", scope="branch")) == 1
    assert sum(Agent.objects.values_list("days__finished", flat=True)) == Job.objects.count()
    assert not StaleDay.objects.exists()


@pytest.mark.parametrize("sign_in", [203, 302, 401])
def test_a_sign_in_page_is_a_refusal_with_a_remedy(azure, monkeypatch, sign_in):
    monkeypatch.setenv("AZURE_TOKEN", "x" * 52)
    azure.sign_in = sign_in
    run = poll()
    assert run.outcome == "failed"
    assert "Store a valid Azure credential" in run.error
    assert Watermark.objects.get(name="builds:azure").note


def test_a_public_project_is_read_without_a_token(azure, monkeypatch):
    monkeypatch.delenv("AZURE_TOKEN")
    push(azure)
    polled()
    assert Build.objects.exists()


def test_an_agents_clock_that_is_behind_makes_no_negative_wait(azure):
    made = push(azure)
    azure.move()
    for job in made.jobs:
        if job.started_at:
            job.started_at -= timedelta(minutes=3)
    polled()
    assert Job.objects.get(key="ci.compile_ci.__default").wait_seconds == 0


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
    assert TestFailure.objects.get().test.name.endswith("::test_chaining")


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


@pytest.mark.parametrize("body", ["", '{"count": 0, "value": []}', '{"records": []}'])
def test_a_finished_build_whose_timeline_is_empty_is_asked_again(azure, world, body):
    made = push(azure)
    polled()
    azure.finish(made.id, "failed")
    world.fault(service="azure", path="timeline", status=200, body=body, times=1)
    polled()
    build = Build.objects.get()
    assert (build.status, build.jobs_pending) == ("finished", True)
    Build.objects.update(jobs_tried_at=timezone.now() - timedelta(minutes=11))
    polled()
    assert not Job.objects.exclude(status="finished").exists()
    assert not Build.objects.get().jobs_pending


def test_one_404_of_a_timeline_ends_nothing(azure, world):
    made = push(azure)
    polled()
    world.fault(service="azure", path="timeline", status=404, times=2)
    polled()
    azure.finish(made.id, "failed")
    polled()
    build = Build.objects.get()
    assert (build.gone_at, build.jobs_pending) == (None, True)
    Build.objects.update(jobs_tried_at=timezone.now() - timedelta(minutes=11))
    polled()
    assert (Build.objects.get().failed_jobs, Build.objects.get().jobs_pending) == (1, False)


@pytest.mark.parametrize("body", ["[1]", '{"records": 5}', '{"records": [{"type": "Stage", "previousAttempts": [1]}]}'])
def test_a_timeline_that_can_not_be_read_is_its_own_trouble(azure, world, body):
    sick, well = push(azure), push(azure)
    world.fault(service="azure", path=f"{sick.id}/timeline", status=200, body=body, times=None)
    passed = poll()
    assert passed.outcome == "partial" and "unusable" in passed.error
    assert Build.objects.get(external_id=well.id).jobs.exists()
    world.clear_faults()
    polled()
    assert Build.objects.get(external_id=sick.id).jobs.exists()


@pytest.mark.parametrize(("times", "expected"), [(1, [1, 2]), (2, [2])])
def test_an_earlier_attempt_that_is_not_found_once_is_looked_for_once_more(azure, world, times, expected):
    made = push(azure)
    azure.finish(made.id, "failed", ["test_ci.core"])
    azure.retry(made.id)
    azure.clock.advance(minutes=300)
    world.fault(service="azure", path=r"timeline/[0-9a-f]", status=404, times=times)
    polled()
    assert Build.objects.get().jobs_pending
    Build.objects.update(jobs_tried_at=timezone.now() - timedelta(minutes=11))
    polled()
    found = Job.objects.filter(key="ci.test_ci.core.__default").order_by("attempt")
    assert (list(found.values_list("attempt", flat=True)), Build.objects.get().jobs_pending) == (expected, False)


def test_jobs_that_are_missing_for_a_day_run_no_longer(azure, world):
    made = push(azure)
    polled()
    azure.finish(made.id, "failed")
    world.fault(service="azure", path="timeline", status=404, times=99)
    polled()
    Build.objects.update(jobs_tried_at=None, jobs_missing_at=timezone.now() - timedelta(hours=25))
    polled()
    assert not Job.objects.exclude(status="finished").exists()
    assert (Build.objects.get().jobs_pending, Build.objects.get().gone_at) == (False, None)


def test_builds_that_wait_are_not_asked_for_their_jobs(azure, world):
    for agent in azure.agents.values():
        agent.enabled = False
    for _ in range(39):
        push(azure)
    polled()
    mark = world.log_mark()
    polled()
    assert len(world.since(mark, "azure")) <= 3
    assert set(Build.objects.values_list("status", flat=True)) == {"queued"}
    for agent in azure.agents.values():
        agent.enabled = True
    azure.clock.advance(minutes=1)
    polled()
    assert Job.objects.filter(status="running").count() >= 5
