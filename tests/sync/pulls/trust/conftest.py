"""The sandbox with the trust gate on."""

import pytest

from sync.models import TrustGate


@pytest.fixture
def gated(flink):
    """A sandbox whose gate is on; mallory is a stranger there, grace a member."""
    TrustGate.objects.update(mode="on")
    flink.pulls.accounts.associate("FIRST_TIME_CONTRIBUTOR", "mallory")
    flink.pulls.accounts.associate("MEMBER", "grace")
    return flink
