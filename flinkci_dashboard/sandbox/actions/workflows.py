"""Flink's workflows as data: which jobs a run has, what they wait for, how long they take; after .github/workflows."""

from dataclasses import dataclass

from flinkci_dashboard.sandbox.azure.pipeline import MODULES

CI, NIGHTLY, TRIGGER, DOCS_CHECK = "ci.yml", "nightly.yml", "nightly-trigger.yml", "docs-check.yml"
STALE, CONNECTOR = "stale.yml", "push_pr.yml"
NAMES = {
    CI: "Flink CI (beta)",
    NIGHTLY: "Nightly (beta)",
    TRIGGER: "Nightly trigger (beta)",
    DOCS_CHECK: "Docs 404 check (beta)",
    STALE: "Mark or close stale PRs",
    CONNECTOR: "CI",
}
FOLDER = ".github/workflows"
CHECKS = "Pre-compile Checks / Basic QA"
VARIANTS = ("Java 11", "Java 21", "Hadoop 3.4.3", "AdaptiveScheduler")
TEST_MINUTES = {"core": 70, "python": 55, "table": 95, "connect": 60, "tests": 85, "misc": 45}
FLINKS = ("2.1.1", "2.2.0", "2.3-SNAPSHOT")  # that a connector is tested with
CANCELS = (CI,)  # whose newer run of a ref cancels the older one


@dataclass(frozen=True)
class JobPlan:
    """One job of a workflow."""

    name: str
    minutes: float
    needs: str = ""  # the job that has to succeed before
    module: str = ""
    matrix: str = ""  # what a matrix is called as long as it is not unfolded


def plan(file: str, branch: str = "master") -> list[JobPlan]:
    """Return the jobs of a run."""
    match file:
        case "ci.yml":
            caller = "Default (Java 8)" if branch == "release-1.20" else "Default (Java 17)"
            return [JobPlan(CHECKS, 6), *_variant(caller, branch, needs=CHECKS)]
        case "nightly.yml":
            jobs = [job for caller in VARIANTS for job in _variant(caller, branch)]
            wheels = [JobPlan(f"Build Python Wheels on {system}", 40) for system in ("linux", "macos")]
            return [*jobs, JobPlan("Docs 404 check", 6), *wheels]
        case "push_pr.yml":
            return [JobPlan(f"compile_and_test ({version}) / compile_and_test", 35) for version in FLINKS]
        case "docs-check.yml":
            return [JobPlan("Docs 404 check", 6)]
    return [JobPlan("stale" if file == STALE else "Trigger nightly", 1)]


def _variant(caller: str, branch: str, needs: str = "") -> list[JobPlan]:
    compiled = f"{caller} / Compile"
    tests = f"{caller} / Test (module: ${{{{ matrix.module }}}})"
    ends = f"{caller} / E2E (group ${{{{ matrix.group }}}})"
    groups = 2 if branch.startswith(("release-1.20", "release-2.")) else 4
    return [
        JobPlan(compiled, 18, needs),
        JobPlan(f"{caller} / Test packaging/licensing", 22, compiled),
        *(
            JobPlan(f"{caller} / Test (module: {module})", TEST_MINUTES[module], compiled, module, tests)
            for module in MODULES
        ),
        *(JobPlan(f"{caller} / E2E (group {n})", 65, compiled, matrix=ends) for n in range(1, groups + 1)),
    ]
