"""The one reader of builds: whichever job looks first, what an absence says, and which answer counts."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from agents.builds.observe import ask_for
from agents.models import Build, Job, Watermark
from flinkci_dashboard.clients.azure import project
from flinkci_dashboard.jobs.run import Pass, run_pass
from flinkci_dashboard.models import JobRun
from flinkci_dashboard.sandbox.world import PULLS

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("bootstrapped")]
NOTHING = {"service": "azure", "status": 200, "body": '{"count": 0, "value": []}', "times": 99}
LISTS = r"build/builds\?"
ORDERS = [("sync_pulls", "poll_builds"), ("poll_builds", "sync_pulls")]


def run(*jobs: str, expected: str = "ok") -> JobRun | None:
    done = None
    for job in jobs:
        done = run_pass(job, "command")
        assert done and done.outcome == expected, done and done.error
    return done


@pytest.fixture
def azure(world):
    """A CI repository with a master, and an Azure that builds what it is told to."""
    world.commit(message="Start", files={"README.md": "# Flink\n"})
    world.mirror_all(PULLS)
    world.azure.start_builds = False
    return world.azure


def push(azure, branch: str = "master"):
    azure.move()
    made = azure.queue(PULLS, branch, "a" * 40, "individualCI", "[FLINK-1] Fix")
    azure.move()
    return made


def unfinished() -> tuple[int, int]:
    """Count builds and jobs that are taken to be under way."""
    return Build.objects.exclude(status="finished").count(), Job.objects.exclude(status="finished").count()


@pytest.mark.parametrize("order", ORDERS)
def test_a_deleted_build_is_closed_with_its_jobs_whichever_job_sees_it_first(azure, order):
    push(azure, f"ci_1_{'a' * 40}")
    gone = push(azure, f"ci_2_{'a' * 40}")
    run("poll_builds")
    azure.expire(gone.id)
    run(*order)
    row = Build.objects.get(external_id=gone.id)
    assert (row.status, row.gone_at is not None, row.jobs_pending) == ("finished", True, False)
    assert row.jobs.exists() and not row.jobs.exclude(status="finished").exists()
    assert Build.objects.exclude(status="finished").count() == 1


@pytest.mark.parametrize("order", ORDERS)
def test_a_build_that_ends_is_seen_once_and_its_jobs_are_read_whichever_job_sees_it_first(azure, order):
    made = push(azure)
    run("poll_builds")
    azure.finish(made.id, "failed")
    run(*order)
    row = Build.objects.get()
    assert (row.status, row.result, row.jobs_pending, row.failed_jobs) == ("finished", "failed", False, 1)
    assert unfinished() == (0, 0)


def test_both_jobs_go_on_from_where_either_has_come(azure, world):
    made = push(azure)
    azure.finish(made.id, "succeeded")
    run("poll_builds")
    mark = world.log_mark()
    run("sync_pulls")
    [listed] = [each for each in world.since(mark, "azure") if each.query.get("statusFilter") == "completed"]
    assert listed.query["minTime"] > (timezone.now() - timedelta(hours=1)).isoformat()
    assert Watermark.objects.get(name="builds:azure").at == Build.objects.get().finished_at


@pytest.mark.parametrize("path", [LISTS, r"build/builds(\?|.*timeline)"], ids=["lists", "lists and timelines"])
def test_an_azure_that_shows_nothing_at_all_ends_nothing(azure, world, path):
    ended, running = push(azure), push(azure, "release-2.1")
    azure.finish(ended.id, "succeeded")
    run("poll_builds")
    before = unfinished()
    fault = world.fault(path=path, **NOTHING)
    run(*ORDERS[0], *ORDERS[1])
    assert unfinished() == before
    assert not Build.objects.exclude(gone_at=None).exists()
    fault.times = 0
    azure.finish(running.id, "succeeded")
    run("poll_builds")
    assert unfinished() == (0, 0)


def test_a_list_that_leaves_out_a_build_is_no_proof_that_it_is_gone(azure, world):
    push(azure)
    run("poll_builds")
    world.fault(path=r"statusFilter=inProgress", **NOTHING)
    run(*ORDERS[0], *ORDERS[1])
    assert Build.objects.get().status == "running"


def test_a_build_that_only_its_own_address_tells_of_goes_on(azure, world):
    azure.finish(push(azure).id, "succeeded")
    made = push(azure)
    run("poll_builds")
    world.fault(path=r"statusFilter=inProgress", **NOTHING)
    short = world.fault(path="buildIds", **NOTHING)
    run(*ORDERS[0])
    assert short.times < 99, "it was asked for by its id"
    assert Build.objects.get(external_id=made.id).status == "running"


def test_one_404_of_a_build_that_is_listed_ends_nothing(azure, world):
    made = push(azure)
    run("poll_builds")
    world.fault(service="azure", path=f"builds/{made.id}", status=404, times=1)
    run("poll_builds", "poll_builds")
    row = Build.objects.get()
    assert (row.status, row.gone_at) == ("running", None)


def test_a_build_that_comes_back_goes_on(azure):
    push(azure)
    made = push(azure)
    run("poll_builds")
    azure.expire(made.id)
    run("poll_builds")
    assert Build.objects.get(external_id=made.id).gone_at
    azure.builds[made.id].kept = True
    run("poll_builds")
    row = Build.objects.get(external_id=made.id)
    assert (row.gone_at, row.status, row.jobs.filter(status="running").exists()) == (None, "running", True)


def test_the_past_has_not_ended_because_azure_shows_nothing(azure, world, monkeypatch):
    monkeypatch.setattr("agents.builds.observe.HISTORY_PAGE", 2)
    for _ in range(6):
        azure.finish(push(azure).id, "succeeded")
        azure.clock.advance(minutes=300)
    run("poll_builds")
    fault = world.fault(path=LISTS, **NOTHING)
    run("poll_builds", "poll_builds")
    fault.times = 0
    run(*["poll_builds"] * 6)
    assert Build.objects.count() == 6


def test_the_past_ends_although_azure_has_deleted_the_oldest_build_that_we_know(azure):
    made = push(azure)
    azure.finish(made.id, "succeeded")
    run("poll_builds")
    azure.clock.advance(minutes=30)
    azure.finish(push(azure).id, "succeeded")
    Watermark.objects.filter(name="history:azure").update(note="going back", at=Build.objects.get().finished_at)
    azure.expire(made.id)
    run("poll_builds")
    assert Watermark.objects.get(name="history:azure").note == ""


def test_what_was_asked_earlier_does_not_replace_what_was_asked_later(azure, monkeypatch):
    made = push(azure)
    run("poll_builds")
    older = project.connect().unfinished_builds()
    azure.finish(made.id, "succeeded")
    run("sync_pulls")
    monkeypatch.setattr(project.Azure, "unfinished_builds", lambda _: older)
    run("poll_builds")
    row = Build.objects.get()
    assert (row.status, row.result) == ("finished", "succeeded")
    assert not row.jobs.exclude(status="finished").exists()


def test_asking_by_id_returns_what_is_gone_only_while_others_are_shown(azure, world):
    kept, gone = push(azure), push(azure)
    run("poll_builds")
    azure.expire(gone.id)
    current = Pass(JobRun.objects.create(job="poll_builds"), timezone.now(), [])
    service = project.connect()
    assert ask_for(current, service, [gone.id, 5]) == {gone.id, 5}
    assert ask_for(current, service, [kept.id]) == set()
    world.fault(path="buildIds", **NOTHING)
    assert ask_for(current, service, [gone.id, 5]) == set()


def test_a_mark_of_the_future_hides_no_build(azure):
    azure.finish(push(azure).id, "succeeded")
    run("poll_builds")
    Watermark.objects.filter(name="builds:azure").update(at=timezone.now() + timedelta(days=3))
    azure.finish(push(azure).id, "failed")
    run("poll_builds")
    assert set(Build.objects.values_list("result", flat=True)) == {"succeeded", "failed"}


def test_a_row_of_the_future_is_written_all_the_same(azure):
    made = push(azure)
    run("poll_builds")
    Build.objects.update(asked_at=timezone.now() + timedelta(days=3))
    azure.finish(made.id, "succeeded")
    run("poll_builds")
    assert Build.objects.get().result == "succeeded"


def test_rows_hold_when_they_were_asked_for(azure):
    push(azure)
    before = timezone.now()
    run("poll_builds")
    [facts] = project.connect().unfinished_builds()
    assert before < Build.objects.get().asked_at < facts.asked_at < timezone.now()
    assert replace(facts, asked_at=None).external_id == Build.objects.get().external_id


def test_a_mark_from_the_future_hides_no_build(azure):
    push(azure)
    run("poll_builds")
    Watermark.objects.filter(name="builds:azure").update(at=timezone.now() + timedelta(days=3))
    build = push(azure, "release-2.1")
    azure.finish(build.id, "failed")
    azure.clock.advance(minutes=30)
    run("poll_builds")
    assert Build.objects.get(external_id=build.id).result == "failed"
    assert Watermark.objects.get(name="builds:azure").at < timezone.now()


def test_what_was_tried_in_the_future_is_tried_again(azure):
    build = push(azure)
    run("poll_builds")
    JobRun.objects.update(started_at=timezone.now() + timedelta(days=3))
    Build.objects.update(jobs_tried_at=timezone.now() + timedelta(days=3))
    azure.finish(build.id, "failed")
    run("poll_builds")
    assert Build.objects.get(external_id=build.id).jobs_tried_at < timezone.now() + timedelta(minutes=1)
