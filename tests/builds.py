"""What tests of the builds of Azure share: a pass, and a push to the mirror."""

from flinkci_dashboard.jobs.run import run_pass
from flinkci_dashboard.models import JobRun

MIRROR = "flink-ci/flink-mirror"


SHA = "a" * 40


def poll() -> JobRun:
    run = run_pass("poll_builds", "command")
    assert run
    return run


def polled(outcome: str = "ok") -> JobRun:
    run = poll()
    assert (run.outcome, run.error) == (outcome, "") or (outcome != "ok" and run.outcome == outcome), run.error
    return run


def push(azure, branch: str = "master", reason: str = "individualCI"):
    azure.move()
    return azure.queue(MIRROR, branch, SHA, reason, "[FLINK-1] Fix\n\nbody")
