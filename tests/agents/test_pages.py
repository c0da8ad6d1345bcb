"""What holds for all pages about builds and agents, and their tiles."""

import pytest
from django.urls import reverse
from django.utils import timezone

from agents.models import Build, Streak, Test, TestFailure, Waiting, Watermark
from flinkci_dashboard.models import JobRun
from tests.findings import at_work, make_finding, stand
from tests.machines import make_agent, make_build, make_job, minutes
from tests.reading import read

pytestmark = pytest.mark.django_db


HOSTILE = "<script>alert('x')</script>"


def test_what_comes_from_outside_is_shown_as_text(member, pool):
    build = make_build(message=HOSTILE, branch="x/" + HOSTILE, definition=HOSTILE, requested_for=HOSTILE)
    Build.objects.update(number=HOSTILE)
    agent = make_agent(pool, HOSTILE, os=HOSTILE, capabilities={HOSTILE: HOSTILE})
    job = make_job(build, HOSTILE, agent=agent, issues=[{"error": True, "message": HOSTILE}], result="failed")
    test = Test.objects.create(name=HOSTILE)
    TestFailure.objects.create(test=test, job=job, build=build, at=minutes(1), message=HOSTILE, source="log")
    pages = [
        ("builds",),
        ("build", "azure", 79300),
        ("agents",),
        ("agent", agent.pk),
        ("branches",),
        ("branch", build.branch),
    ]
    for name, *args in pages:
        assert "<script>alert" not in read(member, name, *args)


PAGES = ["agents", "builds", "branches", "agent_charts"]


@pytest.mark.parametrize("name", PAGES)
def test_only_people_who_are_signed_in_may_look(client, db, name):
    assert client.get(reverse(name)).status_code == 302


@pytest.mark.parametrize("name", PAGES)
def test_a_fragment_that_did_not_change_is_not_sent_again(member, name):
    first = member.get(reverse(name), headers={"HX-Request": "true"})
    again = member.get(reverse(name), headers={"HX-Request": "true", "If-None-Match": first["ETag"]})
    assert again.status_code == 304
    Watermark.objects.create(name="agents", at=timezone.now())
    JobRun.objects.create(job="poll_builds", trigger="schedule", host="x", ended_at=timezone.now(), outcome="ok")
    later = member.get(reverse(name), headers={"HX-Request": "true", "If-None-Match": first["ETag"]})
    assert later.status_code == 200


@pytest.mark.parametrize("name", PAGES)
def test_the_number_of_queries_does_not_grow(member, pool, name, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def fill(first):
        for number in range(first, first + 5):
            agent = make_agent(pool, f"AlibabaCI{number:03}-agent01", state="busy")
            build = make_build(number)
            agent.current_job = make_job(build, agent=agent)
            agent.save()
            Waiting.objects.create(pool=pool, request_id=number, build=build, job_name="x", queued_at=minutes(1))

    fill(1)
    member.get(reverse(name))
    with CaptureQueriesContext(connection) as before:
        member.get(reverse(name))
    asked = len(before)
    fill(10)
    with django_assert_num_queries(asked):
        member.get(reverse(name))


def test_the_overview_has_tiles_for_builds_and_agents(member, pool):
    make_agent(pool, state="busy")
    make_agent(pool, "AlibabaCI001-agent02", state="offline")
    make_build(result="failed")
    Watermark.objects.create(name="agents", at=timezone.now())
    text = read(member, "overview")
    assert "1 online" in text and "1 offline or disabled" in text


def test_the_overview_names_each_branch_with_its_colour_and_draws_the_last_day(member):
    for number, kind in enumerate(("push", "nightly")):
        build = make_build(number, branch="release-1.9", result="failed", finished_at=timezone.now())
        facts = {"branch": "release-1.9", "kind": kind, "provider": "azure", "latest": build}
        Streak.objects.create(red_runs=2 * number, **facts)
    text = read(member, "overview")
    assert "release-1.9: succeeded" in text and "release-1.9: red for 2 runs" in text
    assert '<a href="/branches/release-1.9/">' in text
    assert "2 builds, 2 failed" in text


@pytest.mark.parametrize(("kind", "words"), [("push", "red for 1 run"), ("nightly", "nightly red for 1 run")])
def test_a_branch_whose_last_run_failed_is_not_called_in_order_anywhere(member, kind, words):
    build = make_build(branch="release-1.9", result="failed", finished_at=timezone.now())
    Streak.objects.create(red_runs=1, branch="release-1.9", kind=kind, provider="azure", latest=build)
    at_work()
    tabs = member.get("/branches/release-1.9/").context["tabs"]
    assert [(tab.name, tab.label) for tab in tabs] == [("release-1.9", words)]
    assert "1 red" in read(member, "overview")


def test_a_tile_of_branches_counts_branches_and_not_what_is_told_of_them(member):
    build = make_build(branch="master", result="failed", finished_at=timezone.now())
    for provider in ("azure", "actions"):
        facts = {"branch": "master", "kind": "push", "provider": provider, "latest": build, "first_red": build}
        Streak.objects.create(red_runs=3, **facts)
    at_work()
    facts = {"area": "builds", "rule": "branch_red", "tags": ("branch:master",)}
    stand(*(make_finding(f"master on {each}", **facts) for each in ("one", "the other")))
    text = read(member, "overview")
    assert "1 red" in text and "2 failing" not in text
