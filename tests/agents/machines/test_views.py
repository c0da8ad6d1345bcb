"""The pages about agents: what people read there."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from agents.models import AgentDay, Waiting, Watermark
from flinkci_dashboard.models import RuleSetting
from tests.machines import make_agent, make_build, make_job, minutes
from tests.reading import read

pytestmark = pytest.mark.django_db


def test_both_hosts_stand_side_by_side(member, pool):
    make_agent(pool, state="busy")
    make_agent(pool, "AlibabaCI001-agent02")
    make_agent(pool, "AlibabaCI001-agent03", "offline")
    text = read(member, "agents")
    assert "Azure-hosted" in text and "Alibaba-hosted" in text
    assert "busy, of 2 online" in text
    assert "AlibabaCI001-agent03" in text


def test_the_page_says_how_old_it_is(member):
    at = minutes(3)
    Watermark.objects.create(name="agents", at=at)
    assert f'datetime="{at.isoformat()}"' in read(member, "agents")


def test_without_the_right_on_pools_the_page_says_so(member):
    Watermark.objects.create(name="agents", note="Azure DevOps wants a sign-in.")
    make_agent(None, state="seen")
    text = read(member, "agents")
    assert "Agents can't be read." in text
    assert "known from builds" in text


def test_the_overview_and_the_page_count_the_same_agents_as_online(member, pool):
    for number, state in enumerate(("busy", "idle", "idle", "disabled", "offline")):
        make_agent(pool, f"AlibabaCI001-agent{number:02}", state)
    Watermark.objects.create(name="agents", at=timezone.now())
    assert "busy, of 3 online" in member.get("/agents/").content.decode()
    assert "3 online" in member.get("/").content.decode()


def test_an_agent_that_took_a_job_was_heard_of(pool):
    now = timezone.now()
    agent = make_agent(pool, "AlibabaCI001-agent01", state_since=now)
    agent.seen_at = now - timedelta(minutes=2)
    assert agent.heard_at == now


def test_a_job_that_no_online_agent_can_take_is_named(member, pool):
    make_agent(pool, state="offline")
    build = make_build(status="running", result="", finished_at=None)
    Waiting.objects.create(pool=pool, request_id=1, build=build, job_name="test_ci core", queued_at=minutes(20))
    text = read(member, "agents")
    assert "Waiting in vain: 1 job" in text
    assert "No agent of pool Default is online" in text
    assert reverse("build", args=["azure", 79300]) in text


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
    RuleSetting.objects.update_or_create(rule="machine_disk", defaults={"limit": 48})
    assert read(member, "agents").count("low disk") == 2


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
