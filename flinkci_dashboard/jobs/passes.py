"""What a job is given for one pass, and by which it tells what came of it."""

import logging
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic

from django.utils import timezone

from flinkci_dashboard.clients.secrets import mask
from flinkci_dashboard.logs import show_lines
from flinkci_dashboard.models import JobRequest, JobRun

log = logging.getLogger(__name__)

PROGRESS_EVERY = 1.0  # seconds between two writes of a pass's progress


class ConfigurationError(Exception):
    """The installation is set up wrong; the message names the setting and the remedy."""


@dataclass
class Pass:
    """What an engine is given: the one clock reading, the requests to answer, and where to report."""

    run: JobRun
    now: datetime
    requests: list[JobRequest]
    counts: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    achieved: bool = False
    _progress_at: float = 0.0

    @property
    def forced(self) -> bool:
        """Tell whether a person waits for this pass."""
        return bool(self.requests)

    @property
    def asked_for_all(self) -> bool:
        """Tell whether a person wants everything done now: no back-off applies. Who asks for one thing hurries that."""
        return any(request.act == "run" for request in self.requests)

    @property
    def outcome(self) -> JobRun.Outcome:
        """Return how the pass ends if it ends now."""
        if not self.errors:
            return JobRun.Outcome.OK
        return JobRun.Outcome.PARTIAL if self.achieved else JobRun.Outcome.FAILED

    def count(self, what: str, number: int = 1) -> None:
        """Add to one of the counts that the run shows; a count says that something was done."""
        self.counts[what] += number
        self.achieved = True
        show_lines()

    def fail(self, message: str) -> None:
        """Record that one item failed; the pass goes on, and ends as partial, or failed when nothing succeeded."""
        message = mask(message)
        log.warning("%s: %s", self.run.job, message)
        self.errors.append(message)

    def progress(self, phase: str, percent: int | None = None, megabytes: float | None = None) -> None:
        """Show how far long work has come, at most once a second."""
        show_lines()
        if monotonic() - self._progress_at >= PROGRESS_EVERY:
            self._progress_at = monotonic()
            self.run.progress = {"phase": phase, "percent": percent, "megabytes": megabytes}
            self.run.save(update_fields=["progress"])

    def answer(self, request: JobRequest, text: str) -> None:
        """Settle a request with the sentence that its sender will read."""
        request.answer, request.settled_at = mask(text), timezone.now()
        request.save(update_fields=["answer", "settled_at"])
