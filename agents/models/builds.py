"""Builds of any CI service, their stages and jobs with all attempts, and the tests that failed in them."""

from typing import Any

from django.db import models
from django.db.models import F, Q

from agents.failures.match import name_of
from agents.failures.rules import CAUSES
from agents.models.machines import Agent, Host, Pool
from flinkci_dashboard.web.addresses import address


class Provider(models.TextChoices):
    """A CI service."""

    AZURE = "azure", "Azure Pipelines"
    ACTIONS = "actions", "GitHub Actions"


class Status(models.TextChoices):
    """How far a build, stage or job has come; see `clients.ci.Status`."""

    QUEUED = "queued", "waiting"
    RUNNING = "running", "running"
    CANCELLING = "cancelling", "cancelling"
    FINISHED = "finished", "finished"


class Result(models.TextChoices):
    """How a finished build, stage or job ended; see `clients.ci.Result`."""

    NONE = "", "no result"
    SUCCEEDED = "succeeded", "succeeded"
    PARTIAL = "partial", "succeeded with issues"
    FAILED = "failed", "failed"
    CANCELED = "canceled", "canceled"
    SKIPPED = "skipped", "skipped"
    ABANDONED = "abandoned", "abandoned"
    TIMED_OUT = "timed_out", "timed out"
    STARTUP_FAILURE = "startup_failure", "never started"
    ACTION_REQUIRED = "action_required", "waits for approval"
    STALE = "stale", "stale"


BAD_RESULTS = (Result.FAILED, Result.ABANDONED, Result.TIMED_OUT)  # of a job: what counts against a machine


class Build(models.Model):
    """A build, as it was last seen. Rows stay when the service deletes the build."""

    class Reason(models.TextChoices):
        """Why it was started."""

        PUSH = "push", "push"
        SCHEDULE = "schedule", "nightly"
        MANUAL = "manual", "manual"
        PULL_REQUEST = "pull_request", "pull request"
        OTHER = "other", "other"

    class Scope(models.TextChoices):
        """What it builds."""

        BRANCH = "branch", "branches"
        PULL = "pull", "pull requests"
        OTHER = "other", "other things"  # no code of Flink's is tested by it: upkeep, or another repository

    provider = models.CharField(max_length=8, choices=Provider, default=Provider.AZURE)
    external_id = models.BigIntegerField()
    number = models.CharField(max_length=64, blank=True)
    definition_id = models.BigIntegerField(null=True)
    definition = models.CharField(max_length=255, blank=True)
    workflow = models.CharField(max_length=255, blank=True)  # the file that describes it, where that is no pipeline
    event = models.CharField(max_length=40, blank=True)  # what started it, in its service's own word
    repository = models.CharField(max_length=140, blank=True)
    head_repository = models.CharField(max_length=140, blank=True)  # whose commit it builds, where that is told
    branch = models.CharField(max_length=255, blank=True)
    version = models.CharField(max_length=40, blank=True)  # commit SHA
    message = models.CharField(max_length=500, blank=True)  # first line of the commit's message
    reason = models.CharField(max_length=12, choices=Reason, default=Reason.OTHER)
    scope = models.CharField(max_length=6, choices=Scope, default=Scope.BRANCH)
    pull_number = models.PositiveIntegerField(null=True)  # of apache/flink's pull request, by the branch's name
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    result = models.CharField(max_length=15, choices=Result, blank=True)
    attempt = models.PositiveSmallIntegerField(default=1)
    queued_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    retried_at = models.DateTimeField(null=True)  # when we first saw it run again after its end
    requested_for = models.CharField(max_length=255, blank=True)
    web_url = models.URLField(max_length=500, blank=True)
    moved_at = models.DateTimeField(null=True)  # its last change as its service tells it; null where it does not
    jobs_etag = models.CharField(max_length=255, blank=True)  # of the list of its jobs, as last read
    asked_at = models.DateTimeField(null=True)  # when the question left us whose answer this row holds
    changed_at = models.DateTimeField()  # when we last saw it change
    gone_at = models.DateTimeField(null=True)  # when the service was first seen not to have it any more
    # Its jobs are read anew until this says no; a new attempt sets it again.
    jobs_pending = models.BooleanField(default=True)
    jobs_tried_at = models.DateTimeField(null=True)
    jobs_missing_at = models.DateTimeField(null=True)  # since when it has ended, and its service lacks ends of its jobs
    # Failing tests are looked for again after a look that failed (`tried`), or that found less than the jobs promise.
    tests_tried_at = models.DateTimeField(null=True)
    tests_missing_at = models.DateTimeField(null=True)
    green_read_at = models.DateTimeField(null=True)  # when the logs of its jobs that succeeded were read
    # Copied from the jobs, so that lists need no join. Hosts: of any job, comma separated, sorted.
    hosts = models.CharField(max_length=32, blank=True)
    failed_jobs = models.PositiveSmallIntegerField(default=0)
    failed_tests = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["provider", "external_id"], name="unique_build")]
        indexes = [
            models.Index(F("queued_at").desc(), F("id").desc(), name="build_newest"),
            models.Index(F("branch"), F("queued_at").desc(), name="build_branch"),
            models.Index(F("branch"), F("provider"), F("reason"), F("queued_at").desc(), name="build_nightly"),
            models.Index(F("scope"), F("queued_at").desc(), name="build_scope"),
            models.Index(F("result"), F("queued_at").desc(), name="build_result"),
            models.Index(F("reason"), F("queued_at").desc(), name="build_reason"),
            models.Index(F("reason").desc(), F("queued_at").desc(), name="build_reason_falling"),
            models.Index(fields=["branch"], name="build_of_branch", condition=Q(scope="branch")),
            models.Index(fields=["version"], name="build_version"),
            models.Index(fields=["pull_number"], name="build_pull", condition=Q(pull_number__isnull=False)),
            models.Index(fields=["finished_at"], name="build_finished"),
            models.Index(fields=["status"], name="build_unfinished", condition=~Q(status="finished")),
            models.Index(F("queued_at").desc(), name="build_jobs_pending", condition=Q(jobs_pending=True)),
        ]

    def __str__(self) -> str:
        return self.number or str(self.external_id)

    def get_absolute_url(self) -> str:
        """Return the address of its page."""
        return address("build", self.provider, self.external_id)

    @property
    def state(self) -> str:
        """Return the result where there is one, else the status."""
        return self.result or self.status

    @property
    def run_seconds(self) -> float | None:
        """Return how long it ran; None until it has ended."""
        if self.started_at is None or self.finished_at is None:
            return None
        return max((self.finished_at - self.started_at).total_seconds(), 0)


