"""Why a job fails, in truth: what verdicts are measured by, and nobody outside of the sandbox is told."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from flinkci_dashboard.sandbox.azure.state import Agent, Cause, Job

if TYPE_CHECKING:
    from flinkci_dashboard.sandbox.azure.engine import Azure

RARE = 0.1  # share of flakes of tests that never failed before, and never will again
LATE = 0.004  # share of jobs that a download fails


class Truth(StrEnum):
    """Whose a failure is."""

    OWN = "own"  # the commit's
    MASTER = "master"  # the branch's that it is based on
    FLAKY = "flaky"
    MACHINE = "machine"  # or the network's


@dataclass(frozen=True)
class Break:
    """What a commit makes fail, each time: a job, by a test or by something else."""

    job: str  # such as "test_ci.core"
    truth: Truth
    cause: Cause = Cause.TEST
    test: str = ""  # "" for the first one of its module


def fails(azure: "Azure", job: Job, agent: Agent) -> bool:
    """Tell whether a job fails that has run on an agent, and note why."""
    sick, job.chosen = azure.dice.random() < agent.failing, azure.dice.randrange(6) if azure.lively else 0
    for planted in job.build.breaks:
        if planted.job == job.plan.key:
            job.cause, job.test, job.truth, job.chosen = planted.cause, planted.test, planted.truth, 0
            return True
    if (job.build.branch, job.plan.key) in azure.broken:
        job.chosen, job.truth = 0, Truth.MASTER
        return True
    if azure.lively and agent.full_disk and azure.dice.random() < 0.2:
        job.cause, job.truth = Cause.DISK, Truth.MACHINE
        return True
    if sick:
        job.truth = Truth.MACHINE
        return True
    return _flakes(azure, job)


def _flakes(azure: "Azure", job: Job) -> bool:
    if not azure.flaky:
        return False
    if job.plan.module and azure.dice.random() < azure.flaky:
        job.truth = Truth.FLAKY
        if azure.lively and azure.dice.random() < RARE:
            number = azure.dice.randrange(10_000)
            job.test = f"org.apache.flink.rare{number}.Rare{number}Test.testOnce"
        return True
    if azure.lively and azure.dice.random() < LATE:
        job.cause, job.truth = Cause.NETWORK, Truth.MACHINE
        return True
    return False
