"""Log lines: as text or as JSON, each with the ids of its request and its run; and what a pass logs, for its page.

The settings name what stands here, so nothing here may need an app.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import get_ident
from time import monotonic
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from flinkci_dashboard.clients.secrets import mask
from flinkci_dashboard.web.request_ids import NONE

FIRST, LAST = 200, 200  # lines that are kept of one pass
LONGEST = 2000  # characters that are kept of one line
SHOW_EVERY = 1.0  # seconds between two looks at the log of a pass that runs
MUTE = logging.CRITICAL + 1
READ = ("levelname", "name", "message", "request_id", "run_id")  # of a record
WRITTEN = ("time", "level", "logger", "message", "request_id", "run_id", "exc_info")

_run: ContextVar["RunLines | None"] = ContextVar("run", default=None)


class RunLines:
    """What one pass logs: its first lines and its last ones, and how many were between.

    While it runs, `show` is given what there is, and tells whether it could show that now.
    """

    def __init__(self, run: int, show: Callable[[str], bool]) -> None:
        self.run = run
        self._show: Callable[[str], bool] | None = show
        self._shown_at, self._fresh = 0.0, False
        self._thread = get_ident()
        self._first: list[str] = []
        self._last: deque[str] = deque(maxlen=LAST)
        self._later = 0

    def add(self, line: str) -> None:
        """Keep one more line."""
        line = line if len(line) <= LONGEST else f"{line[:LONGEST]} …"
        if len(self._first) < FIRST:
            self._first.append(line)
        else:
            self._later += 1
            self._last.append(line)
        self._fresh = True
        self.show()

    def show(self) -> None:
        """Show what is new, at most once a second, and from the pass's own thread: another has a session of its own."""
        if get_ident() != self._thread:
            return
        show, self._show = self._show, None  # what is logged meanwhile comes with the next look
        if show and self._fresh and monotonic() - self._shown_at >= SHOW_EVERY and show(self.text):
            self._shown_at, self._fresh = monotonic(), False
        self._show = show

    def close(self) -> None:
        """Show nothing any more: the pass is about to be recorded."""
        self._show = None

    @property
    def text(self) -> str:
        """Return what was kept; "" when nothing was logged."""
        left_out = self._later - len(self._last)
        between = [f"… {left_out} lines more, which the worker's own log has …"] if left_out else []
        return "\n".join([*self._first, *between, *self._last])


@contextmanager
def log_of(run: int, show: Callable[[str], bool] = lambda text: True) -> Iterator[RunLines]:
    """Let every line that is logged meanwhile bear the id of a run, and keep it."""
    held = _run.set(lines := RunLines(run, show))
    try:
        yield lines
    finally:
        _run.reset(held)


def show_lines() -> None:
    """Show what the pass that runs here has logged, if that is new."""
    if lines := _run.get():
        lines.show()


@contextmanager
def quiet() -> Iterator[None]:
    """Print no log lines meanwhile: a command says by itself what went wrong. Passes keep their lines all the same."""
    muted = [handler for handler in logging.getLogger().handlers if handler.get_name() == "stderr"]
    levels = [handler.level for handler in muted]
    for handler in muted:
        handler.setLevel(MUTE)
    try:
        yield
    finally:
        for handler, level in zip(muted, levels, strict=True):
            handler.setLevel(level)


class AddRunId(logging.Filter):
    """Every log line names the run that it belongs to, or "-"."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the id."""
        lines = _run.get()
        record.run_id = lines.run if lines else NONE
        return True


class KeepLines(logging.Handler):
    """Keeps what a pass logs."""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line, if it is a pass's."""
        if lines := _run.get():
            lines.add(self.format(record))


class JsonLines(JsonFormatter):
    """One object a line, with these fields and no other: what libraries add to a record may hold anything."""

    def __init__(self) -> None:
        names = {"levelname": "level", "name": "logger"}
        super().__init__(f"{{{'}{'.join(READ)}}}", style="{", timestamp="time", rename_fields=names)

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        """Keep our fields; one that says nothing is null."""
        return {name: None if value == NONE else value for name, value in log_data.items() if name in WRITTEN}

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the library's name
        """Return a traceback without secrets."""
        return mask(str(super().formatException(ei)))
