"""What there is room for: one sentence for the overview, the worst alone for a banner."""

import pytest
from django.utils import timezone

from flinkci_dashboard.models import JobRun, OpenFinding, Worker

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bootstrapped")]


def test_a_banner_says_the_worst_and_how_many_more_there_are(member):
    now = timezone.now()
    Worker.objects.create(host="one", pid=1, started_at=now, seen_at=now)
    JobRun.objects.create(job="send_alerts", outcome="ok", ended_at=now)
    for number, severity in enumerate(("warn", "bad", "warn")):
        facts = {"rule": "x", "subject": f"thing {number}", "severity": severity, "text": f"thing {number} fails"}
        OpenFinding.objects.create(key=f"x:{number}", since=now, source="sync", **facts)
    page = member.get("/mirrors/").content.decode()
    assert "thing 1 fails – and 2 more" in page.replace("Thing", "thing")
    assert "thing 0 fails" not in page
