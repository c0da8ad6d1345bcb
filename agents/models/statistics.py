"""Figures over time. Times are UTC; a period is named by its start."""

from typing import Any

from django.db import models

from agents.models.builds import Provider
from agents.models.machines import Agent, Host


class Step(models.TextChoices):
    """The length of a period."""

    HOUR = "hour", "hour"
    DAY = "day", "day"


class Watermark(models.Model):
    """How far a poll has come, by name."""

    name = models.CharField(max_length=32, unique=True)
    at = models.DateTimeField(null=True)
    note = models.TextField(blank=True)  # what stands in the way, for the pages

    def __str__(self) -> str:
        return f"{self.name}: {self.at}"


class Sample(models.Model):
    """How a host's machines stood at one moment; kept at full detail for 14 days."""

    at = models.DateTimeField()
    host = models.CharField(max_length=7, choices=Host, blank=True)
    busy = models.PositiveIntegerField()
    idle = models.PositiveIntegerField(null=True)  # null: nobody may list the pool
    offline = models.PositiveIntegerField(null=True)
    queued = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["at", "host"], name="unique_sample")]

    def __str__(self) -> str:
        return f"{self.get_host_display()} at {self.at}"


class HostPeriod(models.Model):
    """A host in one hour or day: means of the samples, and figures of the jobs that started or ended in it."""

    step = models.CharField(max_length=4, choices=Step)
    start = models.DateTimeField()
    host = models.CharField(max_length=7, choices=Host, blank=True)
    busy = models.FloatField(null=True)
    idle = models.FloatField(null=True)
    offline = models.FloatField(null=True)
    queued = models.FloatField(null=True)
    busy_most = models.PositiveIntegerField(null=True)
    queued_most = models.PositiveIntegerField(null=True)
    started = models.PositiveIntegerField(default=0)  # jobs whose wait ended
    wait_p50 = models.PositiveIntegerField(null=True)  # seconds
    wait_p90 = models.PositiveIntegerField(null=True)
    finished = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["step", "start", "host"], name="unique_host_period")]

    def __str__(self) -> str:
        return f"{self.get_host_display()}, {self.step} of {self.start}"


class BuildPeriod(models.Model):
    """The builds of one service that ended in one hour or day."""

    step = models.CharField(max_length=4, choices=Step)
    start = models.DateTimeField()
    provider = models.CharField(max_length=8, choices=Provider, default=Provider.AZURE)
    scope = models.CharField(max_length=6)
    finished = models.PositiveIntegerField(default=0)
    succeeded = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    duration_p50 = models.PositiveIntegerField(null=True)  # seconds from start to end, builds that were not canceled
    duration_p90 = models.PositiveIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["step", "start", "provider", "scope"], name="unique_build_period")
        ]

    def __str__(self) -> str:
        return f"{self.scope}, {self.step} of {self.start}"


class SlowJob(models.Model):
    """A job of a branch that has got slower: its last runs against those before. Others have no row."""

    branch = models.CharField(max_length=255)
    provider = models.CharField(max_length=8)
    key = models.CharField(max_length=255)
    name = models.CharField(max_length=255)
    usual_seconds = models.PositiveIntegerField()
    seconds = models.PositiveIntegerField()
    since = models.DateTimeField()  # the first of its slow runs ended

    class Meta:
        constraints = [models.UniqueConstraint(fields=["branch", "provider", "key"], name="unique_slow_job")]

    def __str__(self) -> str:
        return f"{self.name} on {self.branch}"


class TestPace(models.Model):
    """How long a class of tests, an end-to-end or Python test took in its last runs on a branch that passed."""

    __test__ = False

    name = models.CharField(max_length=255)  # package.Class, the end-to-end test's title, or the Python test's key
    branch = models.CharField(max_length=255)
    provider = models.CharField(max_length=8)
    key = models.CharField(max_length=255)  # of the job
    runs: Any = models.JSONField(default=list)  # [[seconds since 1970, seconds that it took]], the newest last
    seen_at = models.DateTimeField()  # the last of them
    # Of one that has got slower, by the medians: what it took before, and takes lately, and since when.
    usual_seconds = models.PositiveIntegerField(null=True)
    seconds = models.PositiveIntegerField(null=True)
    since = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "branch", "provider", "key"], name="unique_test_pace")]
        indexes = [models.Index(fields=["since"], name="test_pace_slow", condition=models.Q(since__isnull=False))]

    def __str__(self) -> str:
        return f"{self.name} on {self.branch}"


class StaleDay(models.Model):
    """A day (UTC) whose figures have to be made anew: a job or build that belongs to it changed."""

    day = models.DateField(unique=True)

    def __str__(self) -> str:
        return str(self.day)


class AgentDay(models.Model):
    """The jobs that ended on one agent on one day."""

    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="days")
    day = models.DateField()
    finished = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    busy_seconds = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agent", "day"], name="unique_agent_day")]
        indexes = [models.Index(fields=["day"], name="agent_day")]

    def __str__(self) -> str:
        return f"{self.agent} on {self.day}"
