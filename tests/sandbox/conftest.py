"""A sandbox of a test's own; this process may speak to it and to nobody else."""

import pytest

from flinkci_dashboard.sandbox import Sandbox
from tests.sandbox.clone import Clone


@pytest.fixture
def sandbox(tmp_path, settings):
    """Start one with a first commit."""
    with Sandbox(tmp_path / "world") as sandbox:
        settings.GITHUB_API_URL = sandbox.github_api_url
        sandbox.commit()
        yield sandbox


@pytest.fixture
def clone(sandbox, tmp_path):
    """Clone the source."""
    return Clone(sandbox, tmp_path / "clone.git")
