"""What an app adds to the ground, found by a module's name: nothing here knows an app."""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from django.apps import apps
from django.conf import settings


def parts(name: str) -> list[ModuleType]:
    """Return the modules called `name` ("tiles", "public", "bootstrap") of our apps, in the order of INSTALLED_APPS."""
    ours = [config.name for config in apps.get_app_configs() if Path(config.path).parent == settings.BASE_DIR]
    ours.remove("flinkci_dashboard")
    return [import_module(f"{app}.{name}") for app in ours if find_spec(f"{app}.{name}")]
