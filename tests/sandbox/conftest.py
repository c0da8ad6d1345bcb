"""A sandbox of a test's own; this process may speak to it and to nobody else."""

import pytest

from flinkci_dashboard.sandbox import Sandbox


@pytest.fixture
def sandbox(tmp_path, settings):
    """Start one with a first commit."""
    with Sandbox(tmp_path / "world") as sandbox:
        settings.GITHUB_API_URL = sandbox.github_api_url
        sandbox.commit()
        yield sandbox
