"""Azure's JSON as values: which job a test result belongs to, and which test runs are worth a question."""

import pytest

from flinkci_dashboard.clients.azure.published import failed_test, may_have_failures


def run(phase: str | None, job: str | None, stage: str = "ci") -> dict:
    reference = {"stageReference": {"stageName": stage}, "jobReference": {"jobName": job, "attempt": 2}}
    return {"id": 7, "pipelineReference": reference | ({"phaseReference": {"phaseName": phase}} if phase else {})}


@pytest.mark.parametrize(
    "phase, job, key",
    [
        ("test_ci", "core", "test_ci.core"),
        ("compile_ci", "__default", "compile_ci"),
        ("test_cron_jdk11", "core", "test_cron_jdk11.core"),
        (None, "ci.test_ci.core.__default", "ci.test_ci.core"),
        (None, "core", "core"),
        ("test_ci", "ci.test_ci.core.__default", "ci.test_ci.core"),
        ("test_ci", "test_ci.core", "test_ci.core"),
        ("test_ci", None, "test_ci"),
        (None, "__default", ""),
        (None, None, ""),
    ],
)
def test_a_result_names_its_job_by_phase_and_job(phase, job, key):
    failure = failed_test({"automatedTestName": "a.B.c"}, run(phase, job))
    assert failure and (failure.stage_key, failure.job_key, failure.attempt) == ("ci", key, 2)


@pytest.mark.parametrize("pipeline", [None, [], {"jobReference": None}, {"stageReference": "x", "phaseReference": 3}])
def test_a_result_of_no_job_is_a_result_all_the_same(pipeline):
    failure = failed_test({"testCaseTitle": "a.B.c"}, {"id": 7, "pipelineReference": pipeline})
    assert failure and (failure.test, failure.stage_key, failure.job_key, failure.attempt) == ("a.B.c", "", "", None)
    assert failed_test({"errorMessage": "boom"}, {"id": 7}) is None


@pytest.mark.parametrize(
    "facts, asked",
    [
        ({}, True),
        ({"totalTests": 1200, "passedTests": 1200}, False),
        ({"totalTests": 1200, "passedTests": 1199, "unanalyzedTests": 1}, True),
        ({"totalTests": 1200, "passedTests": 1190, "notApplicableTests": 10, "unanalyzedTests": 0}, False),
        ({"totalTests": 0, "passedTests": 0}, False),
        ({"totalTests": "odd", "passedTests": 0}, True),
        ({"totalTests": 9, "passedTests": 8, "runStatistics": [{"outcome": "NotExecuted", "count": 1}]}, False),
        ({"runStatistics": [{"outcome": "Passed", "count": 5}, {"outcome": "Failed", "count": 1}]}, True),
        ({"runStatistics": [{"outcome": "Failed", "count": 0}, None]}, False),
    ],
)
def test_runs_without_failures_are_not_asked_for(facts, asked):
    assert may_have_failures({"id": 7, **facts}) is asked


@pytest.mark.parametrize(
    ("result", "name"),
    [
        ({"automatedTestName": "a.B.c", "outcome": "Failed"}, "a.B.c"),
        ({"automatedTestName": "a.B.c", "outcome": "failed"}, "a.B.c"),
        ({"automatedTestName": "a.B.c", "outcome": "Aborted"}, "a.B.c"),
        ({"automatedTestName": "a.B.c"}, "a.B.c"),
        ({"automatedTestName": "a.B.c", "outcome": "Passed"}, None),  # it was asked for those that failed
        ({"automatedTestName": "a.B.c", "outcome": "NotExecuted"}, None),
        ({"automatedTestName": "a.B.", "outcome": "Failed"}, "a.B"),  # a class that failed as a whole
        ({"automatedTestName": None, "testCaseTitle": "c(int)[1]"}, "c(int)[1]"),
        ({"outcome": "Failed"}, None),
    ],
)
def test_what_did_not_fail_is_no_failure(result, name):
    failure = failed_test(result, run("test_ci", "core"))
    assert (failure and failure.test) == name
