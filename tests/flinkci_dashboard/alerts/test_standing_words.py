"""What there is room for: one sentence for the overview, the worst alone for a banner."""

import pytest
from django.utils import timezone
from django.utils.html import strip_tags

from flinkci_dashboard.models import JobRun
from tests.findings import at_work, make_finding, stand

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bootstrapped")]


def test_a_banner_says_the_worst_and_how_many_more_there_are(member):
    at_work()
    stand(*(make_finding(f"thing {number}", severity) for number, severity in enumerate(("warn", "bad", "warn"))))
    page = " ".join(strip_tags(member.get("/mirrors/").content.decode()).split())
    assert "thing 1 fails – and 2 more" in page
    assert "thing 0 fails" not in page


def test_what_never_succeeded_is_not_in_order(member):
    JobRun.objects.create(job="poll_builds", outcome="failed", error="No answer.", ended_at=timezone.now())
    at_work()
    stand()
    page = member.get("/").content.decode()
    assert "Not all is known yet: no pass has succeeded of CI builds." in page
    assert "Everything is in order" not in page
    JobRun.objects.create(job="poll_builds", outcome="ok", ended_at=timezone.now())
    stand()
    assert "Everything is in order" in member.get("/").content.decode()
