"""Logs of green jobs: read of one build of each branch in six hours, kept for patterns and durations, in bounds."""

from datetime import timedelta

import pytest
from django.utils import timezone

from agents.models import Build, Job, LogExtract, Pattern, TestPace
from agents.patterns import green
from flinkci_dashboard.clients import jira
from flinkci_dashboard.jobs.run import run_pass
from tests.builds import polled, push
from tests.machines import make_build, make_job, minutes

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("bootstrapped")]
SLOW = (
    "[INFO] Tests run: 3, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 641.5 s -- in org.apache.flink.SlowITCase"
)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Ask Jira without pauses."""
    monkeypatch.setattr(jira, "PAUSE", 0.0)


def match(outcome="ok"):
    run = run_pass("match_failures", "schedule")
    assert run.outcome == outcome, run.error
    return run


def built(azure, result="succeeded", failed=(), branch="master", reason="individualCI"):
    made = push(azure, branch, reason)
    for job in made.jobs:
        job.says = ["Bash exited", SLOW]
    azure.finish(made.id, result, list(failed))
    polled()
    return made


def asked(world, mark):
    return [each for each in world.since(mark, "azure") if "/logs" in each.path]


def test_green_jobs_of_one_build_are_read_and_nothing_new_is_free(azure, world):
    first = built(azure)
    built(azure)
    mark = world.log_mark()
    assert match().counts["green_builds_read"] == 1
    green_jobs = Job.objects.filter(result="succeeded", build__external_id__gte=first.id).values("build").distinct()
    assert green_jobs.count() == 2 and LogExtract.objects.values("job__build").distinct().count() == 1
    assert len(asked(world, mark)) == LogExtract.objects.count() + 1
    assert TestPace.objects.filter(name="org.apache.flink.SlowITCase", branch="master").exists()
    mark = world.log_mark()
    assert match().counts == {} and not world.since(mark, "azure")


def test_a_nightly_comes_first_and_red_builds_have_green_jobs_too(azure):
    built(azure)
    nightly = built(azure, "failed", ["test_ci.core"], reason="schedule")
    match()
    assert {row.job.build.external_id for row in LogExtract.objects.filter(green=True)} == {nightly.id}
    assert not LogExtract.objects.filter(green=True, job__key="ci.test_ci.core.__default").exists()


def test_other_branches_and_later_hours_are_read_too(azure):
    for branch in ("master", "release-2.2"):
        built(azure, branch=branch)
    match()
    later = built(azure)
    Build.objects.exclude(external_id=later.id).update(finished_at=timezone.now() - timedelta(hours=7))
    match()
    assert Build.objects.filter(green_read_at__isnull=False).count() == 3


def test_a_service_that_does_not_answer_is_told_and_asked_again_later(azure, world):
    built(azure)
    world.fault(service="azure", path=r"/logs", status=500, times=9)
    assert "Green logs" in match("partial").error
    world.clear_faults()
    match()
    assert LogExtract.objects.filter(green=True).exists()


def test_logs_that_are_gone_are_asked_for_once(azure, world):
    built(azure)
    world.fault(service="azure", path=r"/logs", status=404, times=9)
    match()
    mark = world.log_mark()
    match()
    assert not world.since(mark, "azure") and not LogExtract.objects.exists()


def test_no_more_are_kept_than_there_is_room_for(azure, monkeypatch):
    monkeypatch.setattr(green, "KEEP", 3)
    built(azure)
    match()
    assert LogExtract.objects.filter(green=True).count() == 3


def test_a_pattern_in_use_that_matches_too_many_green_jobs_later_is_taken_out(azure):
    sample = make_build(1, result="failed")
    LogExtract.objects.create(job=make_job(sample, result="failed"), at=minutes(5), text="Bash exited")
    pattern = Pattern.objects.create(name="x", lines="Bash exited", sample=sample)
    match()
    pattern.refresh_from_db()
    assert (pattern.state, pattern.failure.key) == ("live", "x") and "0 of 0 green jobs, too few" in pattern.preview
    for branch in ("master", "release-2.2"):
        built(azure, branch=branch)
    match()
    pattern.refresh_from_db()
    assert pattern.state == "refused" and "It was in use, and is no more" in pattern.preview
    assert not Pattern.objects.filter(failure__isnull=False).exists()
