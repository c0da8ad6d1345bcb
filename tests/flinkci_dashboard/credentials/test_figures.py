"""What presses the most stands first."""

from datetime import timedelta

import pytest
from django.utils import timezone

from flinkci_dashboard.credentials.figures import pressing_credentials
from flinkci_dashboard.models import Credential

pytestmark = pytest.mark.django_db


def test_the_overview_names_what_presses_the_most_first(bootstrapped):
    Credential.objects.filter(serves="jira").update(expires_on=timezone.now().date() + timedelta(days=20), works=True)
    Credential.objects.filter(serves="github").update(problem="refused (401)", works=False)
    assert [line.credential.name for line in pressing_credentials(timezone.now())] == ["flinkbot on GitHub", "Jira"]
