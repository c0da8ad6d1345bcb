"""`poll_builds` over a living Azure: builds, attempts, hosts, failing tests, and what it costs when nothing happens."""

from datetime import timedelta

import pytest

from agents.models import Agent, Build, BuildPeriod, HostPeriod, Job, StaleDay, Watermark
from tests.builds import poll, polled, push

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("bootstrapped")]


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


def test_one_unreadable_build_does_not_stop_the_others(azure, world):
    broken, fine = push(azure), push(azure, "release-2.1")
    azure.clock.advance(minutes=300)
    world.fault(service="azure", path=f"/builds/{broken.id}/timeline", status=400, times=99)
    assert polled("partial").error
    assert Build.objects.get(external_id=fine.id).jobs.exists()
    assert not Build.objects.get(external_id=broken.id).jobs.exists()


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