class Attempted(models.Model):
    """What stages and jobs have in common: one row for each attempt."""

    key = models.CharField(max_length=255)  # the same in every attempt
    name = models.CharField(max_length=255)
    attempt = models.PositiveSmallIntegerField(default=1)
    latest = models.BooleanField(default=True)  # no later attempt is known
    order = models.IntegerField(default=0)
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    result = models.CharField(max_length=15, choices=Result, blank=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name if self.attempt == 1 else f"{self.name} (attempt {self.attempt})"

    @property
    def state(self) -> str:
        """Return the result where there is one, else the status."""
        return self.result or self.status


class Stage(Attempted):
    """One attempt of a stage of a build."""

    build = models.ForeignKey(Build, on_delete=models.CASCADE, related_name="stages")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["build", "key", "attempt"], name="unique_stage")]


class Job(Attempted):
    """One attempt of a job: what it waited for, where it ran, how it ended."""

    build = models.ForeignKey(Build, on_delete=models.CASCADE, related_name="jobs")
    stage_key = models.CharField(max_length=255, blank=True)
    record_id = models.CharField(max_length=64, blank=True)
    pool = models.ForeignKey(Pool, null=True, on_delete=models.SET_NULL, related_name="jobs")
    queue_id = models.PositiveIntegerField(null=True)
    worker_name = models.CharField(max_length=255, blank=True)
    agent = models.ForeignKey(Agent, null=True, on_delete=models.SET_NULL, related_name="jobs")
    host = models.CharField(max_length=7, choices=Host, blank=True)
    # Since when it waited for an agent: as its request says, else since its phase was ready.
    queued_at = models.DateTimeField(null=True)
    queued_exactly = models.BooleanField(default=False)  # by its request
    wait_seconds = models.PositiveIntegerField(null=True)  # 0 where clocks disagree
    run_seconds = models.PositiveIntegerField(null=True)
    log_id = models.BigIntegerField(null=True)
    failed_log_id = models.BigIntegerField(null=True)  # of the last step that failed
    failed_step_id = models.CharField(max_length=64, blank=True)
    failed_step_at = models.DateTimeField(null=True)  # it began, where all steps have one log
    head_read = models.BooleanField(default=False)  # the log's head was asked for the host, once
    errors = models.PositiveIntegerField(default=0)
    warnings = models.PositiveIntegerField(default=0)
    issues: Any = models.JSONField(default=list, blank=True)  # [{"error": bool, "message": str}], at most ten
    low_disk = models.BooleanField(default=False)
    cause = models.CharField(max_length=9, choices=CAUSES, blank=True)  # why it failed, "" until that was looked for
    cause_line = models.CharField(max_length=1000, blank=True)  # of its log, or of what the service tells of it
    idle_seconds = models.PositiveIntegerField(null=True)  # from its log's last test result to its end, where known
    cause_line_number = models.PositiveIntegerField(null=True)  # in the step that failed, from 1 on
    # Failing tests and the cause are looked for once, while the logs are there.
    tests_pending = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["build", "key", "attempt"], name="unique_job")]
        indexes = [
            models.Index(F("agent"), F("started_at").desc(), name="job_agent"),
            models.Index(F("key"), F("finished_at").desc(), name="job_key"),
            models.Index(fields=["finished_at"], name="job_idle", condition=Q(idle_seconds__isnull=False)),
            models.Index(fields=["host", "started_at"], name="job_host_started"),
            models.Index(fields=["finished_at"], name="job_finished"),
            models.Index(fields=["queued_at"], name="job_unfinished", condition=~Q(status="finished")),
            models.Index(fields=["build"], name="job_tests_pending", condition=Q(tests_pending=True)),
            models.Index(F("started_at").desc(), name="job_unknown_host", condition=Q(host="") & ~Q(worker_name="")),
        ]

    @property
    def machine(self) -> str:
        """Return the name of what ran it; "" where nobody told."""
        return str(self.agent or self.worker_name)

    @property
    def log_url(self) -> str:
        """Return where its service shows its log: at the line that tells the cause, where we know step and line."""
        if not (self.build.web_url and self.record_id):
            return ""
        line = self.cause_line_number if self.failed_step_id else None
        if self.build.provider == Provider.ACTIONS:
            place = f"#step:{self.failed_step_id}:{line}" if line else ""
            return f"{self.build.web_url}/job/{self.record_id}{place}"
        place = f"&t={self.failed_step_id}&l={line}" if line else ""
        return f"{self.build.web_url}&view=logs&j={self.record_id}{place}"


