"""Figures about machines, and the judgement that one of them is sick. PURE"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from flinkci_dashboard.alerts.findings import Rule

# How much worse than the host's other machines, and how many finished jobs it takes until a machine is judged.
RULE = Rule("machine_bad", "A machine fails more than the others", 1.5, "times as often", 20, "jobs to judge by", 1)
DISK = Rule("machine_disk", "A machine's disk is almost full", 24, "hours", least=1)  # since a job last warned
MIN_FAILED = 4
CHANCE = 0.001  # that a machine like the others has this many failures: with 30 machines, one false alarm in 30 looks
STUCK_WITHOUT_AGENT = timedelta(minutes=5)  # agents restart; after that somebody should look
STUCK_BESIDE_IDLE = timedelta(minutes=15)  # idle agents take a job within seconds, if they can
BAD_DAYS = 14  # days that a machine is judged by


@dataclass(frozen=True)
class Score:
    """Jobs that ended on a machine or a host, and how many of them failed (canceled ones are in neither)."""

    finished: int
    failed: int

    @property
    def words(self) -> str:
        """Say how many failed: "2 of 30 jobs failed"; "" without jobs."""
        return f"{self.failed:,} of {self.finished:,} jobs failed" if self.finished else ""

    @property
    def rate(self) -> float | None:
        """Return the share that failed, or None without jobs."""
        return self.failed / self.finished if self.finished else None


@dataclass(frozen=True)
class MachineVerdict:
    """What the figures say about a machine."""

    bad: bool
    reason: str  # one sentence, for people


@dataclass(frozen=True)
class PoolState:
    """What the agents of a pool are doing."""

    name: str
    busy: int
    idle: int
    offline: int  # disabled ones too: neither takes a job


def judge(machine: Score, host: Score, rule: Rule = RULE) -> MachineVerdict:
    """Compare a machine with the other machines of its host (`host` includes it), fairly.

    Bad needs enough jobs, a clearly higher rate, and a number of failures that chance does not explain: the one-sided
    binomial test against the others' rate.
    """
    others = Score(host.finished - machine.finished, host.failed - machine.failed)
    times, jobs = rule.limit or 1, rule.second or 1
    if machine.finished < jobs or others.finished < jobs:
        return MachineVerdict(False, f"{machine.finished} jobs in {BAD_DAYS} days: too few to judge.")
    rate, usual = machine.failed / machine.finished, max(others.failed, 1) / others.finished
    sentence = (
        f"{rate:.0%} of {machine.finished} jobs failed, against {others.rate or 0:.0%} on the host's other machines."
    )
    bad = machine.failed >= MIN_FAILED and rate >= times * usual and _at_least(machine, usual) < CHANCE
    return MachineVerdict(bad, sentence)


def why_stuck(queued_at: datetime, pool: PoolState, now: datetime) -> str:
    """Say why a job has waited longer than its pool's agents can explain; "" when it has not."""
    waited = now - queued_at
    if pool.busy + pool.idle == 0 and waited >= STUCK_WITHOUT_AGENT:
        return f"No agent of pool {pool.name} is online: nothing can take this job."
    if pool.idle and waited >= STUCK_BESIDE_IDLE:
        return f"Idle agents of pool {pool.name} do not take this job: do they lack what it demands?"
    return ""


def _at_least(machine: Score, rate: float) -> float:
    """Return the probability of `machine.failed` or more failures when each job fails with probability `rate`."""
    if rate >= 1:
        return 1.0
    n, hit, miss = machine.finished, math.log(rate), math.log1p(-rate)
    return sum(
        math.exp(math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) + k * hit + (n - k) * miss)
        for k in range(machine.failed, n + 1)
    )
