"""Live fragments: what is sent again, and what is not."""

import gzip
import re
from datetime import datetime, timedelta
from difflib import ndiff

import pytest
import time_machine
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.utils import timezone

from agents.models import Agent, Build, Job
from flinkci_dashboard.models import JobRun, SavedView, Worker
from flinkci_dashboard.web import live
from sync.models import Mirror, MirrorBranch
from tests import many
from tests.addresses import PAGES
from tests.findings import at_work, make_finding, stand
from tests.people import with_role

pytestmark = pytest.mark.usefixtures("bootstrapped")
HTMX = {"HX-Request": "true"}
ZIPPED = {"Accept-Encoding": "gzip"}


@pytest.fixture(autouse=True)
def one_turn(monkeypatch):
    """Let no turn of time end between two requests."""
    monkeypatch.setattr(live, "TURN", 10**12)


def passed():
    """Let a pass end that found nothing to do: a new version of what the page shows."""
    JobRun.objects.create(job="sync_mirrors", outcome="ok", ended_at=timezone.now())


def again(browser, tag, **more):
    return browser.get("/mirrors/", headers=HTMX | {"If-None-Match": tag} | more)


def test_a_fragment_that_says_the_same_is_no_news_though_it_has_forms(admin, monkeypatch):
    MirrorBranch.objects.create(mirror=Mirror.objects.get(), name="master", state="diverged")
    passed()
    first = admin.get("/mirrors/", headers=HTMX)
    assert b"csrfmiddlewaretoken" in first.content
    monkeypatch.setattr(live, "TURN", 30)  # it is rendered anew
    assert (again(admin, first["ETag"]).status_code, again(admin, "other")["ETag"]) == (304, first["ETag"])


def test_what_changed_is_sent_and_so_is_what_somebody_else_saw(admin, member):
    passed()
    first = admin.get("/mirrors/", headers=HTMX)
    MirrorBranch.objects.create(mirror=Mirror.objects.get(), name="release-9.9", state="in_sync")
    passed()
    changed = again(admin, first["ETag"])
    assert changed.status_code == 200 and b"release-9.9" in changed.content
    assert changed["ETag"] != first["ETag"]


def test_pages_are_compressed_and_their_tags_still_count(admin, django_assert_num_queries):
    passed()
    page = admin.get("/mirrors/", headers=ZIPPED)
    assert page["Content-Encoding"] == "gzip" and b"<h1>" in gzip.decompress(page.content)
    first = admin.get("/mirrors/", headers=HTMX | ZIPPED)
    with django_assert_num_queries(3):  # the session, the person, and the version
        assert again(admin, first["ETag"], **ZIPPED).status_code == 304


def test_an_age_says_how_often_it_should_be_new(admin):
    passed()
    assert 'data-every="15"' in admin.get("/mirrors/").content.decode()


def colleague(name, role="operator"):
    """Return a browser of one of several who may do the same, each with things of their own."""
    user = User.objects.create_user(name, f"{name}@example.org")
    user.groups.add(Group.objects.get(name=role))
    SavedView.objects.create(member=user, name=f"view of {name}", page="pull_requests", query="ci=failure")
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(user)
    return browser


def test_what_readers_of_the_same_rights_see_is_rendered_once(django_assert_num_queries):
    passed()
    first, second = colleague("ada"), colleague("grace")
    told = first.get("/mirrors/", headers=HTMX)
    with django_assert_num_queries(4):  # the session, the person, the version, and what they may do
        assert second.get("/mirrors/", headers=HTMX)["ETag"] == told["ETag"]


def test_those_who_may_do_less_see_less():
    passed()
    operator, member = with_role("operator"), with_role("member")
    told, less = (each.get("/jobs/", headers=HTMX).content for each in (operator, member))
    assert b"Run now" in told and b"Run now" not in less


def test_who_is_given_more_than_the_role_sees_more_at_once():
    passed()
    first, second = colleague("ada", "member"), colleague("grace", "member")
    assert b"Run now" not in first.get("/jobs/", headers=HTMX).content
    User.objects.get(username="grace").user_permissions.add(Permission.objects.get(codename="operate"))
    assert b"Run now" in second.get("/jobs/", headers=HTMX).content
    assert b"Run now" not in first.get("/jobs/", headers=HTMX).content