class Test(models.Model):
    """A test that has failed at least once."""

    __test__ = False

    name = models.CharField(max_length=500, unique=True)

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Return the address of its page."""
        return address("failing_test", self.key)

    @property
    def key(self) -> str:
        """Return its name in the one form that all its names have: package.Class#method."""
        return name_of(self.name).key


class TestFailure(models.Model):
    """A test that failed in one attempt of a job."""

    __test__ = False

    class Source(models.TextChoices):
        """Where we have it from."""

        RESULTS = "results", "published test results"
        LOG = "log", "the end of the log"

    test = models.ForeignKey(Test, on_delete=models.CASCADE, related_name="failures")
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="test_failures")
    build = models.ForeignKey(Build, on_delete=models.CASCADE, related_name="test_failures")
    at = models.DateTimeField()  # when the job ended
    message = models.CharField(max_length=1000, blank=True)
    case = models.CharField(max_length=200, blank=True)  # of a parameterized test: "(String, int)[2]"
    source = models.CharField(max_length=7, choices=Source)
    seconds = models.FloatField(null=True)  # it ran until it failed, where that was told

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "test"], name="unique_test_failure")]
        indexes = [
            models.Index(fields=["test", "at"], name="test_failure_seen"),
            models.Index(fields=["at"], name="test_failure_at"),
        ]

    def __str__(self) -> str:
        return str(self.test)
