"""What tests of the label job start from."""

import pytest

from flinkci_dashboard.clients import jira
from tests.labels import REST


@pytest.fixture
def quick(world, bootstrapped, monkeypatch):
    """Ask Jira without pauses; give the source a commit to open pull requests on."""
    monkeypatch.setattr(jira, "PAUSE", 0.0)
    world.commit("master")


@pytest.fixture
def ticket(world):
    """Have FLINK-123 about Runtime / REST, and a pull request for it."""
    world.jira.create("FLINK-123", [REST], "REST is slow")
    return world.pulls.open("[FLINK-123][rest] Be quicker")
