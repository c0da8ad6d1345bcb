"""What tests of builds start from."""

import pytest


@pytest.fixture
def azure(world):
    world.azure.start_builds = False
    return world.azure
