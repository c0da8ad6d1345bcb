"""What tests of builds and machines start from."""

import pytest
from django.utils import timezone

from agents.models import Pool


@pytest.fixture
def pool(db):
    """Return the pool of machines that stay."""
    return Pool.objects.create(external_id=1, name="Default", host="alibaba", hosted=False, seen_at=timezone.now())


@pytest.fixture
def azure(world):
    """Return Azure, in which nothing starts by itself."""
    world.azure.start_builds = False
    return world.azure
