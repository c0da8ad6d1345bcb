"""What there is room for: one sentence for the overview, the worst alone for a banner."""

import pytest

from tests.findings import at_work, make_finding, stand

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bootstrapped")]


def test_a_banner_says_the_worst_and_how_many_more_there_are(member):
    at_work()
    stand(*(make_finding(f"thing {number}", severity) for number, severity in enumerate(("warn", "bad", "warn"))))
    page = member.get("/mirrors/").content.decode()
    assert "thing 1 fails – and 2 more" in page.replace("Thing", "thing")
    assert "thing 0 fails" not in page
