"""Why a job failed, where its service's word for its end says more than the log, and the other way round."""

import pytest

from agents.builds.causes import NO_TAIL, cause_of
from agents.models import Job
from flinkci_dashboard.clients.facts import Tail

CANCELED = "##[error]The operation was canceled."
WATCHDOG = "Process produced no output for 900 seconds."
EXIT = "##[error]Process completed with exit code 1."


@pytest.mark.parametrize(
    ("result", "worker", "lines", "tests", "issues", "cause"),
    [
        ("failed", "runner 1", [EXIT], [], [], "unknown"),
        ("failed", "runner 1", [EXIT], ["a.FooTest.testBar"], [], "test"),
        ("failed", "", [], [], [], "agent"),
        ("failed", "", [], [], ["No agents were found in pool Default"], "agent"),
        ("failed", "", [EXIT], [], [], "unknown"),  # a log was written: somebody ran it
        ("abandoned", "runner 1", [], [], [], "agent"),
        ("abandoned", "runner 1", [WATCHDOG], [], [], "timeout"),
        ("timed_out", "runner 1", [], [], [], "timeout"),
        ("timed_out", "", [], [], [], "timeout"),
        ("timed_out", "runner 1", [EXIT, CANCELED], [], [], "timeout"),
        ("timed_out", "runner 1", [CANCELED], ["a.FooTest.testBar"], [], "test"),
        ("timed_out", "runner 1", ["java.io.IOException: No space left on device", CANCELED], [], [], "disk"),
        ("failed", "runner 1", [CANCELED], [], [], "cancelled"),
        ("failed", "runner 1", [], [], ["We stopped hearing from agent X."], "agent"),
    ],
)
def test_log_and_service_tell_together(result, worker, lines, tests, issues, cause):
    told = [{"error": True, "message": message} for message in issues]
    job = Job(result=result, worker_name=worker, issues=told)
    tail = Tail(1, tuple(lines)) if lines else NO_TAIL
    assert cause_of(job, tests, tail).cause == cause
