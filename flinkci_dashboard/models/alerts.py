"""What is wrong now, what was told of it to whom, and how the rules are set."""

from datetime import datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone

from flinkci_dashboard.models.accounts import Area, Contact, check_time_zone
from flinkci_dashboard.models.fields import ChoiceListField, SealedField


class Severity(models.TextChoices):
    """How much a finding should worry; see `alerts.findings.Severity`."""

    BAD = "bad", "failing"
    WARN = "warn", "worth a look"
    INFO = "info", "to be known"


class RuleSetting(models.Model):
    """How an admin set a rule. `bootstrap` makes one row for each rule."""

    rule = models.SlugField(unique=True, editable=False)
    enabled = models.BooleanField(default=True, help_text="A rule that is switched off finds nothing.")
    limit = models.FloatField(null=True, blank=True, help_text="Empty: the rule's own.")
    second = models.FloatField("second limit", null=True, blank=True, help_text="Empty: the rule's own.")
    acknowledge = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Minutes until the backup contact is told of an alert that nobody has acknowledged. Empty: never.",
    )

    class Meta:
        verbose_name = "alert rule"
        ordering = ["rule"]

    def __str__(self) -> str:
        return self.rule


class Finding(models.Model):
    """What findings and alerts have in common; see `alerts.findings.Finding` for what each field says."""

    key = models.CharField(max_length=310)
    rule = models.SlugField()
    subject = models.CharField(max_length=255)
    severity = models.CharField(max_length=4, choices=Severity)
    text = models.TextField()
    since = models.DateTimeField()
    url = models.CharField(max_length=500, blank=True)
    area = models.CharField(max_length=11, choices=Area, blank=True)
    ends_when = models.CharField(max_length=255, blank=True)
    tags = models.JSONField(default=list)
    holder = models.ForeignKey(Contact, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.key


class OpenFinding(Finding):
    """Something that is wrong now, as the last pass found it. Pages read these rows; none judges by itself."""

    source = models.CharField(max_length=40)  # the app, or the ground's room, whose rules found it
    parent = models.CharField(max_length=310, blank=True)  # the key of the cause that explains it
    cause_of = models.JSONField(default=list)
    under = models.JSONField(default=list)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["key"], name="unique_open_finding")]


class Summary(models.Model):
    """What is wrong, in the form in which every page reads it: one row, which the alerts' passes write."""

    content = models.JSONField(default=dict)  # see `alerts.summary`

    def __str__(self) -> str:
        return f"{len(self.content.get('cases', ()))} causes"


