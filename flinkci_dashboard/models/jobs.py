"""Jobs and their runs, requests for them, and acts of the bot."""

from collections import Counter
from datetime import datetime, timedelta

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.utils import timezone

CLOCKS_DIFFER = timedelta(seconds=5)  # of two hosts that are in step


class JobSchedule(models.Model):
    """When a job runs. `bootstrap` makes one row for each job; admins change them."""

    job = models.SlugField(unique=True, editable=False)
    enabled = models.BooleanField(default=True, help_text="A disabled job runs only when somebody presses its button.")
    interval = models.PositiveIntegerField(
        validators=[MinValueValidator(15)], help_text="Seconds between the starts of two passes, 15 or more."
    )
    next_run_at = models.DateTimeField(default=timezone.now)
    hurried_at = models.DateTimeField(null=True, editable=False)  # when a webhook last asked for a pass

    class Meta:
        ordering = ["job"]

    def __str__(self) -> str:
        return f"{self.job} every {self.interval} s"

    def is_due(self, now: datetime, asked: bool = False) -> bool:
        """Tell whether a pass is to be queued: a disabled job's only when it was asked for.

        A next run that is farther off than one interval was set by a clock that was ahead.
        """
        latest = now + timedelta(seconds=self.interval) + CLOCKS_DIFFER
        return (self.enabled or asked) and not now < self.next_run_at <= latest

    def claim(self, now: datetime) -> bool:
        """Move the next run on by one interval; False when another host was quicker."""
        due = JobSchedule.objects.filter(pk=self.pk, next_run_at=self.next_run_at)
        return due.update(next_run_at=now + timedelta(seconds=self.interval)) == 1


class JobRequest(models.Model):
    """What a person asked a job to do, by a button. It waits here until a pass has answered it."""

    job = models.SlugField()
    act = models.SlugField(default="run", help_text="“run”, or an act that the job knows, such as “reset-branch”.")
    subject = models.CharField(max_length=255, blank=True, help_text="What the act is about: a branch, a pull request.")
    payload = models.JSONField(default=dict, blank=True)  # what the act needs to know beyond its subject
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    requested_at = models.DateTimeField(default=timezone.now)
    settled_at = models.DateTimeField(null=True, blank=True)
    answer = models.TextField(blank=True)

    class Meta:
        ordering = ["pk"]
        permissions = [
            ("operate", "Can press the buttons: sync, retry, cancel"),
            ("administer", "Can use the admin"),
        ]
        indexes = [models.Index(fields=["job"], condition=models.Q(settled_at=None), name="open_requests")]

    def __str__(self) -> str:
        return f"{self.job}: {self.what}"

    @property
    def what(self) -> str:
        """Say what was asked for, and of what."""
        return f"{self.act.replace('-', ' ')} {self.subject}".strip()


class JobRun(models.Model):
    """One pass of one job: the record of what it did, and while it runs, its heartbeat."""

    class Outcome(models.TextChoices):
        """How a pass ended."""

        RUNNING = "running"  # not ended yet, or its process is gone and no later pass has noticed
        OK = "ok"  # everything that it had to do is done
        PARTIAL = "partial"  # some of it failed, the rest is done
        FAILED = "failed"  # nothing was achieved

    job = models.SlugField()
    trigger = models.CharField(max_length=10, default="schedule")  # schedule, button, command
    host = models.CharField(max_length=255, blank=True)
    outcome = models.CharField(max_length=8, choices=Outcome, default=Outcome.RUNNING)
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    counts = models.JSONField(default=dict)
    error = models.TextField(blank=True)
    progress = models.JSONField(
        default=dict
    )  # while running: {"phase": str, "percent": int|None, "megabytes": float|None}
    asked = models.JSONField(default=dict)  # how often it asked each service: {"github": 3, "github, charged": 1}
    asked_before = models.JSONField(default=dict)  # how often all earlier passes of its job did

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["job", "-id"]), models.Index(fields=["started_at"])]

    def __str__(self) -> str:
        return f"{self.job} {self.started_at:%Y-%m-%d %H:%M:%S} {self.outcome}"

    @property
    def seconds(self) -> float:
        """Return how long the pass took, or has taken so far."""
        return ((self.ended_at or timezone.now()) - self.started_at).total_seconds()

    @property
    def asked_in_all(self) -> dict[str, int]:
        """Return how often passes of this job have asked each service, this one included."""
        return dict(Counter(self.asked_before) + Counter(self.asked))

    @property
    def did_something(self) -> bool:
        """Tell a pass that changed anything, or failed, from one that found all in order."""
        return self.outcome not in (self.Outcome.OK, self.Outcome.RUNNING) or any(self.counts.values())


class RunLog(models.Model):
    """What a pass logged; a row of its own, for lists of passes do without."""

    run = models.OneToOneField(JobRun, primary_key=True, on_delete=models.CASCADE, related_name="log")
    text = models.TextField()

    def __str__(self) -> str:
        return f"log of {self.run_id}"


class Action(models.Model):
    """One act of the bot on the outside world. Recorded before it is tried and settled after (law 3)."""

    class State(models.TextChoices):
        """How far an act has come."""

        PENDING = "pending"  # about to be tried, or tried by a process that died: look before trying again
        DONE = "done"  # the outside world confirmed it
        FAILED = "failed"  # the outside world refused it; `answer` has its words
        PLANNED = "planned"  # observe mode: what would have been done

    key = models.CharField(max_length=255, unique=True, help_text="The same act has the same key, whoever plans it.")
    job = models.SlugField()
    kind = models.SlugField()
    subject = models.CharField(max_length=255)
    reason = models.TextField(blank=True)
    payload = models.JSONField(default=dict)
    state = models.CharField(max_length=7, choices=State, default=State.PENDING)
    answer = models.TextField(blank=True)
    attempts = models.PositiveIntegerField(default=1)
    tried_at = models.DateTimeField(null=True, blank=True)  # when it was last begun
    texts = models.PositiveSmallIntegerField(default=0)  # that it wrote on GitHub, where they are limited
    created_at = models.DateTimeField(default=timezone.now)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["job", "state"]),
            models.Index(fields=["subject", "-id"]),
            models.Index(fields=["created_at"]),
            models.Index(fields=["tried_at"], condition=models.Q(texts__gt=0), name="texts_written"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}: {self.state}"

    @property
    def settled(self) -> bool:
        """Tell whether it came to an end outside; one that never left us may be begun again."""
        return self.state in (self.State.DONE, self.State.FAILED) and not self.untried

    @property
    def untried(self) -> bool:
        """Tell whether the outside has not seen it, though a pass had begun it."""
        return bool(self.payload.get("untried"))


class Worker(models.Model):
    """A machine that runs background work, as it last said of itself."""

    host = models.CharField(max_length=255, unique=True)
    pid = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    clock_moved_at = models.DateTimeField(null=True)  # when its clock was last set forward or back, as it was after
    clock_moved_by = models.IntegerField(default=0)  # seconds; below 0: back
    disk_free = models.FloatField(null=True)  # percent, of what holds its DATA_DIR

    class Meta:
        ordering = ["host"]

    def __str__(self) -> str:
        return self.host
