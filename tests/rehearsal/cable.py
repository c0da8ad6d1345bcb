"""A host on a cable of its own, which can be pulled: packets get lost, and nobody is told. Needs root, and Linux.

`python -m tests.rehearsal.cable ADDRESS PORT` passes on, within the host's network, what goes to 127.0.0.1:PORT.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
HERE, THERE = "10.203.0.1", "10.203.0.2"  # this machine's end, and the host's


class Cable:
    """A network namespace, and the pair of devices that leads there."""

    def __init__(self) -> None:
        self.name = f"rehearsal-{os.getpid()}"
        self._near, self._far = f"fcn{os.getpid() % 10**7}", f"fcf{os.getpid() % 10**7}"
        self._within = ["nsenter", f"--net=/run/netns/{self.name}"]
        self._relays: list[subprocess.Popen] = []

    def lay(self) -> None:
        """Make it, with this machine at its other end."""
        _ip("netns", "add", self.name)
        _ip("link", "add", self._near, "type", "veth", "peer", "name", self._far, "netns", self.name)
        _ip("addr", "add", f"{HERE}/30", "dev", self._near)
        _ip("link", "set", self._near, "up")
        _ip("-n", self.name, "addr", "add", f"{THERE}/30", "dev", self._far)
        _ip("-n", self.name, "link", "set", "lo", "up")
        self.plug()

    def prefix(self) -> list[str]:
        """Return what a command begins with that runs on the host, which has a name of its own."""
        named = ["unshare", "--uts", "sh", "-c", f'hostname {self.name} && exec "$@"', "-"]
        return [*self._within, *named]

    def carry(self, port: int) -> None:
        """Let the host reach at 127.0.0.1 what listens there on this machine."""
        threading.Thread(target=relay, args=((HERE, port), ("127.0.0.1", port)), daemon=True).start()
        command = [*self._within, sys.executable, "-m", "tests.rehearsal.cable", HERE, str(port)]
        self._relays.append(subprocess.Popen(command, cwd=ROOT))

    def pull(self) -> None:
        """Cut the host off. Connections stay open at both ends, and hear nothing any more."""
        _ip("-n", self.name, "link", "set", self._far, "down")

    def plug(self) -> None:
        """Put it back."""
        _ip("-n", self.name, "link", "set", self._far, "up")

    def remove(self) -> None:
        """Take all of it away."""
        for each in self._relays:
            each.send_signal(signal.SIGKILL)
            each.wait()
        for command in (("link", "del", self._near), ("netns", "del", self.name)):
            with contextlib.suppress(subprocess.CalledProcessError):
                _ip(*command)


@contextlib.contextmanager
def cable() -> Iterator[Cable]:
    """Lay a cable for a while."""
    laid = Cable()
    try:
        laid.lay()
        yield laid
    finally:
        laid.remove()


def may_lay() -> bool:
    """Tell whether this process may make networks."""
    return sys.platform == "linux" and os.geteuid() == 0 and all(map(shutil.which, ("ip", "nsenter", "unshare")))


def relay(listen: tuple[str, int], target: tuple[str, int]) -> None:
    """Pass connections on, for ever."""
    with socket.create_server(listen) as server:
        while True:
            client, _ = server.accept()
            try:
                upstream = socket.create_connection(target)
            except OSError:
                client.close()
                continue
            for one, other in ((client, upstream), (upstream, client)):
                threading.Thread(target=_pump, args=(one, other), daemon=True).start()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)


def main() -> None:
    """Relay until the test ends."""
    address, port = sys.argv[1], int(sys.argv[2])
    parent = os.getppid()
    threading.Thread(target=relay, args=(("127.0.0.1", port), (address, port)), daemon=True).start()
    while os.getppid() == parent:
        time.sleep(1)


if __name__ == "__main__":
    main()
