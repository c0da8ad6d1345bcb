"""Flink's pipeline as data: which jobs a build has, where they run, what they wait for, how long they take.

After tools/azure-pipelines/build-apache-repo.yml and jobs-template.yml of apache/flink.
"""

from dataclasses import dataclass

DEFAULT, HOSTED = "Default", "Azure Pipelines"
MODULES = ("core", "python", "table", "connect", "tests", "misc")
VARIANTS = ("cron_azure", "cron_hadoop313", "cron_jdk17", "cron_jdk21", "cron_adaptive_scheduler")

TESTS = {
    "core": "org.apache.flink.runtime.jobmaster.JobMasterTest.testSlotRequestTimeout",
    "python": "pyflink.table.tests.test_udf.UserDefinedFunctionTests.test_chaining",
    "table": "org.apache.flink.table.planner.runtime.stream.sql.WindowAggregateITCase.testEventTimeHopWindow",
    "connect": "org.apache.flink.connector.file.sink.FileSinkITCase.testFileSink",
    "tests": "org.apache.flink.test.checkpointing.RescalingITCase.testSavepointRescalingInKeyedState",
    "misc": "org.apache.flink.yarn.YARNSessionCapacitySchedulerITCase.testClientStartup",
}


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
    """Return the jobs of a build; a nightly one has a stage for each variant as well."""
    jobs = _stage("ci", "ci")
    jobs.append(JobPlan("ci", "docs_404_check", "docs_404_check", HOSTED, 6))
    for variant in VARIANTS if nightly else ():
        jobs += _stage(variant, variant)
    if nightly:
        jobs.append(JobPlan("cron_python_wheels", "build_wheels", "build_wheels Linux", HOSTED, 40))
        jobs.append(
            JobPlan("cron_snapshot_deployment", "cron_snapshot_deployment_maven", "Deploy maven snapshot", HOSTED, 35)
        )
    return jobs


def _stage(stage: str, name: str) -> list[JobPlan]:
    compiled = f"compile_{name}"
    tests = [
        JobPlan(stage, f"test_{name}.{module}", f"test_{name} {module}", DEFAULT, 35 + 9 * number, (compiled,), module)
        for number, module in enumerate(MODULES)
    ]
    return [
        JobPlan(stage, compiled, compiled, DEFAULT, 22),
        JobPlan(
            stage,
            f"license_check_{name}" if stage != "ci" else "license_check",
            "license_check",
            DEFAULT,
            5,
            (compiled,),
        ),
        *tests,
        JobPlan(stage, f"e2e_1_{name}", f"e2e_1_{name}", HOSTED, 70, (compiled,)),
        JobPlan(stage, f"e2e_2_{name}", f"e2e_2_{name}", HOSTED, 95, (compiled,)),
    ]


def log_lines(job: JobPlan, agent: str, machine: str, failed: bool, low_disk: bool) -> list[str]:
    """Return the log of a job's run, without time stamps."""
    lines = [
        f"##[section]Starting: {job.name}",
        f"Agent name: '{agent}'",
        f"Agent machine name: '{machine}'",
        "Current agent version: '4.258.1'",
        "Agent running as: 'vsts'" if job.pool == HOSTED else "Agent running as: 'agent'",
        "##[group]Runner Image",
        "##[endgroup]",
    ]
    lines += [f"[INFO] Running org.apache.flink.generated.Test{number}" for number in range(60)]
    if low_disk:
        lines.append("##[warning]Free disk space on / is lower than 5%; Currently used: 95.61%")
    if failed:
        lines += _failure(TESTS.get(job.module, ""), job)
    return [*lines, f"##[section]Finishing: {job.name}"]


def _failure(test: str, job: JobPlan) -> list[str]:
    if not test:
        return ["##[error]Bash exited with code '1'."]
    where, _, method = test.rpartition(".")
    if job.module == "python":
        return [
            "=================================== FAILURES ===================================",
            f"FAILED {where.replace('.', '/')}.py::{method} - AssertionError: expected 3, got 2",
            "##[error]Bash exited with code '1'.",
        ]
    return [
        f"[ERROR] Tests run: 12, Failures: 1, Errors: 0, Skipped: 0, Time elapsed: 41.3 s <<< FAILURE! - in {where}",
        f"[ERROR] {where}.{method}  Time elapsed: 12.1 s  <<< FAILURE!",
        "java.lang.AssertionError: expected: 4 but was: 3",
        "[INFO] Results:",
        "[ERROR] Failures: ",
        f"[ERROR]   {where.rpartition('.')[2]}.{method}:118 expected: 4 but was: 3",
        "[ERROR] There are test failures.",
        "##[error]Bash exited with code '1'.",
    ]
