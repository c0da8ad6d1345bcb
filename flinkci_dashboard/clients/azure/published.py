"""Published test results in Azure DevOps' JSON → values: which runs are worth a question, whose failures they hold."""

from typing import Any

from flinkci_dashboard.clients.facts import TestFailureFacts
from flinkci_dashboard.clients.values import inner, number, text

BAD_OUTCOMES = ("Failed", "Aborted", "Timeout", "Error")
MAX_LENGTH = 86_400_000  # milliseconds that a test can have run
PLAIN_JOB = "__default"  # what a job that is no part of a matrix calls itself


def may_have_failures(run: dict[str, Any]) -> bool:
    """Tell whether a test run may hold failed tests: it counts some, or does not count at all."""
    outcomes = [each for each in run.get("runStatistics") or [] if isinstance(each, dict)]
    if outcomes:
        return any(each.get("outcome") in BAD_OUTCOMES and each.get("count") for each in outcomes)
    counted = _counts(run)
    return counted is None or counted[1] > 0


def _counts(run: dict[str, Any]) -> tuple[int, int] | None:
    """Return how many tests of a run there were, and how many of them failed; None where it does not tell."""
    total, passed = number(run.get("totalTests")), number(run.get("passedTests"))
    if total is None or passed is None:
        return None
    harmless = sum(number(run.get(field)) or 0 for field in ("notApplicableTests", "incompleteTests"))
    return total, total - passed - harmless


def failed_test(result: dict[str, Any], run: dict[str, Any]) -> TestFailureFacts | None:
    """Read a failed result of a test run; None where it names no test, or did not fail although it was asked for so."""
    pipeline = inner(run, "pipelineReference")
    job = inner(pipeline, "jobReference")
    name = text(result.get("automatedTestName") or result.get("testCaseTitle"), 500).rstrip(".")  # a class as a whole
    if not name or text(result.get("outcome") or BAD_OUTCOMES[0], 40).capitalize() not in BAD_OUTCOMES:
        return None
    tests, failed = _counts(run) or (0, 0)
    return TestFailureFacts(
        test=name,
        message=text(result.get("errorMessage"), 4000),
        stage_key=text(inner(pipeline, "stageReference").get("stageName"), 255),
        job_key=_job_key(text(inner(pipeline, "phaseReference").get("phaseName"), 255), text(job.get("jobName"), 255)),
        attempt=number(job.get("attempt")),
        seconds=_seconds(result.get("durationInMs")),
        run_tests=max(tests, 0),
        run_failed=max(failed, 0),
    )


def _seconds(milliseconds: object) -> float | None:
    is_length = isinstance(milliseconds, int | float) and 0 <= milliseconds < MAX_LENGTH
    return float(milliseconds) / 1000 if is_length else None  # type: ignore[arg-type]


def _job_key(phase: str, job: str) -> str:
    """Return what a job is called below its stage: a plain one by its phase, one of a matrix by its phase and its own.

    A plain job calls itself `__default`; some runs name the job whole, with its stage and phase.
    """
    own = job.removesuffix(PLAIN_JOB).removesuffix(".")
    if not phase or not own or phase in own.split(".") or own.startswith(f"{phase}."):
        return own or phase
    return f"{phase}.{own}"
