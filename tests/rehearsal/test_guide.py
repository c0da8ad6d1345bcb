"""What docs/take-over.md says of going back and of the time afterwards, done on a fresh clone with a worker at work."""

import subprocess
import time

import psycopg
import pytest
from cryptography.fernet import Fernet

from tests.old_bots import OldBots
from tests.rehearsal.hosts import KEY, ROOT, Host, stop, until
from tests.rehearsal.town import doubled, mirrored, told

MINUTE = 60.0
STORE = """
from flinkci_dashboard.clients.secrets import fingerprint, seal
from flinkci_dashboard.models import Credential, StoredValue
key = Credential.objects.filter(serves="github").first()
StoredValue.objects.create(credential=key, role="current", sealed=seal("{token}"), fingerprint=fingerprint("{token}"))
"""
READ = "from flinkci_dashboard.clients.secrets import token; print(token('github'))"


@pytest.fixture
def queue() -> None:
    """Let the database be the broker."""


@pytest.fixture
def only(hosts, tmp_path) -> Host:
    """Set a host up from a fresh clone, where there is something to clone."""
    (made,) = hosts(1)
    if (ROOT / ".git").exists():
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(tmp_path / "clone")], check=True)
        made.code = tmp_path / "clone"
    return made


@pytest.fixture
def switch(only, database):
    """Return how to restart the worker in another mode, or with other keys: when it has reported it goes on."""

    def switch(mode: str, worker: subprocess.Popen) -> subprocess.Popen:
        only.environment["SYNC_MODE"] = mode
        assert stop(worker) == 0
        again = only.start_worker()
        until(lambda: reported(database) == again.pid, what="the worker's first report")
        return again

    return switch


def reported(database) -> int:
    with psycopg.connect(database.url) as connection:
        found = connection.execute("SELECT pid FROM flinkci_dashboard_worker ORDER BY seen_at DESC LIMIT 1").fetchone()
    return found[0] if found else 0


def test_back_and_forth_within_a_minute(only, town, switch):
    bots = OldBots(town)
    number = town.pulls.open()
    worker = only.start_worker()
    until(lambda: told(town, number) and mirrored(town), what="the first report")

    began = time.monotonic()
    worker = switch("observe", worker)
    town.pulls.push(number)
    town.commit("master")
    bots.turn()
    bots.turn()
    assert told(town, number)
    assert mirrored(town)
    back = time.monotonic() - began

    began = time.monotonic()
    switch("active", worker)
    town.pulls.push(number)
    town.commit("master")
    until(lambda: told(town, number) and mirrored(town), seconds=MINUTE, what="taking over again")
    forth = time.monotonic() - began
    print(f"Back took {back:.0f} s, forth {forth:.0f} s.")
    assert max(back, forth) <= MINUTE
    assert doubled(town) == []


def test_backed_up_rotated_restored_and_on_another_host(only, town, database, switch, tmp_path):
    old, new = KEY, Fernet.generate_key().decode()
    token = only.environment.pop("GITHUB_TOKEN")
    only.manage("shell", "-c", STORE.format(token=token))
    number = town.pulls.open()
    worker = only.start_worker()
    until(lambda: told(town, number) and mirrored(town), what="the first report")
    dump = tmp_path / "flinkci.dump"
    dump.write_bytes(database.run("pg_dump", "--format=custom", database.url))

    only.environment["CREDENTIALS_KEYS"] = f"{new},{old}"
    worker = switch("active", worker)
    only.manage("rotate_credentials_key")
    only.environment["CREDENTIALS_KEYS"] = new
    worker = switch("active", worker)
    assert stored(only) == token
    town.pulls.push(number)
    until(lambda: told(town, number), what="going on with the new key")

    assert stop(worker) == 0
    database.run("pg_restore", "--clean", "--if-exists", "--dbname", database.url, str(dump))
    only.environment["CREDENTIALS_KEYS"] = old  # of the dump
    only.manage("migrate", "--verbosity", "0")
    only.manage("probe_credentials", check=False)  # there is no Azure token in this town
    assert stored(only) == token

    second = tmp_path / "second"
    second.mkdir()
    only.environment["DATA_DIR"] = str(second)
    assert "flinkci.W003" not in only.manage("check", "--deploy", check=False).stderr
    only.start_worker()
    town.pulls.push(number)
    town.commit("master")
    until(lambda: told(town, number) and mirrored(town), what="the other host's going on")
    until(lambda: doubled(town) == [], what="deleting the branch of a head that the dump did not know")


def stored(only: Host) -> str:
    return only.manage("shell", "-v", "0", "-c", READ).stdout.splitlines()[-1]
