"""Builds, where they ran, and how that went."""

from agents.models.builds import Build, Job, Stage, Test, TestFailure
from agents.models.machines import Agent, Host, HostRule, Pool, Queue, Waiting
from agents.models.nightly import Commit, Streak
from agents.models.statistics import AgentDay, BuildPeriod, HostPeriod, Sample, StaleDay, Watermark

__all__ = [
    "Agent",
    "AgentDay",
    "Build",
    "BuildPeriod",
    "Commit",
    "Host",
    "HostPeriod",
    "HostRule",
    "Job",
    "Pool",
    "Queue",
    "Sample",
    "Stage",
    "StaleDay",
    "Streak",
    "Test",
    "TestFailure",
    "Waiting",
    "Watermark",
]
