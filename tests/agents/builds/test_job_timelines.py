"""Timelines that are empty, missing or unreadable, and jobs that went missing."""

from datetime import timedelta

import pytest
from django.utils import timezone

from agents.models import Build, Job
from tests.builds import poll, polled, push

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("bootstrapped")]


def test_earlier_attempts_that_were_never_seen_are_fetched_once(azure, world):
    made = push(azure)
    azure.finish(made.id, "failed", ["test_ci.core"])
    azure.retry(made.id)
    azure.clock.advance(minutes=300)
    polled()
    attempts = Job.objects.filter(key="ci.test_ci.core.__default").order_by("attempt")
    assert list(attempts.values_list("attempt", "result")) == [(1, "failed"), (2, "succeeded")]


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
