"""One git command as a process: its environment, its limits in time, its progress, its end."""

import base64
import contextlib
import os
import re
import selectors
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from types import TracebackType

from flinkci_dashboard.clients import tally
from flinkci_dashboard.clients.git.errors import GitMissing, TimedOut
from flinkci_dashboard.clients.secrets import token

# All else that the surroundings hold (tokens, git's own variables, a home with a .netrc) stays out.
INHERITED = (
    *("PATH", "TMPDIR", "LD_LIBRARY_PATH", "GIT_EXEC_PATH"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH"),
    *("http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
)
FIXED = {
    "LC_ALL": "C",
    "HOME": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
}
CONFIG = {
    "protocol.version": "2",  # the server lists only the refs asked for, not 20,000 pull requests
    "core.hooksPath": os.devnull,
    "gc.auto": "0",  # the cache is tidied by `Cache.tidy`, never behind our back
    "maintenance.auto": "false",
    "fetch.unpackLimit": "1",  # keep packs as they come
    # A server at work sends a few bytes every 5 s to stay alive; one that sends nothing is gone.
    "http.lowSpeedLimit": "1",
    "http.lowSpeedTime": "90",
}
GRACE = 2.0  # seconds that an ended command has to remove its temporary files
PROGRESS = re.compile(
    r"(?:remote: )?(?P<phase>[A-Z][A-Za-z ]+?):\s+(?:(?P<percent>\d+)%|\d+)"
    r"(?: \(\d+/\d+\))?(?:, (?P<size>[\d.]+) (?P<unit>bytes|[KMG]iB))?"
)
UNITS = {"bytes": 1e-6, "KiB": 2**10 / 1e6, "MiB": 2**20 / 1e6, "GiB": 2**30 / 1e6}


@dataclass(frozen=True)
class Progress:
    """How far a command has come, in git's words: "Receiving objects", 45, 12.9."""

    phase: str
    percent: int | None
    megabytes: float | None


@dataclass(frozen=True)
class Limits:
    """Seconds: how long a command may take, and how long it may keep silent."""

    total: float
    idle: float


@dataclass(frozen=True)
class Ended:
    """What a command left."""

    status: int
    stdout: str
    stderr: str


def environment(config: Mapping[str, str]) -> dict[str, str]:
    """Return a whole environment for git, with `config` given through it (git 2.31 and newer)."""
    settings = {**CONFIG, **config}
    found = {name: os.environ[name] for name in INHERITED if name in os.environ}
    found |= FIXED | {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (key, value) in enumerate(settings.items()):
        found |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return found


def authentication(url: str) -> dict[str, str]:
    """Return the config that carries the GitHub token to `url` and nowhere else; nothing when there is no token.

    Redirects are not followed with it: git would send the header on to wherever they lead.
    """
    secret = token("github")
    if not secret:
        return {}
    basic = base64.b64encode(f"x-access-token:{secret}".encode()).decode()
    return {f"http.{url}.extraHeader": f"Authorization: Basic {basic}", "http.followRedirects": "false"}


class Command:
    """A running git command, in a process group of its own that ends with the block, however the block ends.

    Several can run side by side: they start when made and are waited for by `wait`.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        limits: Limits,
        repository: str,
        config: Mapping[str, str] | None = None,
        folder: Path | None = None,
        given: str = "",
        on_progress: Callable[[Progress], None] | None = None,
        keep_open: Sequence[int] = (),
    ) -> None:
        self.repository, self.limits, self.on_progress = repository, limits, on_progress
        self.deadline = monotonic() + limits.total
        tally.ran(arguments)
        with tempfile.TemporaryFile() as stdin:  # a file and not a pipe: git may write before it has read all
            stdin.write(given.encode())
            stdin.seek(0)
            try:
                self.process = subprocess.Popen(
                    ["git", *arguments],
                    stdin=stdin,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    env=environment(config or {}),
                    cwd=folder,
                    start_new_session=True,
                    pass_fds=keep_open,
                )
            except FileNotFoundError as error:
                if folder and not folder.exists():
                    raise
                raise GitMissing("git is not installed here: install it (Debian: apt install git).") from error

    def __enter__(self) -> "Command":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def wait(self) -> Ended:
        """Read until the command ends. Raises TimedOut when it is silent or at work for longer than its limits."""
        stdout, stderr = bytearray(), bytearray()
        watched = {self.process.stdout: stdout, self.process.stderr: stderr}
        with selectors.DefaultSelector() as selector:
            for stream, kept in watched.items():
                selector.register(stream, selectors.EVENT_READ, kept)  # type: ignore[arg-type]
            while selector.get_map():
                for key, _ in self._ready(selector):
                    chunk = os.read(key.fd, 1 << 16)
                    key.data.extend(chunk)
                    if not chunk:
                        selector.unregister(key.fileobj)
                    elif key.data is stderr:
                        self._report(stderr)
        return Ended(self.process.wait(), stdout.decode(errors="replace"), stderr.decode(errors="replace"))

    def end(self) -> None:
        """End the command and all that it started; nothing happens when it has ended by itself."""
        if self.process.returncode is None:
            self._signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(GRACE)
            self._signal(signal.SIGKILL)
            self.process.wait()
        for stream in (self.process.stdout, self.process.stderr):
            if stream:
                stream.close()

    def _ready(self, selector: selectors.BaseSelector) -> list[tuple[selectors.SelectorKey, int]]:
        left = self.deadline - monotonic()
        ready = selector.select(max(0.0, min(left, self.limits.idle)))
        if not ready:
            what = "took longer than" if left <= self.limits.idle else "kept silent for"
            seconds = self.limits.total if left <= self.limits.idle else self.limits.idle
            raise TimedOut(f"{self.repository} {what} {seconds:.0f} s and was given up; every pass tries again.")
        return ready

    def _report(self, stderr: bytearray) -> None:
        """Pass on the latest progress among the last complete lines."""
        if self.on_progress:
            lines = re.split(r"[\r\n]", stderr[-400:].decode(errors="replace"))[:-1]
            if latest := next(filter(None, map(parse_progress, reversed(lines))), None):
                self.on_progress(latest)

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)


def parse_progress(line: str) -> Progress | None:
    """Read one line of git's progress; None for any other line."""
    found = PROGRESS.match(line.strip())
    if not found:
        return None
    megabytes = round(float(found["size"]) * UNITS[found["unit"]], 1) if found["size"] else None
    return Progress(found["phase"], int(found["percent"]) if found["percent"] else None, megabytes)
