"""A host's own limits: a full disk, a read-only folder, little memory. Nothing is lost, and the reason is told."""

import contextlib
import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.rehearsal.hosts import until
from tests.rehearsal.town import mirrored, told

MEGABYTE = 1 << 20
LITTLE = 700 * MEGABYTE  # of addresses: a pass needs more than half of that before it has done anything

pytestmark = pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root may mount, on Linux")


@pytest.fixture
def queue() -> None:
    """Let the database be the broker."""


@contextlib.contextmanager
def mounted(folder: Path, *options: str) -> Iterator[None]:
    """Put another file system in a folder's place for a while."""
    subprocess.run(["mount", *options, str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def outcome(done: subprocess.CompletedProcess) -> str:
    return json.loads(done.stdout.splitlines()[-1])["outcome"]


def big_commit(town) -> None:
    town.commit("master", files={"blob.bin": os.urandom(4 * MEGABYTE).hex()})


def test_a_full_disk_is_named_and_the_next_pass_goes_on(hosts, town):
    (only,) = hosts(1)
    big_commit(town)
    with mounted(only.folder, "-t", "tmpfs", "-o", "size=2m", "tmpfs"):
        done = only.manage("sync_mirrors", check=False)
        assert (done.returncode, outcome(done)) == (1, "failed")
        assert "No space left" in done.stderr
        assert "Traceback" not in done.stderr
        assert not list(only.folder.rglob("tmp_pack*"))  # half a pack would keep the disk full
        (only.folder / "filler").write_bytes(bytes(shutil.disk_usage(only.folder).free))
        only.manage("send_alerts")
        assert "holds DATA_DIR" in only.manage("shell", "-c", FINDINGS).stdout
    assert outcome(only.manage("sync_mirrors")) == "ok"
    assert mirrored(town)


FINDINGS = "from flinkci_dashboard.models import Alert; print(*Alert.objects.values_list('rule', 'text'))"


def test_a_folder_that_is_read_only_is_named_and_pages_go_on(hosts, town):
    (only,) = hosts(1)
    with mounted(only.folder, "--bind", str(only.folder)):
        subprocess.run(["mount", "-o", "remount,bind,ro", str(only.folder)], check=True)
        done = only.manage("sync_mirrors", check=False)
        assert (done.returncode, outcome(done)) == (1, "failed")
        assert "Read-only file system" in done.stderr
        assert str(only.folder) in done.stderr
        assert "Traceback" not in done.stderr
        done = only.manage("poll_builds", check=False)
        assert outcome(done) == "ok", done.stderr
    assert outcome(only.manage("sync_mirrors")) == "ok"
    assert mirrored(town)


def test_a_worker_with_little_memory_is_replaced_and_goes_on(hosts, town, database):
    (only,) = hosts(1)
    number = town.pulls.open()
    worker = only.start_worker(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (LITTLE, LITTLE)))
    until(lambda: runs(database) > 3, what="a few passes")
    assert worker.poll() is None
    only.die()
    only.start_worker()
    until(lambda: told(town, number) and mirrored(town), what="the first report")


def runs(database) -> int:
    with psycopg.connect(database.url) as connection:
        return connection.execute("SELECT count(*) FROM flinkci_dashboard_jobrun").fetchone()[0]
