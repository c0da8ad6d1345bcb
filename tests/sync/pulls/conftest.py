"""What the tests of pull requests start from."""

import pytest

from flinkci_dashboard.sandbox.world import PULLS


@pytest.fixture
def flink(world, bootstrapped):
    """A sandbox with a master that the CI repository has, too."""
    world.commit(message="Start", files={"README.md": "# Flink\n"})
    world.mirror_all(PULLS)
    return world
