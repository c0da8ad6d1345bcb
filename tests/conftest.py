"""What tests share: a sandbox world of their own, and people who may sign in."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client


def pytest_report_header() -> str:
    """Say which database the suite runs on."""
    return f"database: {settings.DATABASES['default']['ENGINE']}"


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the folder that the settings made."""
    if not hasattr(config, "workerinput"):
        shutil.rmtree(settings.DATA_DIR, ignore_errors=True)


@pytest.fixture
def data_dir(settings, tmp_path: Path) -> Path:
    """Give a test its own DATA_DIR (git caches, locks)."""
    settings.DATA_DIR = tmp_path / "data"
    settings.DATA_DIR.mkdir()
    return settings.DATA_DIR


@pytest.fixture
def world(db, settings, monkeypatch, tmp_path: Path, data_dir: Path) -> Iterator:
    """Start a sandbox with its own repositories, and point this process at it, in active mode."""
    from flinkci_dashboard.sandbox import Sandbox

    with Sandbox(tmp_path / "world") as sandbox:
        for name, value in sandbox.environ().items():
            if name.endswith("_TOKEN"):
                monkeypatch.setenv(name, value)
            else:
                setattr(settings, name, value)
        settings.SYNC_MODE = "active"
        yield sandbox


@pytest.fixture
def bootstrapped(db) -> None:
    """Set up what an installation starts from."""
    call_command("bootstrap", verbosity=0)


@pytest.fixture
def member(client: Client, db) -> Client:
    """Return a browser signed in as a PMC member."""
    client.force_login(User.objects.create_user("pmc"))
    return client


@pytest.fixture
def admin(db) -> Client:
    """Return a browser signed in as an admin."""
    browser = Client()
    browser.force_login(User.objects.create_superuser("admin"))
    return browser
