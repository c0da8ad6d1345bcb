"""The overview, the jobs and the health answers."""

from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from django.utils.html import strip_tags

from flinkci_dashboard.jobs.run import run_pass
from flinkci_dashboard.models import JobRequest, JobRun, JobSchedule, Worker

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bootstrapped")]
HTMX = {"HX-Request": "true"}


def worker(seen_ago: float = 0, up: float = 60) -> None:
    now = timezone.now()
    started, seen = now - timedelta(seconds=up), now - timedelta(seconds=seen_ago)
    Worker.objects.create(host="one.example.org", pid=1, started_at=started, seen_at=seen)


def test_health_is_answered_to_anybody(client):
    assert client.get("/healthz").json() == {"status": "ok"}


def test_ready_while_a_worker_reports(client):
    worker()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (None, "no worker has ever reported"),
        ({"seen_ago": 120}, "no worker has reported since"),
        ({"up": 7200}, "workers are up, but jobs are overdue"),
    ],
)
def test_not_ready_when_background_work_is_not_done(client, facts, words):
    if facts is not None:
        worker(**facts)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert words in answer.json()["workers"]


def test_strangers_are_told_no_job_and_members_its_title(member):
    worker(up=7200)
    told = Client().get("/readyz").json()["workers"]
    assert "Mirror sync" not in told
    assert "sync_mirrors" not in told
    JobSchedule.objects.exclude(job="sync_mirrors").update(enabled=False)
    run_pass("send_alerts", "schedule")
    assert "the job “Mirror sync” has not run for" in member.get("/").content.decode()


def test_a_disabled_or_a_long_running_job_is_not_overdue(client):
    worker(up=7200)
    JobSchedule.objects.exclude(job="sync_mirrors").update(enabled=False)
    JobRun.objects.create(job="sync_mirrors", started_at=timezone.now() - timedelta(hours=1))
    assert client.get("/readyz").status_code == 200


def test_not_ready_while_migrations_are_missing(client, monkeypatch):
    monkeypatch.setattr("flinkci_dashboard.jobs.health.pending_migrations", lambda: 2)
    assert client.get("/readyz").json()["migrations"] == "2 not applied: run manage.py migrate"


def test_the_overview_says_loudly_that_work_has_stopped(member):
    page = member.get("/").content
    assert b"no worker has ever reported" in page and b'class="verdict bad"' in page
    worker()
    assert b"no worker has ever reported" not in member.get("/").content


def test_silence_shows_on_an_open_overview_within_a_minute(member):
    with time_machine.travel(0, tick=False) as clock:
        worker(up=1)
        page = member.get("/", headers={"HX-Request": "true"})
        clock.shift(90)
        poll = member.get("/", headers={"HX-Request": "true", "If-None-Match": page["ETag"]})
    assert "the worker has been silent for 1 min" in strip_tags(poll.content.decode())


@pytest.mark.parametrize("path", ["/", "/jobs/", "/jobs/sync_mirrors/"])
def test_a_long_pass_is_followed_though_other_jobs_ran_since(member, path):
    with time_machine.travel(timezone.now(), tick=False):
        long = JobRun.objects.create(job="sync_mirrors", progress={"phase": "Receiving objects", "percent": 10})
        JobRun.objects.create(job="prune", outcome="ok", ended_at=timezone.now())
        before = member.get(path, headers=HTMX)
        JobRun.objects.filter(pk=long.pk).update(outcome="failed", ended_at=timezone.now(), error="The disk is full.")
        after = member.get(path, headers=HTMX | {"If-None-Match": before["ETag"]})
    assert b"The disk is full." in after.content


@pytest.mark.parametrize("path", ["/", "/jobs/", "/jobs/sync_mirrors/"])
def test_an_unchanged_fragment_costs_one_query_and_no_body(member, path, django_assert_num_queries):
    for job in JobSchedule.objects.values_list("job", flat=True):
        JobRun.objects.create(job=job, outcome="ok", ended_at=timezone.now())
    with time_machine.travel(timezone.now(), tick=False):
        first = member.get(path, headers=HTMX)
        with django_assert_num_queries(3):  # the session, the person, and the version
            again = member.get(path, headers=HTMX | {"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_pages_need_a_sign_in(client):
    for path in ("/", "/mirrors/", "/jobs/", "/jobs/sync_mirrors/"):
        answer = client.get(path)
        assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/accounts/login/")


def test_a_job_shows_its_last_pass_and_its_error(member):
    JobRun.objects.create(job="sync_mirrors", outcome="failed", ended_at=timezone.now(), error="<b>no</b> route")
    page = member.get("/jobs/").content.decode()
    assert "&lt;b&gt;no&lt;/b&gt; route" in page
    assert "Run now" not in page


def test_idle_passes_are_left_out_until_asked_for(member):
    ended = {"outcome": "ok", "ended_at": timezone.now()}
    JobRun.objects.create(job="sync_mirrors", **ended)
    JobRun.objects.create(job="sync_mirrors", counts={"branches_pushed": 3}, **ended)
    assert "1–1 of 1" in member.get("/jobs/sync_mirrors/").content.decode()
    assert "1–2 of 2" in member.get("/jobs/sync_mirrors/?show=all").content.decode()
    assert "Nothing yet" in member.get("/jobs/sync_mirrors/?show=failed").content.decode()


def test_long_lists_come_in_pages_and_keep_the_filter(member):
    ended = {"outcome": "failed", "ended_at": timezone.now()}
    JobRun.objects.bulk_create(JobRun(job="sync_mirrors", **ended) for _ in range(120))
    page = member.get("/jobs/sync_mirrors/?show=failed&page=2").content.decode()
    assert "51–100 of 120" in page
    assert "?show=failed&amp;page=3" in page


def test_an_unknown_job_is_not_found(member, admin):
    assert member.get("/jobs/nothing/").status_code == 404
    assert admin.post("/jobs/nothing/run/").status_code == 404


def test_run_now_asks_for_a_pass_and_shows_who_asked(admin):
    admin.post("/jobs/sync_mirrors/run/")
    asked = JobRequest.objects.get()
    assert asked.requested_by == User.objects.get(username="admin")
    assert "waits for a pass" in admin.get("/jobs/").content.decode()


def test_an_interval_below_fifteen_seconds_is_refused(admin):
    schedule = JobSchedule.objects.get(job="sync_mirrors")
    address = f"/admin/flinkci_dashboard/jobschedule/{schedule.pk}/change/"
    form = {"enabled": "on", "next_run_at_0": "2026-01-01", "next_run_at_1": "00:00:00"}
    assert "greater than or equal to 15" in admin.post(address, form | {"interval": "5"}).content.decode()
    admin.post(address, form | {"interval": "15"})
    schedule.refresh_from_db()
    assert schedule.interval == 15