def test_each_reader_gets_forms_that_work_for_them(monkeypatch):
    passed()
    for reader in (colleague("ada"), colleague("grace")):
        page = reader.get("/jobs/", headers=HTMX).content.decode()
        token = re.search('name="csrfmiddlewaretoken" value="([^"]+)"', page).group(1)
        answer = reader.post("/jobs/sync_mirrors/run/", {"csrfmiddlewaretoken": token})
        assert answer.status_code == 302


def test_no_fragment_for_many_names_one_of_them():
    passed()
    first, second = colleague("first-reader"), colleague("second-reader")  # no token is like these names
    shared = {page.path for page in PAGES if not page.part and first.get(page.path, headers=HTMX).has_header("ETag")}
    assert len(shared) > 10
    assert [path for path in shared if b"first-reader" in second.get(path, headers=HTMX).content.lower()] == []


STILL = ("/", "/alerts/", "/alerts/banner/", "/pulls/", "/pulls/1/", "/builds/", "/branches/", "/agents/")
STILL += ("/labels/", "/failures/", "/comparison/", "/infrastructure/", "/mirrors/", "/builds/azure/1/")
STILL += ("/branches/master/", "/migration/", "/credentials/", "/agents/charts/")
JOBS = ("send_alerts", "sync_mirrors", "sync_pulls", "label_pulls", "poll_builds", "poll_agents")


@pytest.fixture
def still(monkeypatch):
    """Stop the clock over rows of every kind, while findings stand, old and new; a test moves it."""
    with time_machine.travel(datetime.fromisoformat("2026-11-25T12:00:00+00:00"), tick=False) as traveller:
        monkeypatch.setattr(live, "TURN", 30)
        many.add(1, 4)
        run_something()
        at_work()
        since = [timezone.now() - timedelta(seconds=age) for age in (0, 3, 600, 7200)]
        facts = {"text": "it has been red for {time}", "area": "builds", "tags": ("branch:master",)}
        stand(*(make_finding(f"thing {place}", since=at, **facts) for place, at in enumerate(since)))
        yield traveller


def run_something():
    """Let a build run, with a job that has ended, one that runs and one that waits."""
    began = timezone.now() - timedelta(minutes=40)
    going = {"status": "running", "queued_at": began, "changed_at": began}
    build = Build.objects.create(external_id=9, branch="master", version="9" * 40, started_at=began, **going)
    for name, started, finished in (("a", 1, 9), ("b", 2, 0), ("c", 0, 0)):
        at = [began + timedelta(minutes=minutes) if minutes else None for minutes in (started, finished)]
        state = "finished" if finished else "running" if started else "queued"
        facts = {"started_at": at[0], "finished_at": at[1], "status": state, "result": "succeeded" if finished else ""}
        Job.objects.create(build=build, key=name, name=name, record_id=name, host="alibaba", queued_at=began, **facts)


RUNNING = "/builds/azure/9/"


def look(reader):
    """Let passes end that found nothing to do, and the worker report; then ask for all fragments."""
    now = timezone.now()
    for job in JOBS:
        JobRun.objects.create(job=job, outcome="ok", started_at=now, ended_at=now)
    Worker.objects.update(seen_at=now)
    paths = (*STILL, f"/agents/{Agent.objects.earliest('pk').pk}/")
    return {path: reader.get(path, headers=HTMX) for path in paths}


def differences(first, second):
    before, after = (each.content.decode().splitlines() for each in (first, second))
    return [line for line in ndiff(before, after) if line[0] in "+-" and "<time" not in line]


def test_while_nothing_changes_no_fragment_does_though_time_goes_by_and_jobs_look(still):
    reader = with_role("operator")
    first = look(reader)
    for seconds in (31, 300):
        still.shift(seconds)
        for path, again in look(reader).items():
            assert again["ETag"] == first[path]["ETag"], (path, differences(first[path], again))
    now = timezone.now().isoformat()
    assert now in reader.get("/pulls/", headers=HTMX | {"If-None-Match": first["/pulls/"]["ETag"]})["As-Of"]
    assert b"it has been red for <time" in first["/"].content


def test_a_build_that_runs_is_drawn_anew_by_the_minute_alone(still):
    reader = with_role("operator")
    tags = [reader.get(RUNNING, headers=HTMX)["ETag"] for seconds in (0, 31, 28, 1) if not still.shift(seconds)]
    assert tags[0] == tags[1] == tags[2] != tags[3]
