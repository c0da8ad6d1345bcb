"""Why a job fails, in truth: what verdicts are measured by, and nobody outside of the sandbox is told."""

from random import Random
from typing import Protocol

from flinkci_dashboard.sandbox.azure.causes import Cause, Truth
from flinkci_dashboard.sandbox.azure.state import Agent, Job

RARE = 0.1  # share of flakes of tests that never failed before, and never will again
LATE = 0.004  # share of jobs that a download fails


class Weather(Protocol):
    """What decides about failures beside the job itself: the dice, and what is wrong with the world."""

    dice: Random
    lively: bool
    flaky: float  # share of test jobs that fail for no reason
    broken: set[tuple[str, str]]  # branch and job


def fails(azure: Weather, job: Job, agent: Agent) -> bool:
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


def _flakes(azure: Weather, job: Job) -> bool:
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
