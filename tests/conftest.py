"""What tests share: a sandbox world of their own, and people who may sign in."""

import gc
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client, TestCase
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis

from flinkci_dashboard.sandbox import Sandbox
from flinkci_dashboard.web import live
from tests.people import with_role
from tests.worlds import point_at

# A busy machine is slow, which says nothing of the code; test_outside_text holds readers to their time.
hypothesis.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis.load_profile("busy")


def pytest_report_header() -> str:
    """Say which database the suite runs on."""
    return f"database: {settings.DATABASES['default']['ENGINE']}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out, on PostgreSQL, what touches no database: on SQLite it has run already."""
    if settings.DATABASES["default"]["ENGINE"].endswith("postgresql"):
        config.hook.pytest_deselected(items=[each for each in items if not _touches_database(each)])
        items[:] = [each for each in items if _touches_database(each)]


def pytest_collection_finish() -> None:
    """Let the garbage collector leave alone what lives as long as the run: code, tests and settings."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)


def _touches_database(item: pytest.Item) -> bool:
    asked = {"db", "transactional_db"} & set(getattr(item, "fixturenames", ()))
    case = getattr(item, "cls", None)
    return bool(asked or item.get_closest_marker("django_db") or (case and issubclass(case, TestCase)))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the folder that the settings made."""
    if not hasattr(config, "workerinput"):
        shutil.rmtree(settings.DATA_DIR, ignore_errors=True)


@pytest.fixture(autouse=True)
def nothing_said() -> None:
    """Forget what fragments said: another database gives its passes the same numbers."""
    live.forget()


@pytest.fixture
def data_dir(settings, tmp_path: Path) -> Path:
    """Give a test its own DATA_DIR (git caches, locks)."""
    settings.DATA_DIR = tmp_path / "data"
    settings.DATA_DIR.mkdir()
    return settings.DATA_DIR


@pytest.fixture
def world(db, settings, monkeypatch, tmp_path: Path, data_dir: Path) -> Iterator:
    """Start a sandbox with its own repositories, and point this process at it, in active mode."""
    with Sandbox(tmp_path / "world") as sandbox:
        point_at(sandbox, settings, monkeypatch)
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


@pytest.fixture
def reader(bootstrapped) -> Client:
    """Return a browser with the role member."""
    return with_role("member")


@pytest.fixture
def keeper(bootstrapped) -> Client:
    """Return a browser with the role admin, of somebody who is no superuser."""
    return with_role("admin")


@pytest.fixture
def flink(world, bootstrapped):
    """Give the source four versions, the newest unpublished; the mirror is empty."""
    world.commit("master", count=3)
    for version in ("1.9", "2.0", "2.1", "2.2"):
        world.cut_release(version)
        world.commit(f"release-{version}", f"Prepare {version}")
        if version != "2.2":
            world.release(f"{version}.0")
    world.create_branch("release-japicmp")
    return world


@pytest.fixture
def mirrored(flink):
    """Bring the mirror in step by a pass."""
    from flinkci_dashboard.jobs.run import run_pass

    assert run_pass("sync_mirrors", "command").outcome == "ok"
    return flink
