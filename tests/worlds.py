"""How a test points this process at a sandbox."""

import pytest
from django.conf import LazySettings

from flinkci_dashboard.sandbox import Sandbox


def point_at(world: Sandbox, settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work on a world, in active mode, until the test is over."""
    for name, value in world.environ().items():
        if name.endswith("_TOKEN"):
            monkeypatch.setenv(name, value)
        else:
            setattr(settings, name, value)
    settings.SYNC_MODE = "active"