class Alert(Finding):
    """An episode: a finding from when it was first seen until it was over. What comes back soon is the same one."""

    began_at = models.DateTimeField(db_index=True)  # when it was first seen
    ended_at = models.DateTimeField(null=True, db_index=True)
    changed_at = models.DateTimeField()  # when it last began, ended, or came back
    turns = models.PositiveIntegerField(default=1)  # how often it has begun
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.CharField(max_length=150, blank=True)  # stays when the account goes
    silenced_until = models.DateTimeField(null=True)
    silenced_by = models.CharField(max_length=150, blank=True)
    silenced_why = models.CharField(max_length=255, blank=True)

    class Meta:
        ordering = ["-began_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["key"], condition=Q(ended_at=None), name="one_firing_alert")]
        indexes = [models.Index(fields=["key", "-began_at"], name="alert_key")]

    @property
    def state(self) -> str:
        """Return "firing" or "ended"."""
        return "ended" if self.ended_at else "firing"

    @property
    def flapping(self) -> bool:
        """Tell whether it has gone and come back."""
        return self.turns > 1

    def silenced(self, now: datetime) -> bool:
        """Tell whether somebody wants to hear nothing of it now."""
        return self.silenced_until is not None and self.silenced_until > now


class Channel(models.Model):
    """Where alerts are sent: an address that is encrypted like a credential, and never shown again."""

    name = models.CharField(max_length=100, unique=True)
    sealed = SealedField()
    service = models.CharField(max_length=40, editable=False)  # what kind of address it is: "slack", "jsons"
    fingerprint = models.CharField(max_length=12, editable=False)
    enabled = models.BooleanField(default=True)
    areas = ChoiceListField(of=Area, help_text="None: all of them.")
    severities = ChoiceListField(of=Severity, default=list, help_text="None: failing and worth a look.")
    quiet_from = models.TimeField(null=True, blank=True, help_text="Nothing is sent from then on …")
    quiet_to = models.TimeField(null=True, blank=True, help_text="… until then; what came meanwhile is told in one.")
    time_zone = models.CharField(max_length=64, default="UTC", validators=[check_time_zone])
    contact = models.ForeignKey(
        Contact, null=True, blank=True, on_delete=models.SET_NULL, related_name="channels", verbose_name="owner"
    )
    mailing_list = models.EmailField(blank=True, help_text="Or the list that it belongs to.")
    # A member's own: it gets what that member subscribes to, and nothing else.
    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, editable=False, on_delete=models.CASCADE, related_name="channels"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    sent_at = models.DateTimeField(null=True, editable=False)  # when it last took a message
    problem = models.TextField(blank=True, editable=False)
    problem_since = models.DateTimeField(null=True, editable=False)
    failures = models.PositiveIntegerField(default=0, editable=False)  # of all time

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def wants(self) -> str:
        """Say in words what it gets."""
        areas = ", ".join(str(area.label) for area in Area if area in self.areas) or "everything"
        severities = ", ".join(str(each.label) for each in Severity if each in self.severities)
        hours = (self.quiet_from, self.quiet_to)
        quiet = f"; not from {hours[0]:%H:%M} to {hours[1]:%H:%M}" if all(hours) else ""
        return f"{areas}{f' that is {severities}' if severities else ''}{quiet}"

    def clean(self) -> None:
        """Refuse half a quiet time."""
        if (self.quiet_from is None) != (self.quiet_to is None):
            raise ValidationError({"quiet_to": "Quiet hours need a beginning and an end."})


class Subscription(models.Model):
    """What a member wants to hear of, by mail or through a channel of their own."""

    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="subscriptions")
    tag = models.CharField(max_length=255)  # "area:credentials", "branch:release-2.3", "component:Runtime / REST"
    channel = models.ForeignKey(
        Channel, null=True, blank=True, on_delete=models.CASCADE, help_text="Empty: to your mail address."
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["tag"]
        constraints = [models.UniqueConstraint(fields=["member", "tag"], name="one_subscription_of_a_kind")]

    def __str__(self) -> str:
        return f"{self.member}: {self.tag}"


class Notice(models.Model):
    """One message to one place. The ledger has each try of it; its key there is `send:<id>`."""

    class State(models.TextChoices):
        """How far a message has come."""

        WAITING = "waiting"  # to be sent, at once or after a failure
        SENT = "sent"
        FAILED = "failed", "given up"

    target = models.CharField(max_length=255, db_index=True)  # "channel:3", "mail:ada@example.org"
    channel = models.ForeignKey(Channel, null=True, on_delete=models.SET_NULL, related_name="notices")
    place = models.CharField(max_length=255)  # the channel's name, or the mail address: stays when the channel goes
    title = models.CharField(max_length=255)
    body = models.TextField()
    severity = models.CharField(max_length=4, choices=Severity)
    state = models.CharField(max_length=7, choices=State, default=State.WAITING)
    created_at = models.DateTimeField(db_index=True)
    settled_at = models.DateTimeField(null=True)
    tries = models.PositiveIntegerField(default=0)
    answer = models.TextField(blank=True)  # what came back last

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["id"], condition=Q(state="waiting"), name="unsent")]

    def __str__(self) -> str:
        return f"{self.title} → {self.place}"

    @property
    def words(self) -> str:
        """Return its state in words."""
        return str(self.get_state_display()).lower()

    @property
    def badge(self) -> str:
        """Return the state of its badge."""
        return {self.State.WAITING: "pending", self.State.SENT: "done"}.get(self.State(self.state), "failed")


class Telling(models.Model):
    """What one message told of one alert: each thing is told to each place once."""

    class Event(models.TextChoices):
        """What happened to an alert."""

        BEGAN = "began"
        FLAPS = "flaps", "comes and goes"
        ENDED = "ended"
        SETTLED = "settled"  # what flapped has been gone for some time
        ESCALATED = "escalated"  # nobody acknowledged it in time

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="tellings")
    target = models.CharField(max_length=255)
    event = models.CharField(max_length=9, choices=Event)
    severity = models.CharField(max_length=4, choices=Severity)  # the alert's, when it was told
    notice = models.ForeignKey(Notice, on_delete=models.CASCADE, related_name="tellings")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["alert", "target", "event"], name="told_once")]

    def __str__(self) -> str:
        return f"{self.alert} {self.event} → {self.target}"


class Heartbeat(models.Model):
    """How the watcher of the watcher was last asked: one row."""

    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    problem = models.TextField(blank=True)

    def __str__(self) -> str:
        return self.problem or f"answered {self.answered_at}"
