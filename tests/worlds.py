"""How a test points this process at a sandbox."""

import pytest
from django.conf import LazySettings

from flinkci_dashboard.clients import pacing
from flinkci_dashboard.sandbox import Sandbox


def point_at(world: Sandbox, settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work on a world, in active mode, until the test is over."""
    for name, value in world.environ().items():
        if name.endswith("_TOKEN"):
            monkeypatch.setenv(name, value)
        else:
            setattr(settings, name, value)
    settings.SYNC_MODE = "active"
    monkeypatch.setattr(pacing, "PAUSES", (0.01, 0.04))  # seconds; a sandbox that fails is not helped by waiting
