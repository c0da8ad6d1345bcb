"""An installation on several hosts: each a worker and a web server with a DATA_DIR of its own, over one database."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import psutil

ROOT = Path(__file__).parents[2]
PATIENCE = 300.0  # seconds: a machine may be busy with other things
KEY = "c" * 43 + "="  # any Fernet key: all hosts share it


@dataclass
class Host:
    """One machine's processes and folder."""

    environment: dict[str, str]
    folder: Path
    processes: list[subprocess.Popen] = field(default_factory=list)
    port: int = 0
    code: Path = ROOT  # the checkout that it runs
    prefix: list[str] = field(default_factory=list)  # what each command begins with

    def manage(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess:
        """Run a command to its end."""
        command = [*self.prefix, sys.executable, "manage.py", *arguments]
        options = {"cwd": self.code, "env": self.environment, "capture_output": True, "text": True, "timeout": 900}
        done = subprocess.run(command, **options)
        assert not check or done.returncode == 0, done.stderr
        return done

    def start_worker(self, **options: object) -> subprocess.Popen:
        """Start a worker, which takes what is due."""
        return self._start([sys.executable, "manage.py", "qcluster"], **options)

    def start_web(self) -> None:
        """Start a web server, and wait until it answers."""
        self.manage("collectstatic", "--no-input", "--verbosity", "0")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        options = ["--preload", "--worker-class", "gthread", "--threads", "4", "--bind", f"127.0.0.1:{self.port}"]
        self._start([sys.executable, "-m", "gunicorn", "flinkci_dashboard.wsgi", *options])
        until(lambda: self.get("/healthz")[0] == 200)

    def get(self, path: str) -> tuple[int, dict]:
        """Return status and JSON of a page of this host; (0, {}) when nothing listens."""
        try:
            with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=PATIENCE) as answer:  # noqa: S310
                return answer.status, _json(answer.read())
        except HTTPError as error:
            return error.code, _json(error.read())
        except OSError:
            return 0, {}

    def set_clock(self, seconds: float) -> None:
        """Set the clock of its processes forward, or back: from its first start on, or while they run."""
        file = self.folder / "clock"
        file.write_text(str(seconds))
        self.environment |= {"PYTHONPATH": str(Path(__file__).parent / "clock"), "REHEARSAL_CLOCK": str(file)}

    def log(self) -> str:
        """Return all that its processes have written."""
        return "".join(each.read_text() for each in sorted(self.folder.glob("*.log")))

    def die(self) -> None:
        """Kill every process at once, as a machine does that loses its power."""
        for process in self.processes:
            for member in _family(process.pid):
                with contextlib.suppress(psutil.NoSuchProcess):
                    member.kill()
            process.wait()
        self.processes.clear()

    def alive(self) -> bool:
        """Tell whether all its processes run."""
        return all(process.poll() is None for process in self.processes)

    def _start(self, command: list[str], **options: object) -> subprocess.Popen:
        with (self.folder / f"{len(self.processes)}.log").open("a") as log:
            process = subprocess.Popen(
                [*self.prefix, *command],
                cwd=self.code,
                env=self.environment,
                stderr=log,
                stdout=log,
                start_new_session=True,
                **options,
            )
        self.processes.append(process)
        return process


def host(folder: Path, database: str, world: dict[str, str], redis: str = "") -> Host:
    """Set a machine up: its folder and environment."""
    folder.mkdir(parents=True)
    environment = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    environment |= world | {
        "DATA_DIR": str(folder),
        "DATABASE_URL": database,
        "DJANGO_SETTINGS_MODULE": "flinkci_dashboard.settings",
        "DJANGO_SECRET_KEY": "rehearsal " * 6,
        "CREDENTIALS_KEYS": KEY,
        "SYNC_MODE": "active",
        "WORKERS": "2",
    }
    return Host(environment | ({"REDIS_URL": redis} if redis else {}), folder)


def until(condition: Callable[[], object], seconds: float = PATIENCE, what: str = "it") -> float:
    """Wait for something that has to happen; returns after how many seconds it did.

    `seconds` is named where it is promised how soon it does.
    """
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, f"{what} did not happen within {seconds:.0f} s"
        time.sleep(0.1)
    return time.monotonic() - began


def stop(process: subprocess.Popen) -> int:
    """Ask a process to end, and return its exit status."""
    process.send_signal(signal.SIGTERM)
    return process.wait(timeout=PATIENCE)


def _family(pid: int) -> list[psutil.Process]:
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        return [*process.children(recursive=True), process]
    return []


def _json(body: bytes) -> dict:
    with contextlib.suppress(ValueError):
        return json.loads(body)
    return {}
