"""A report that should say something else is told of, and one that says it all is not."""

from datetime import timedelta

import pytest
from django.utils import timezone

from flinkci_dashboard.alerts.findings import Limits
from sync.alerts import RULES, findings
from sync.models import PullRequest
from tests.pulls import settle, sync

LIMITS = Limits({rule.name: rule for rule in RULES})


def stale(after: timedelta = timedelta(0)) -> list[str]:
    return [each.text for each in findings(timezone.now() + after, LIMITS) if each.rule == "reports_stale"]


@pytest.mark.django_db
def test_a_report_that_can_not_be_written_is_out_of_date_after_a_while(flink):
    number = flink.pulls.open("[FLINK-1] Mend it", login="ada")
    settle()
    assert PullRequest.objects.get(number=number).report_due_since is None
    assert stale(timedelta(days=3)) == []
    flink.fault(service="github", method="PATCH", path="comments", status=500, times=None)
    flink.clock.advance(minutes=200)
    flink.azure.move()
    sync("partial")
    assert stale() == []
    assert stale(timedelta(minutes=16)) == [f"a CI report has been out of date for {{time}}: #{number}"]
    flink.clear_faults()
    settle(2)
    assert stale(timedelta(minutes=16)) == []
