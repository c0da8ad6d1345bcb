"""The pages about builds, branches and agents: what people read there, and that they grow with nothing."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from agents.models import (
    AgentDay,
    Build,
    BuildPeriod,
    HostPeriod,
    Pool,
    Test,
    TestFailure,
    Waiting,
    Watermark,
)
from flinkci_dashboard.models import JobRun
from tests.machines import make_agent, make_build, make_job, minutes

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert('x')</script>"


@pytest.fixture
def pool():
    return Pool.objects.create(external_id=1, name="Default", host="alibaba", hosted=False, seen_at=timezone.now())


def read(browser, name, *args, query=""):
    response = browser.get(reverse(name, args=args) + query)
    assert response.status_code == 200
    return response.content.decode()


# Agents ------------------------------------------------------------------------------------------


def test_both_hosts_stand_side_by_side(member, pool):
    make_agent(pool, state="busy")
    make_agent(pool, "AlibabaCI001-agent02")
    make_agent(pool, "AlibabaCI001-agent03", "offline")
    text = read(member, "agents")
    assert "Azure-hosted" in text and "Alibaba-hosted" in text
    assert "of 2 online are busy" in text
    assert "AlibabaCI001-agent03" in text


def test_the_page_says_how_old_it_is(member):
    at = minutes(3)
    Watermark.objects.create(name="agents", at=at)
    assert f'datetime="{at.isoformat()}"' in read(member, "agents")


def test_without_the_right_on_pools_the_page_says_so(member):
    Watermark.objects.create(name="agents", note="Azure DevOps wants a sign-in.")
    make_agent(None, state="seen")
    text = read(member, "agents")
    assert "Azure does not show its agents." in text
    assert "known from builds" in text


def test_a_job_that_no_online_agent_can_take_is_named(member, pool):
    make_agent(pool, state="offline")
    build = make_build(status="running", result="", finished_at=None)
    Waiting.objects.create(pool=pool, request_id=1, build=build, job_name="test_ci core", queued_at=minutes(20))
    text = read(member, "agents")
    assert "1 job waits in vain" in text
    assert "No agent of pool Default is online" in text
    assert reverse("build", args=[79300]) in text


def test_a_job_that_waits_for_busy_agents_is_listed_without_alarm(member, pool):
    make_agent(pool, state="busy")
    Waiting.objects.create(pool=pool, request_id=1, job_name="test_ci core", queued_at=minutes(90))
    text = read(member, "agents")
    assert "Waiting for an agent" in text
    assert "in vain" not in text


def test_a_sick_machine_is_flagged_with_its_figures(member, pool):
    for number in range(1, 6):
        agent = make_agent(pool, f"AlibabaCI00{number}-agent01")
        AgentDay.objects.create(
            agent=agent, day=timezone.now().date(), finished=60, failed=30 if number == 3 else 3, busy_seconds=1
        )
    text = read(member, "agents")
    assert text.count("bad machine?") == 1
    assert "50% of 60 jobs failed, against 5% on the host" in text


def test_a_low_disk_is_shown_for_a_day(member, pool):
    make_agent(pool, low_disk_at=minutes(30))
    make_agent(pool, "AlibabaCI001-agent02", low_disk_at=minutes(60 * 30))
    assert read(member, "agents").count("low disk") == 1


def test_waits_of_today_stand_against_the_week_before(member):
    now = timezone.now()
    build = make_build()
    make_job(build, "a", started_at=now, wait_seconds=600)
    make_job(build, "b", started_at=now - timedelta(days=3), wait_seconds=7200)
    text = read(member, "agents")
    assert "10 min today" in text
    assert "2 h in the week before" in text


def test_workers_of_no_known_host_are_listed(member):
    make_job(make_build(), host="", worker_name="mystery-box")
    assert "mystery-box" in read(member, "agents")


def test_an_agents_page_shows_its_jobs_and_days(member, pool):
    agent = make_agent(pool, capabilities={"Agent.ComputerName": "AlibabaCI001"}, registrations=2)
    make_job(make_build(), agent=agent, result="failed")
    text = read(member, "agent", agent.pk)
    assert "test_ci core" in text
    assert "2 times under this name" in text
    assert '<rect class="bad"' in text


def test_an_unknown_agent_is_not_found(member):
    assert member.get(reverse("agent", args=[99])).status_code == 404


# Builds ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query, shown",
    [
        ("", {1, 2, 3, 4}),
        ("?branch=master", {1, 3}),
        ("?reason=schedule", {3}),
        ("?state=failed", {2, 3}),
        ("?state=running", {4}),
        ("?host=azure", {1}),
        ("?scope=pull", {4}),
        ("?branch=master&state=failed", {3}),
        ("?definition=one", {1}),
        ("?state=nonsense&host=%00&before=x", {1, 2, 3, 4}),
        ("?before=99999999999999999999999_1", {1, 2, 3, 4}),
    ],
)
def test_the_list_is_filtered_by_the_address(member, query, shown):
    make_build(1, hosts="alibaba,azure", definition="one")
    make_build(2, branch="release-2.1", result="failed")
    make_build(3, reason="schedule", result="failed")
    make_build(4, branch=f"ci_29300_{'a' * 40}", scope="pull", status="running", result="", finished_at=None)
    text = read(member, "builds", query=query)
    assert {number for number in range(1, 5) if f'href="{reverse("build", args=[number])}"' in text} == shown


def test_the_list_is_walked_without_missing_or_doubling_a_build(member, monkeypatch):
    monkeypatch.setattr("agents.builds.figures.PAGE", 3)
    at = minutes(10)
    for number in range(1, 9):
        make_build(number, queued_at=at)
    seen, address = [], reverse("builds")
    while address:
        response = member.get(address)
        seen += [build.external_id for build in response.context["list"].builds]
        older = response.context["older"]
        address = f"{reverse('builds')}?{older}" if older else ""
    assert seen == list(range(8, 0, -1))


def test_an_empty_list_says_what_to_expect(member):
    assert "No build is known yet." in read(member, "builds")
    assert "No build fits." in read(member, "builds", query="?branch=x")


def test_a_build_shows_waiting_and_running_apart_by_host(member, pool):
    build = make_build()
    make_job(build, agent=make_agent(pool))
    make_job(build, "e2e_1", host="azure")
    text = read(member, "build", build.external_id)
    assert 'class="wait"' in text and 'class="host-azure"' in text and 'class="host-alibaba"' in text
    assert "waited 1 min; ran 30 min on Alibaba-hosted" in text
    assert f"{build.web_url}&amp;view=logs&amp;j=record-" in text


def test_a_build_links_its_commit_on_github(member):
    build = make_build(repository="flink-ci/flink-mirror")
    link = f'href="https://github.com/flink-ci/flink-mirror/commit/{build.version}"'
    assert link in read(member, "build", build.external_id)
    assert link in read(member, "builds")


def test_a_commit_of_an_unknown_repository_is_no_link(member):
    build = make_build()
    assert f'<span class="mono">{build.version[:10]}</span>' in read(member, "build", build.external_id)


def test_a_build_shows_every_attempt(member):
    build = make_build(attempt=2)
    make_job(build, result="failed", latest=False)
    make_job(build, attempt=2)
    text = read(member, "build", build.external_id)
    assert "attempt 1" in text and "attempt 2" in text


def test_a_failing_test_says_whether_it_was_seen_before(member):
    test = Test.objects.create(name="org.apache.flink.FooTest.testBar")
    fresh = Test.objects.create(name="org.apache.flink.NewTest.testBar")
    for number, ago in ((1, 3000), (2, 2000), (3, 60)):
        build = make_build(number, ago, result="failed")
        job = make_job(build, result="failed")
        TestFailure.objects.create(test=test, job=job, build=build, at=build.finished_at, message="boom", source="log")
    TestFailure.objects.create(test=fresh, job=job, build=build, at=build.finished_at, source="results")
    text = read(member, "build", 3)
    assert "2 times, last" in text
    assert text.count("never before") == 1
    assert "never before" in read(member, "build", 1)


def test_warnings_of_a_job_can_be_read(member):
    build = make_build()
    make_job(build, warnings=1, issues=[{"error": False, "message": "Free disk space on / is lower than 5%"}])
    assert "Free disk space on / is lower than 5%" in read(member, "build", build.external_id)


def test_a_build_without_jobs_or_times_is_shown(member):
    build = make_build(queued_at=None, started_at=None, finished_at=None, status="queued", result="", jobs_pending=True)
    assert "Its jobs have not been read yet." in read(member, "build", build.external_id)


def test_a_build_that_azure_deleted_says_so(member):
    make_build(gone_at=minutes(5))
    assert "Azure does not have this build any more" in read(member, "build", 79300)


def test_what_comes_from_outside_is_shown_as_text(member, pool):
    build = make_build(message=HOSTILE, branch="x/" + HOSTILE, definition=HOSTILE, requested_for=HOSTILE)
    Build.objects.update(number=HOSTILE)
    agent = make_agent(pool, HOSTILE, os=HOSTILE, capabilities={HOSTILE: HOSTILE})
    job = make_job(build, HOSTILE, agent=agent, issues=[{"error": True, "message": HOSTILE}], result="failed")
    test = Test.objects.create(name=HOSTILE)
    TestFailure.objects.create(test=test, job=job, build=build, at=minutes(1), message=HOSTILE, source="log")
    pages = [("builds",), ("build", 79300), ("agents",), ("agent", agent.pk), ("branches",), ("branch", build.branch)]
    for name, *args in pages:
        assert "<script>alert" not in read(member, name, *args)


# Branches ----------------------------------------------------------------------------------------


def test_the_grid_tells_new_from_lasting_failures(member):
    for number, result in ((1, "succeeded"), (2, "failed"), (3, "failed")):
        make_job(make_build(number, 300 - number, result=result), result=result)
    text = read(member, "branches")
    assert text.count('<td class="new"') == 1
    assert text.count('<td class="still"') == 1
    assert text.count('<td class="good"') == 1


def test_nightly_builds_stand_apart(member):
    make_job(make_build(1, result="failed"), result="failed")
    make_job(make_build(2, reason="schedule"), "cron_jdk17")
    response = member.get(reverse("branches"))
    assert [grid.key for grid in response.context["grids"]] == ["push", "nightly"]
    assert response.context["grids"][1].streak == 1
    assert [row.name for row in response.context["grids"][0].rows] == ["test_ci core"]


def test_branches_stand_in_order_and_pull_requests_are_none(member):
    for number, branch in enumerate(["release-1.20", "release-2.10", "master", "release-2.9", "feature"]):
        make_build(number + 1, branch=branch)
    make_build(9, branch="ci_1_ab", scope="pull")
    tabs = member.get(reverse("branches")).context["tabs"]
    assert [tab.name for tab in tabs] == ["master", "release-2.10", "release-2.9", "release-1.20", "feature"]


def test_an_unknown_branch_is_not_found(member):
    assert member.get(reverse("branch", args=["nothing"])).status_code == 404


# Charts ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key, moments", [("24h", 24), ("7d", 168), ("30d", 30), ("nonsense", 24)])
def test_charts_have_numbers_on_hover_and_a_table(member, key, moments):
    now = timezone.now()
    hour, day = now.replace(minute=0, second=0, microsecond=0), now.replace(hour=0, minute=0, second=0, microsecond=0)
    for step, start in (("hour", hour), ("day", day)):
        HostPeriod.objects.create(
            step=step, start=start, host="alibaba", busy=7.5, queued=2, wait_p50=240, wait_p90=900
        )
        BuildPeriod.objects.create(
            step=step, start=start, scope="branch", finished=4, succeeded=3, failed=1, duration_p50=7200
        )
    response = member.get(reverse("agent_charts"), {"range": key})
    text = response.content.decode()
    assert [len(chart.columns) for chart in response.context["charts"]] == [moments] * 5
    assert "Alibaba-hosted: 7.5" in text
    assert "Alibaba-hosted p90: 15 min" in text
    assert "75%" in text and "2 h" in text
    assert text.count("As a table") == 5


def test_charts_without_figures_say_so(member):
    assert read(member, "agent_charts").count("No figures yet.") == 5


# All ---------------------------------------------------------------------------------------------

PAGES = ["agents", "builds", "branches", "agent_charts"]


@pytest.mark.parametrize("name", PAGES)
def test_only_people_who_are_signed_in_may_look(client, db, name):
    assert client.get(reverse(name)).status_code == 302


@pytest.mark.parametrize("name", PAGES)
def test_a_fragment_that_did_not_change_is_not_sent_again(member, name):
    first = member.get(reverse(name), headers={"HX-Request": "true"})
    again = member.get(reverse(name), headers={"HX-Request": "true", "If-None-Match": first["ETag"]})
    assert again.status_code == 304
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
    assert "master failed" in text
    assert "1 online" in text and "1 offline or disabled" in text
