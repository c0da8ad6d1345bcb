"""Tickets as Jira told them, where each pull request's labels stand, and what changed them."""

from datetime import datetime
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from labeler import labels
from sync.models import PullRequest


class Ticket(models.Model):
    """A ticket that a pull request's title names. Only those are kept."""

    key = models.CharField(max_length=500, unique=True)  # as titles name it, however many digits somebody typed
    known = models.BooleanField(null=True)  # null: Jira has not been asked yet
    jira_id = models.BigIntegerField(null=True, db_index=True)
    current_key = models.CharField(max_length=64, blank=True)  # another one when it has moved
    summary = models.CharField(max_length=500, blank=True)
    status = models.CharField(max_length=100, blank=True)
    assignee = models.CharField(max_length=200, blank=True)
    components = models.JSONField(default=list)
    fix_versions = models.JSONField(default=list)
    updated_at = models.DateTimeField(null=True)  # by Jira's clock
    fetched_at = models.DateTimeField(null=True, db_index=True)

    class Meta:
        ordering = ["key"]

    def __str__(self) -> str:
        return self.key

    @property
    def web_url(self) -> str:
        """Return the address of the ticket's page."""
        return f"{settings.JIRA_URL}/browse/{quote(self.current_key or self.key)}"

    @property
    def moved(self) -> bool:
        """Tell whether Jira knows it by another key now."""
        return self.current_key not in ("", self.key)

    def value(self) -> labels.Ticket | None:
        """Return what labels follow from; None when Jira knows no such ticket, or has not been asked."""
        return labels.Ticket(self.current_key, tuple(self.components)) if self.known else None


class LabelRule(models.Model):
    """An admin's exception: tickets of a component get another label than the component's name."""

    component = models.CharField(
        max_length=255,
        help_text="The component's name in Jira. With * at its end: every component whose name begins so.",
    )
    label = models.CharField(max_length=labels.MAX_LENGTH, help_text=f"Begins with {labels.PREFIX}")

    class Meta:
        verbose_name = "label rule"
        ordering = [Lower("component")]
        constraints = [models.UniqueConstraint(Lower("component"), name="unique_label_rule")]

    def __str__(self) -> str:
        return f"{self.component} → {self.label}"

    def clean(self) -> None:
        """Refuse labels that the bot could not take off again."""
        self.component, self.label = self.component.strip(), self.label.strip()
        if not labels.is_ours(self.label) or self.label.casefold() == labels.PREFIX:
            raise ValidationError({"label": f"The label has to begin with {labels.PREFIX}, and to go on after it."})

    def value(self) -> labels.Rule:
        """Return what is decided with."""
        return labels.Rule(self.component, self.label)


class LabelState(models.Model):
    """Where the labels of one pull request stand, and what they were last set or found right for."""

    STATES = {
        labels.State.RIGHT: "right",
        labels.State.CHANGE: "to be changed",
        labels.State.DRIFT: "changed by hand",
        labels.State.NO_TICKET: "no ticket",
        labels.State.UNKNOWN: "unknown ticket",
        labels.State.WAITING: "waits for Jira",
    }

    pull = models.OneToOneField(PullRequest, on_delete=models.CASCADE, related_name="label_state")
    ticket = models.ForeignKey(Ticket, null=True, on_delete=models.PROTECT, related_name="states")
    state = models.CharField(max_length=9, choices=[(state.value, text) for state, text in STATES.items()])
    state_since = models.DateTimeField()
    reason = models.CharField(max_length=1000, blank=True)
    add = models.JSONField(default=list)  # what differs from what should be
    remove = models.JSONField(default=list)
    seen_at = models.DateTimeField()  # the pull request's `updated_at` when this was decided
    basis = models.JSONField(null=True)  # a `labels.Basis`: what its labels were last set or found right for
    problem = models.TextField(blank=True)  # GitHub's words, when it refused
    tries = models.PositiveSmallIntegerField(default=0)
    retry_at = models.DateTimeField(null=True)  # when a refused change is tried again

    class Meta:
        indexes = [models.Index(fields=["state", "-state_since"], name="label_state")]

    def __str__(self) -> str:
        return f"{self.pull}: {self.state}"

    def last(self) -> labels.Basis | None:
        """Return what the labels were last set or found right for."""
        if self.basis is None:
            return None
        facts = self.basis
        return labels.Basis(facts["title"], facts["key"], tuple(facts["components"]), tuple(facts["labels"]))


class LabelChange(models.Model):
    """A change of a pull request's labels that the bot has made, and why."""

    pull = models.ForeignKey(PullRequest, on_delete=models.CASCADE, related_name="label_changes")
    at = models.DateTimeField(default=timezone.now)
    key = models.CharField(max_length=500)
    added = models.JSONField(default=list)
    removed = models.JSONField(default=list)
    reason = models.CharField(max_length=1000)

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["at"]), models.Index(fields=["pull", "-id"])]

    def __str__(self) -> str:
        return f"{self.pull}: {self.reason}"


class JiraContact(models.Model):
    """How the talk with Jira stands: one row."""

    asked_at = models.DateTimeField(null=True)  # up to when all changes of tickets are known
    answered_at = models.DateTimeField(null=True)
    silent_since = models.DateTimeField(null=True)
    problem = models.TextField(blank=True)
    not_before = models.DateTimeField(null=True)  # Jira wants to be left alone until then
    check_at = models.DateTimeField(null=True)  # when the next part of the weekly check is due
    rules = models.JSONField(default=list)  # the admins' rules that all labels were last decided with

    def __str__(self) -> str:
        return f"silent since {self.silent_since}" if self.silent_since else "answers"

    @classmethod
    def load(cls) -> "JiraContact":
        """Return the row, which is stored with the first fact."""
        return cls.objects.first() or cls(pk=1)

    def note(self, now: datetime, **facts: Any) -> None:
        """Record an answer, and what goes with it."""
        self.remember(answered_at=now, silent_since=None, problem="", not_before=None, **facts)

    def note_silence(self, now: datetime, problem: str, until: datetime | None) -> None:
        """Record that Jira gave no usable answer."""
        self.remember(silent_since=self.silent_since or now, problem=problem, not_before=until)

    def remember(self, **facts: Any) -> None:
        """Write some of the facts."""
        for name, value in facts.items():
            setattr(self, name, value)
        JiraContact.objects.update_or_create(pk=1, defaults=facts)
