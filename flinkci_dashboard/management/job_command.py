"""One pass of a job in the foreground, with the code of the background task of that name."""

import json
import sys
from contextlib import nullcontext
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, SystemCheckError
from django.db import DatabaseError

from flinkci_dashboard.clients.secrets import mask
from flinkci_dashboard.jobs.run import ConfigurationError, run_pass
from flinkci_dashboard.logs import quiet
from flinkci_dashboard.models import JobRun

WAIT = 120.0  # seconds that we wait for a pass that is under way
NO_DATABASE = "The database can't be used ({error}). Is it up, and is it migrated?"


class JobCommand(BaseCommand):
    """Run one pass of `job`; exits 0 when it succeeded, 1 when any part failed, 2 when the configuration is wrong."""

    job: str

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the pass; the last line on stdout is one JSON object with the outcome and the counts."""
        try:
            # What went wrong is printed below, a line each.
            with quiet() if options["verbosity"] < 2 else nullcontext():
                run = run_pass(self.job, "command", wait=WAIT)
        except ConfigurationError as error:
            self._end(2, "failed", errors=[str(error)])
        except DatabaseError as error:
            self._end(2, "failed", errors=[NO_DATABASE.format(error=error)])
        if run is None:
            self._end(1, "failed", errors=[f"Another pass of {self.job} is still running after {WAIT:.0f} s."])
        errors = run.error.splitlines()
        self._end(0 if run.outcome == JobRun.Outcome.OK else 1, run.outcome, run.counts, errors)

    def check(self, *args: Any, **options: Any) -> None:
        """Look at the configuration; where it is wrong, nothing runs."""
        try:
            super().check(*args, **options)
        except SystemCheckError as error:
            self._end(2, "failed", errors=[str(error)])

    def _end(
        self, status: int, outcome: str, counts: dict[str, int] | None = None, errors: list[str] | None = None
    ) -> NoReturn:
        self._say(outcome, counts, errors)
        sys.exit(status)

    def _say(self, outcome: str, counts: dict[str, int] | None = None, errors: list[str] | None = None) -> None:
        for error in errors or []:
            self.stderr.write(mask(" ".join(error.split())))
        self.stdout.write(json.dumps({"job": self.job, "outcome": outcome, **(counts or {})}))
