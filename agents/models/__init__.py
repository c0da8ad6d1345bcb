"""Builds, where they ran, and how that went."""

from agents.models.actions import Followed, Workflow
from agents.models.builds import Build, Job, Stage, Test, TestFailure
from agents.models.failures import Failure, KnownTicket, LogExtract, Pattern, PatternHit, PullHead
from agents.models.machines import Agent, Host, HostRule, Pool, Queue, Waiting
from agents.models.migration import (
    Authority,
    Criterion,
    HostedDay,
    JobRule,
    LoadDay,
    Pair,
    PairFigures,
    PairGroup,
    StaleCommit,
)
from agents.models.nightly import Commit, Streak
from agents.models.statistics import AgentDay, BuildPeriod, HostPeriod, Sample, SlowJob, StaleDay, Watermark

__all__ = [
    "Agent",
    "AgentDay",
    "Authority",
    "Build",
    "BuildPeriod",
    "Commit",
    "Criterion",
    "Failure",
    "Followed",
    "Host",
    "HostPeriod",
    "HostRule",
    "HostedDay",
    "Job",
    "JobRule",
    "KnownTicket",
    "LoadDay",
    "LogExtract",
    "Pair",
    "PairFigures",
    "PairGroup",
    "Pattern",
    "PatternHit",
    "Pool",
    "PullHead",
    "Queue",
    "Sample",
    "SlowJob",
    "Stage",
    "StaleCommit",
    "StaleDay",
    "Streak",
    "Test",
    "TestFailure",
    "Waiting",
    "Watermark",
    "Workflow",
]
