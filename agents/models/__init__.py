"""Builds, where they ran, and how that went."""

from agents.models.actions import Followed, Workflow
from agents.models.builds import Build, Job, Stage, Test, TestFailure
from agents.models.failures import Failure, KnownTicket
from agents.models.machines import Agent, Host, HostRule, Pool, Queue, Waiting
from agents.models.nightly import Commit, Streak
from agents.models.statistics import AgentDay, BuildPeriod, HostPeriod, Sample, StaleDay, Watermark

__all__ = [
    "Agent",
    "AgentDay",
    "Build",
    "BuildPeriod",
    "Commit",
    "Failure",
    "Followed",
    "Host",
    "HostPeriod",
    "HostRule",
    "Job",
    "KnownTicket",
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
    "Workflow",
]
