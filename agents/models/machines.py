"""Pools and agents: the machines that jobs run on."""

import re
from collections.abc import Mapping
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q


class Host(models.TextChoices):
    """Who gives the machine that a job runs on."""

    AZURE = "azure", "Azure-hosted"  # VMs that Azure makes for one job each
    ALIBABA = "alibaba", "Alibaba-hosted"  # machines that stay, registered by us
    GITHUB = "github", "GitHub-hosted"  # VMs that GitHub makes for one job each
    UNKNOWN = "", "unknown host"


class HostRule(models.Model):
    """Says which host a worker with a certain name belongs to. Rules are tried in order; the first that fits counts."""

    order = models.PositiveSmallIntegerField(default=100, help_text="Smaller goes first.")
    pattern = models.CharField(
        max_length=200,
        help_text="The whole worker name, or the machine's, as a pattern: * stands for anything, # for digits.",
    )
    host = models.CharField(max_length=7, choices=[choice for choice in Host.choices if choice[0]])
    comment = models.CharField(max_length=255, blank=True)

    class Meta:
        ordering = ["order", "id"]

    def __str__(self) -> str:
        return f"{self.pattern} → {self.get_host_display()}"

    def clean(self) -> None:
        """Refuse a pattern that would fit every worker, or be slow to match."""
        if not is_pattern(self.pattern):
            raise ValidationError({"pattern": "Write at least two letters of the name, and at most six * or #."})


class Pool(models.Model):
    """A pool of agents, by its id: the name may change."""

    external_id = models.PositiveIntegerField(unique=True)
    name = models.CharField(max_length=255)
    hosted = models.BooleanField(null=True, help_text="Whether Azure makes its machines; empty while nobody knows.")
    host = models.CharField(
        max_length=7,
        choices=Host,
        blank=True,
        help_text="Whose machines are in it. Set from what Azure says; change it when that is wrong.",
    )
    size = models.PositiveIntegerField(null=True, blank=True)
    parallel_jobs = models.PositiveIntegerField(null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)
    missing_at = models.DateTimeField(null=True, editable=False)  # when a list left it out; a second one decides
    gone_at = models.DateTimeField(null=True, blank=True)  # when Azure was first seen not to list it any more

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Queue(models.Model):
    """A project's door to a pool: jobs name the queue, not the pool."""

    external_id = models.PositiveIntegerField(unique=True)
    pool = models.ForeignKey(Pool, on_delete=models.CASCADE, related_name="queues")

    def __str__(self) -> str:
        return f"queue {self.external_id} of {self.pool}"


class Waiting(models.Model):
    """A request for an agent that no agent has taken yet, as last seen."""

    pool = models.ForeignKey(Pool, on_delete=models.CASCADE, related_name="queue")
    request_id = models.BigIntegerField(unique=True)
    build = models.ForeignKey("agents.Build", null=True, on_delete=models.CASCADE, related_name="+")
    job_name = models.CharField(max_length=255, blank=True)
    queued_at = models.DateTimeField()

    class Meta:
        ordering = ["queued_at"]

    def __str__(self) -> str:
        return f"{self.job_name} waits for {self.pool}"


class Agent(models.Model):
    """A worker, by pool and name: one that is registered again under its name goes on with its history."""

    class State(models.TextChoices):
        """What an agent is doing."""

        BUSY = "busy", "busy"
        IDLE = "idle", "idle"
        OFFLINE = "offline", "offline"
        DISABLED = "disabled", "disabled"  # online, but an admin in Azure lets it take no job
        GONE = "gone", "not registered"  # Azure does not list it any more
        SEEN = "seen", "known from builds"  # nobody may list the pool; jobs say that it exists

    pool = models.ForeignKey(Pool, null=True, on_delete=models.CASCADE, related_name="agents")
    name = models.CharField(max_length=255)
    host = models.CharField(max_length=7, choices=Host, blank=True)
    external_id = models.PositiveIntegerField(null=True)
    state = models.CharField(max_length=8, choices=State, default=State.SEEN)
    state_since = models.DateTimeField(null=True)
    version = models.CharField(max_length=64, blank=True)
    os = models.CharField(max_length=255, blank=True)
    capabilities = models.JSONField(default=dict, blank=True)
    registered_at = models.DateTimeField(null=True)
    registrations = models.PositiveIntegerField(default=1)  # how many ids it has had
    current_job = models.ForeignKey("agents.Job", null=True, on_delete=models.SET_NULL, related_name="+")
    current_name = models.CharField(max_length=255, blank=True)  # for a job of a build that we do not know
    current_since = models.DateTimeField(null=True)
    last_job_at = models.DateTimeField(null=True)
    low_disk_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)
    missing_at = models.DateTimeField(null=True)  # when a list left it out; a second one decides

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["pool", "name"], name="unique_agent", condition=Q(pool__isnull=False)),
            models.UniqueConstraint(fields=["name"], name="unique_agent_without_pool", condition=Q(pool=None)),
        ]

    def __str__(self) -> str:
        return self.name

    @staticmethod
    def count_online(states: Mapping[str, int]) -> int:
        """Count the agents that take jobs, by how many are in each state."""
        return states.get(Agent.State.BUSY, 0) + states.get(Agent.State.IDLE, 0)

    @property
    def heard_at(self) -> datetime | None:
        """Return when anything was last heard of it: by the list of agents, or by a job that it took or ended."""
        return max(filter(None, (self.seen_at, self.state_since, self.current_since, self.last_job_at)), default=None)


MAX_WILDCARDS = 6  # in a pattern: more would be slow to match


def is_pattern(pattern: str) -> bool:
    """Tell whether a pattern says something: two characters that are no wildcard, and few that are."""
    return len(re.sub(r"[*#\s]", "", pattern)) >= 2 and len(re.findall(r"[*#]", pattern)) <= MAX_WILDCARDS
