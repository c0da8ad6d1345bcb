"""Flink's pipeline as data: which jobs a build has, where they run, what they wait for, how long they take.

After tools/azure-pipelines/build-apache-repo.yml and jobs-template.yml of apache/flink.
"""

from dataclasses import dataclass

DEFAULT, HOSTED = "Default", "Azure Pipelines"
CI, NIGHTLY = "ci", "cron_build"
STAGES = {CI: "CI build (custom builders)", NIGHTLY: "Cron build"}
MODULES = ("core", "python", "table", "connect", "tests", "misc")
VARIANTS = ("cron_azure", "cron_hadoop313", "cron_jdk11", "cron_jdk21", "cron_adaptive_scheduler")

# Of each module the tests that fail; the first one fails where no other is chosen.
TESTS = {
    "core": (
        "org.apache.flink.runtime.jobmaster.JobMasterTest.testSlotRequestTimeout",
        "org.apache.flink.runtime.checkpoint.CheckpointCoordinatorTest.testTimeoutWhileTriggering",
        "org.apache.flink.streaming.runtime.tasks.MailboxProcessorTest.testSuspend",
    ),
    "python": (
        "pyflink.table.tests.test_udf.UserDefinedFunctionTests.test_chaining",
        "pyflink.datastream.tests.test_window.WindowTests.test_session_window",
    ),
    "table": (
        "org.apache.flink.table.planner.runtime.stream.sql.WindowAggregateITCase.testEventTimeHopWindow",
        "org.apache.flink.table.planner.plan.nodes.exec.JoinRestoreTest.testRestore",
    ),
    "connect": (
        "org.apache.flink.connector.file.sink.FileSinkITCase.testFileSink",
        "org.apache.flink.connector.base.sink.writer.AsyncSinkWriterTest.testRetries",
    ),
    "tests": (
        "org.apache.flink.test.checkpointing.RescalingITCase.testSavepointRescalingInKeyedState",
        "org.apache.flink.test.recovery.TaskManagerProcessFailureRecoveryITCase.testRecovery",
    ),
    "misc": ("org.apache.flink.yarn.YARNSessionCapacitySchedulerITCase.testClientStartup",),
}
NO_SPACE = "java.io.IOException: No space left on device"
EXIT = "Bash exited with code '1'."


@dataclass(frozen=True)
class JobPlan:
    """One job of the pipeline. `key` is its identifier below its stage."""

    stage: str
    key: str
    name: str
    pool: str
    minutes: float
    needs: tuple[str, ...] = ()
    module: str = ""


def plan(nightly: bool = False) -> list[JobPlan]:
    """Return the jobs of a build; a nightly one has a second stage with every variant."""
    jobs = _variant(CI, "ci")
    jobs.append(JobPlan(CI, "docs_404_check", "docs_404_check", HOSTED, 6))
    if nightly:
        for variant in VARIANTS:
            jobs += _variant(NIGHTLY, variant)
        snapshot = "cron_snapshot_deployment"
        jobs.append(JobPlan(NIGHTLY, f"{snapshot}_maven", f"{snapshot}_maven", HOSTED, 35))
        jobs.append(JobPlan(NIGHTLY, "build_wheels_cron_python_wheels", "build_wheels Linux", HOSTED, 40))
    return jobs


def _variant(stage: str, name: str) -> list[JobPlan]:
    pool = HOSTED if name == "cron_azure" else DEFAULT
    compiled = f"compile_{name}"
    license = "license_check" if stage == CI else f"license_check_{name}"
    tests = [
        JobPlan(stage, f"test_{name}.{module}", f"test_{name} {module}", pool, 35 + 9 * number, (compiled,), module)
        for number, module in enumerate(MODULES)
    ]
    return [
        JobPlan(stage, compiled, compiled, pool, 22),
        JobPlan(stage, license, "license_check", pool, 5, (compiled,)),
        *tests,
        JobPlan(stage, f"e2e_1_{name}", f"e2e_1_{name}", HOSTED, 70, (compiled,)),
        JobPlan(stage, f"e2e_2_{name}", f"e2e_2_{name}", HOSTED, 95, (compiled,)),
    ]


def head_lines(job: JobPlan, agent: str, machine: str) -> list[str]:
    """Return what "Initialize job" writes, without time stamps."""
    return [
        f"##[section]Starting: {job.name}",
        f"Agent name: '{agent}'",
        f"Agent machine name: '{machine}'",
        "Current agent version: '4.258.1'",
        "Agent running as: 'vsts'" if job.pool == HOSTED else "Agent running as: 'agent'",
        "##[group]Runner Image",
        "##[endgroup]",
    ]


def work_lines(job: JobPlan, errors: list[str], low_disk: bool) -> list[str]:
    """Return what the job's work writes, without time stamps; `errors` stand at its end."""
    lines = [f"[INFO] Running org.apache.flink.generated.Test{number}" for number in range(60)]
    if low_disk:
        lines.append("##[warning]Free disk space on / is lower than 5%; Currently used: 95.61%")
    return [*lines, *errors, f"##[section]Finishing: {job.name}"]


def test_errors(test: str, module: str) -> list[str]:
    """Return how a failing test shows in the log."""
    where, _, method = test.rpartition(".")
    if module == "python":
        file, _, owner = where.rpartition(".")
        return [
            "=================================== FAILURES ===================================",
            f"FAILED {file.replace('.', '/')}.py::{owner}::{method} - AssertionError: expected 3, got 2",
            f"##[error]{EXIT}",
        ]
    return [
        f"[ERROR] Tests run: 12, Failures: 1, Errors: 0, Skipped: 0, Time elapsed: 41.3 s <<< FAILURE! - in {where}",
        f"[ERROR] {where}.{method}  Time elapsed: 12.1 s  <<< FAILURE!",
        "java.lang.AssertionError: expected: 4 but was: 3",
        "[INFO] Results:",
        "[ERROR] Failures: ",
        f"[ERROR]   {where.rpartition('.')[2]}.{method}:118 expected: 4 but was: 3",
        "[ERROR] There are test failures.",
        f"##[error]{EXIT}",
    ]
