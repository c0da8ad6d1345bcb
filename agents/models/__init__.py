"""Builds, where they ran, and how that went."""

from agents.models.builds import Build, Job, Stage, Test, TestFailure
from agents.models.machines import Agent, Host, HostRule, Pool, Queue, Waiting
from agents.models.statistics import AgentDay, BuildPeriod, HostPeriod, Sample, StaleDay, Watermark

__all__ = [
    "Agent",
    "AgentDay",
    "Build",
    "BuildPeriod",
    "Host",
    "HostPeriod",
    "HostRule",
    "Job",
    "Pool",
    "Queue",
    "Sample",
    "Stage",
    "StaleDay",
    "Test",
    "TestFailure",
    "Waiting",
    "Watermark",
]
