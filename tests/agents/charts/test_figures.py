"""The charts of machines and builds."""

import pytest
from django.urls import reverse
from django.utils import timezone

from agents.charts.periods import mark_stale, refresh_stale_days
from agents.models import BuildPeriod, HostPeriod
from tests.machines import make_build
from tests.migration import make_run
from tests.reading import read

pytestmark = pytest.mark.django_db


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


def test_both_services_are_drawn_once_both_have_ended_builds(member):
    build = make_build(1)
    mark_stale([build])
    refresh_stale_days(timezone.now())
    assert "GitHub Actions" not in read(member, "agent_charts")
    mark_stale([make_run(2, result="failed"), make_run(3, scope="other")])
    refresh_stale_days(timezone.now())
    page = read(member, "agent_charts")
    assert "Branches, Azure Pipelines: 100%" in page and "Branches, GitHub Actions: 0%" in page
    assert "Pull requests, GitHub Actions" in page


def test_charts_without_figures_say_so(member):
    assert read(member, "agent_charts").count("No figures yet.") == 5
