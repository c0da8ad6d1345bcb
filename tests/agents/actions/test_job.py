"""`poll_actions` against the sandbox's GitHub: what it asks, and what comes of it."""

import pytest

from agents.models import Build, Job, TestFailure, Workflow
from flinkci_dashboard.sandbox import MIRROR, PULLS, SOURCE
from tests.runs import SHA, asked, poll, row, start

pytestmark = pytest.mark.usefixtures("bootstrapped")


def test_a_run_becomes_a_build_with_the_jobs_of_flink(world):
    run = start(world, message="[FLINK-1] Fix it\n\nLong.")
    world.clock.advance(hours=4)
    poll()
    build = row(run)
    assert (build.definition, build.workflow, build.event) == ("Flink CI (beta)", ".github/workflows/ci.yml", "push")
    assert (build.status, build.result, build.reason, build.scope) == ("finished", "succeeded", "push", "branch")
    assert (build.repository, build.branch, build.version) == (SOURCE, "master", SHA)
    assert build.message == "[FLINK-1] Fix it"
    assert (build.hosts, build.failed_jobs, build.jobs_pending) == ("github", 0, False)
    assert build.web_url.endswith(f"/{SOURCE}/actions/runs/{run.id}")
    job = build.jobs.get(name="Default (Java 17) / Test (module: table)")
    assert (job.stage_key, job.host, job.status, job.result) == ("Default (Java 17)", "github", "finished", "succeeded")
    assert job.worker_name.startswith("GitHub Actions ")
    assert job.agent is None
    assert build.jobs.count() == 13
    assert set(build.stages.values_list("key", flat=True)) == {"Pre-compile Checks", "Default (Java 17)"}


def test_a_pass_without_news_costs_nothing_and_writes_nothing(world, django_assert_max_num_queries):
    start(world)
    start(world, repo=MIRROR)
    poll()
    poll()
    mark = world.log_mark()
    with django_assert_max_num_queries(60):
        poll()
    seen = asked(world, mark)
    assert {request.status for request in seen} == {304}
    assert {request.repo for request in seen} == {SOURCE, MIRROR, PULLS}
    assert not any(request.charged for request in seen)


def test_jobs_are_asked_for_of_runs_alone_that_moved(world):
    moving = start(world)
    ended = start(world, "nightly.yml", "release-2.3", "d" * 40, event="workflow_dispatch")
    world.actions.finish(ended.id)
    poll()
    world.clock.advance(minutes=12)
    mark = world.log_mark()
    poll()
    assert [request.path for request in asked(world, mark, "/jobs")] == [
        f"/repos/{SOURCE}/actions/runs/{moving.id}/attempts/1/jobs"
    ]


def test_a_run_again_counts_each_job_once(world):
    run = start(world)
    failed = "Default (Java 17) / Test (module: core)"
    world.actions.finish(run.id, "failure", {failed: ()})
    poll()
    assert (row(run).result, row(run).failed_jobs) == ("failed", 1)
    world.actions.rerun(run.id)
    poll()
    assert (row(run).attempt, row(run).status) == (2, "queued")
    world.clock.advance(hours=3)
    poll()
    build = row(run)
    assert (build.attempt, build.result, build.failed_jobs) == (2, "succeeded", 0)
    assert list(build.jobs.filter(attempt=2).values_list("name", flat=True)) == [failed]
    assert build.jobs.get(name=failed, attempt=1).latest is False
    assert build.jobs.count() == 14


def test_attempts_that_were_never_seen_are_read_too(world):
    run = start(world)
    world.actions.finish(run.id, "failure", {"Default (Java 17) / E2E (group 1)": ()})
    world.clock.advance(minutes=5)
    world.actions.rerun(run.id)
    world.actions.finish(run.id)
    poll()
    assert sorted(row(run).jobs.values_list("attempt", flat=True)) == [1] * 13 + [2]


def test_a_job_waits_until_a_machine_has_it_whatever_its_start_says(world):
    run = start(world)
    first = run.jobs[0]
    first.enqueued_as_started = True
    first.begins_at = first.created_at + (first.ends_at - first.created_at) / 2
    poll()
    job = row(run).jobs.get(name=first.name)
    assert (job.status, job.started_at, job.wait_seconds) == ("queued", None, None)
    world.clock.advance(minutes=6)
    poll()
    job.refresh_from_db()
    assert job.started_at == first.begins_at
    assert job.wait_seconds == int((first.begins_at - first.created_at).total_seconds())


def test_a_job_that_began_before_it_came_to_be_waited_for_nothing(world):
    run = start(world)
    world.actions.finish(run.id)
    run.jobs[1].created_at = run.jobs[1].ends_at
    poll()
    assert row(run).jobs.filter(wait_seconds__lt=0).count() == 0
    assert row(run).jobs.get(name=run.jobs[1].name).wait_seconds == 0


@pytest.mark.parametrize("conclusion", ["startup_failure", "action_required", "stale"])
def test_a_run_that_no_job_ever_had_is_a_state_of_its_own(world, conclusion):
    run = start(world, conclusion=conclusion)
    poll()
    build = row(run)
    assert (build.status, build.result, build.jobs.count()) == ("finished", conclusion, 0)


