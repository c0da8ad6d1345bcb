"""Web server and worker as one foreground group: `python -m flinkci_dashboard.launch` (what `make run` starts)."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from types import FrameType
from typing import Any

import psutil

GRACE = 20.0  # seconds that a stopping process has to finish what it is doing
PR_SET_PDEATHSIG = 1  # linux/prctl.h


class Group:
    """Processes that live and die together."""

    def __init__(self) -> None:
        self.processes: dict[str, subprocess.Popen] = {}
        self.stopping = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask_to_stop)

    def start(self, name: str, arguments: Sequence[str], **options: Any) -> subprocess.Popen:
        """Start one more process, in a session of its own so that Ctrl-C reaches it only through us."""
        process = subprocess.Popen(arguments, start_new_session=True, preexec_fn=end_with_parent, **options)  # noqa: PLW1509
        self.processes[name] = process
        return process

    def wait(self) -> int:
        """Wait for a signal (returns 0) or for the first process to end by itself (says which; returns 1)."""
        while not self.stopping:
            for name, process in self.processes.items():
                if (status := process.poll()) is not None:
                    print(f"{name} ended with status {status}; stopping the others.", file=sys.stderr)
                    return 1
            time.sleep(0.1)
        return 0

    def stop(self) -> None:
        """Ask every process to end, give it time, then kill what is left, children included."""
        family = [member for process in self.processes.values() for member in _tree(process.pid)]
        for process in self.processes.values():
            process.terminate()
        deadline = time.monotonic() + GRACE
        for process in self.processes.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0, deadline - time.monotonic()))
        for member in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()
        psutil.wait_procs(family, timeout=5)

    def _ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True


def _tree(pid: int) -> list[psutil.Process]:
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def end_with_parent() -> None:
    """Ask the kernel (Linux) to kill this process when its parent dies, so that a kill -9 leaves no orphans."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def start_site(group: Group, address: str) -> None:
    """Start the web server on `address` (host:port) and the worker."""
    group.start("worker", [sys.executable, "manage.py", "qcluster"])
    options = ["--preload", "--worker-class", "gthread", "--workers", "2", "--threads", "8", "--max-requests", "20000"]
    logs = ["--log-level", "warning", "--no-control-socket"]
    group.start("web", [sys.executable, "-m", "gunicorn", "flinkci_dashboard.wsgi", "--bind", address, *options, *logs])


def main() -> int:
    """Run until a signal; returns the exit status."""
    address = os.environ.get("BIND", "127.0.0.1:8000")
    group = Group()
    try:
        start_site(group, address)
        print(f"Serving on http://{address}/", flush=True)
        return group.wait()
    finally:
        group.stop()


if __name__ == "__main__":
    sys.exit(main())
