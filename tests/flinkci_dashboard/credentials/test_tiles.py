"""What the overview says of credentials."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from flinkci_dashboard.models import Credential
from tests.reading import text

pytestmark = pytest.mark.django_db


def test_the_overview_counts_credentials_without_naming_them(bootstrapped, client, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    client.force_login(User.objects.create_user("anybody"))
    soon = timezone.now().date() + timedelta(days=4)
    Credential.objects.filter(serves="github").update(works=True, expires_on=soon, probed_at=timezone.now())
    page = text(client, "/")
    assert "GitHub: 3 days left" in page
    assert "flinkbot on GitHub" not in page
    assert 'href="/credentials/"' not in page


def test_the_overview_leads_those_to_the_page_who_may_see_it(reader):
    assert 'href="/credentials/"' in text(reader, "/")
