"""What tests of people and credentials start from."""

import pytest

from flinkci_dashboard.models import Credential


@pytest.fixture
def credential(bootstrapped) -> Credential:
    """Return the bot's key to GitHub, of which no value is stored."""
    return Credential.objects.get(serves="github")
