"""The worker as a real process over a real database: on schedule, ended when told, no orphan when killed."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dj_database_url
import psutil
import psycopg
import pytest
from django.db import connection
from django.db.utils import ConnectionHandler

ROOT = Path(__file__).parents[2]


@dataclass
class Installation:
    """A prepared installation of its own: its environment, and a connection to its database."""

    environment: dict[str, str]
    databases: ConnectionHandler

    def query(self, sql: str) -> list[tuple]:
        """Return the rows of a query."""
        with self.databases["default"].cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []

    def start(self) -> subprocess.Popen:
        """Start the worker."""
        return subprocess.Popen(
            [sys.executable, "manage.py", "qcluster"], cwd=ROOT, env=self.environment, start_new_session=True
        )

    def passes(self) -> int:
        """Return how many passes have ended well."""
        return self.query("SELECT count(*) FROM flinkci_dashboard_jobrun WHERE job = 'prune' AND outcome = 'ok'")[0][0]


@pytest.fixture
def installation(tmp_path, transactional_db, bootstrapped) -> Iterator[Installation]:
    """Copy the test's database to one of its own, with one job due every second and the others off."""
    with _copy(tmp_path) as url:
        environment = os.environ | {"DATA_DIR": str(tmp_path), "DATABASE_URL": url, "WORKERS": "2"}
        environment["DJANGO_SETTINGS_MODULE"] = "flinkci_dashboard.settings"
        options = connection.settings_dict["OPTIONS"]
        databases = ConnectionHandler({"default": dj_database_url.parse(url) | {"OPTIONS": options}})
        made = Installation(environment, databases)
        made.query("UPDATE flinkci_dashboard_jobschedule SET enabled = (job = 'prune'), interval = 1")
        yield made
        databases.close_all()


@contextlib.contextmanager
def _copy(folder: Path) -> Iterator[str]:
    if connection.vendor == "sqlite":
        file = folder / "worker.sqlite3"
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(file)])
        yield f"sqlite:///{file}"
        return
    url, original = os.environ["DATABASE_URL"], connection.settings_dict["NAME"]
    copy = f"{original}_worker"
    connection.close()  # a database that is copied may have no other guest
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{copy}" TEMPLATE "{original}"')
        yield url.replace("/postgres?", f"/{copy}?")
        server.execute(f'DROP DATABASE "{copy}" WITH (FORCE)')


@pytest.fixture
def worker(installation) -> Iterator[subprocess.Popen]:
    """Run the worker until it has done a first pass."""
    process = installation.start()
    until(lambda: installation.passes() > 0)
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    yield process
    for member in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()
    process.wait()


def until(condition, seconds: float = 30) -> None:
    """Wait for something that has to happen."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Return those that still run."""
    return [each for each in processes if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]


def test_jobs_run_on_schedule_below_a_minute_and_sigterm_ends_all(installation, worker):
    family = psutil.Process(worker.pid).children(recursive=True)
    seen = installation.passes()
    until(lambda: installation.passes() >= seen + 2)
    assert installation.query("SELECT count(*) FROM flinkci_dashboard_worker")[0][0] == 1
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=30) == 0
    assert not alive(family)
    assert installation.query("SELECT count(*) FROM flinkci_dashboard_jobrun WHERE outcome = 'running'") == [(0,)]


def test_a_signal_to_the_whole_group_ends_all_in_order(installation, worker):
    family = psutil.Process(worker.pid).children(recursive=True)
    os.killpg(worker.pid, signal.SIGTERM)
    assert worker.wait(timeout=30) == 0
    assert not alive(family)


def test_a_killed_worker_process_is_replaced_and_passes_go_on(installation, worker):
    sentinel = psutil.Process(worker.pid).children()[0]
    for child in sentinel.children():
        child.kill()
    seen = installation.passes()
    until(lambda: installation.passes() >= seen + 2, 60)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is Linux's")
def test_killing_the_main_process_leaves_no_orphan(worker):
    family = psutil.Process(worker.pid).children(recursive=True)
    assert len(family) >= 4
    worker.kill()
    until(lambda: not alive(family))


def test_a_lost_database_is_survived(installation, worker):
    if installation.databases["default"].vendor != "postgresql":
        pytest.skip("a file does not get lost")
    seen = installation.passes()
    installation.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    until(lambda: installation.passes() >= seen + 2, 60)
    assert worker.poll() is None
