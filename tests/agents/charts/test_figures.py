"""The charts of machines and builds."""

import pytest
from django.urls import reverse
from django.utils import timezone

from agents.models import BuildPeriod, HostPeriod
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


def test_charts_without_figures_say_so(member):
    assert read(member, "agent_charts").count("No figures yet.") == 5