def test_failing_tests_come_from_the_logs_of_failed_jobs_alone(world):
    run = start(world)
    test = "org.apache.flink.table.FooITCase.testBar"
    job = "Default (Java 17) / Test (module: table)"
    world.actions.finish(run.id, "failure", {job: (test,)})
    mark = world.log_mark()
    poll()
    assert list(TestFailure.objects.values_list("test__name", "job__name")) == [(test, job)]
    assert len(asked(world, mark, "/logs")) == 1
    assert [request.status for request in world.since(mark, "store")] == [200]
    assert row(run).jobs.get(name=job).cause == "test"
    mark = world.log_mark()
    poll()
    assert asked(world, mark, "/logs") == []


def test_of_a_log_that_is_too_long_the_end_is_read_and_its_lines_have_no_numbers(world, monkeypatch):
    monkeypatch.setattr("flinkci_dashboard.clients.actions.logs.MOST", 4000)
    monkeypatch.setattr("flinkci_dashboard.clients.actions.logs.LONGEST", 10_000)
    world.github.store.padding = 20_000
    run = start(world)
    test = "org.apache.flink.table.FooITCase.testBar"
    world.actions.finish(run.id, "failure", {"Default (Java 17) / Test (module: table)": (test,)})
    mark = world.log_mark()
    poll()
    assert TestFailure.objects.get().test.name == test
    assert [request.status for request in world.since(mark, "store")] == [200, 206]
    assert (failure := TestFailure.objects.get()).job.cause_line and failure.job.cause_line_number is None


def test_the_line_of_a_long_log_is_counted_from_the_beginning_of_its_step(world, monkeypatch):
    monkeypatch.setattr("flinkci_dashboard.clients.actions.logs.MOST", 4000)
    world.github.store.padding = 1_000_000
    run = start(world)
    test = "org.apache.flink.table.FooITCase.testBar"
    job = "Default (Java 17) / Test (module: table)"
    world.actions.finish(run.id, "failure", {job: (test,)})
    poll()
    row = TestFailure.objects.get().job
    assert (row.cause, row.cause_line_number) == ("test", 5), "as GitHub's page counts: in the step that failed"
    assert row.log_url.endswith("#step:2:5")


def test_a_matrix_that_never_unfolded_is_one_skipped_job(world):
    world.actions.broken = {("master", "Default (Java 17) / Compile")}
    run = start(world)
    world.clock.advance(hours=2)
    poll()
    names = "Default (Java 17) / Test (module: ${{ matrix.module }})"
    assert row(run).jobs.get(name=names).result == "skipped"
    assert row(run).result == "failed"


def test_a_newer_push_cancels_the_older_run_and_that_fails_nothing(world):
    older = start(world)
    newer = start(world, sha="e" * 40)
    poll()
    assert (row(older).result, row(older).failed_jobs) == ("canceled", 0)
    assert row(newer).status == "queued"


def test_nightlies_are_nightly_though_they_are_dispatched_and_upkeep_is_no_branch(world):
    nightly = world.actions.nightly(SOURCE, "master", SHA)
    trigger = start(world, "nightly-trigger.yml", event="schedule")
    poll()
    assert (row(nightly).reason, row(nightly).scope) == ("schedule", "branch")
    assert row(trigger).scope == "other"


def test_one_sick_run_or_repository_stops_no_other(world, monkeypatch):
    monkeypatch.setattr("flinkci_dashboard.clients.pacing.PAUSES", ())
    runs = [start(world, branch=f"b{n}") for n in range(3)]
    other = start(world, repo=PULLS, branch="x")
    world.fault(service="github", path=f"runs/{runs[1].id}/", status=502, times=None)
    world.fault(service="github", path=f"{MIRROR}/actions", status=500, times=None)
    passed = poll("partial")
    assert MIRROR in passed.error
    read = [row(run).jobs.exists() for run in (*runs, other)]
    assert read == [True, False, True, True]
    world.clear_faults()
    Build.objects.update(jobs_tried_at=None)
    poll()
    assert row(runs[1]).jobs.exists()


def test_an_empty_list_or_a_single_404_deletes_nothing(world):
    run = start(world)
    poll()
    empty = '{"total_count": 0, "workflow_runs": []}'
    world.fault(service="github", path=r"actions/runs\?", status=200, body=empty, times=6)
    poll()
    assert row(run).gone_at is None
    assert Job.objects.count() == 1


def test_what_is_no_list_of_runs_is_an_error(world):
    world.fault(service="github", path=f"{SOURCE}/actions/runs", status=200, body='{"message": "x"}', times=1)
    poll("partial")
    poll()


def test_a_run_that_was_deleted_while_it_ran_is_waited_for_no_more(world):
    run, other = start(world), start(world, branch="other")
    poll()
    del world.actions.runs[run.id]
    poll()
    assert row(run).gone_at
    assert row(other).gone_at is None


def test_workflows_that_github_does_not_show_are_no_failure(world):
    world.fault(service="github", path="actions/workflows", status=404, times=None)
    poll()


def test_a_workflow_keeps_its_id_where_its_repository_is_called_otherwise(world):
    told = '{"total_count": 1, "workflows": [{"id": 7, "name": "CI", "path": "ci.yml", "state": "active"}]}'
    world.fault(service="github", path="actions/workflows", status=200, body=told, times=None)
    poll()
    assert Workflow.objects.filter(external_id=7, repository__in=(SOURCE, MIRROR, PULLS)).count() == 3


def test_a_hundred_runs_that_moved_take_few_questions(world):
    for number in range(100):
        start(world, "docs-check.yml", f"b{number}", f"{number:040x}")
    poll()
    world.clock.advance(minutes=30)
    mark = world.log_mark()
    poll()
    assert len(asked(world, mark)) <= 110
    assert set(Build.objects.values_list("status", "jobs_pending")) == {("finished", False)}
