"""Failures that come again: what fails, and the ticket that knows it."""

from django.db import models

from agents.models.builds import Test

CLOSED = ("Closed", "Resolved", "Done")


class KnownTicket(models.Model):
    """A ticket of Jira with the label of unstable tests."""

    jira_id = models.BigIntegerField(unique=True)
    key = models.CharField(max_length=64)
    summary = models.CharField(max_length=500, blank=True)
    status = models.CharField(max_length=100, blank=True)
    updated_at = models.DateTimeField()
    labelled = models.BooleanField(default=True)  # it has the label still

    class Meta:
        indexes = [models.Index(fields=["key"], name="known_ticket_key")]

    def __str__(self) -> str:
        return self.key

    @property
    def closed(self) -> bool:
        """Tell whether somebody took it for settled."""
        return self.status in CLOSED


class Failure(models.Model):
    """Something that has failed at least once, under one key whatever form its name was told in."""

    class Kind(models.TextChoices):
        """By what it is recognised."""

        TEST = "test", "test"

    kind = models.CharField(max_length=7, choices=Kind, default=Kind.TEST)
    key = models.CharField(max_length=500)  # of a test: package.Class#method
    test = models.OneToOneField(Test, on_delete=models.CASCADE, related_name="failure")
    ticket = models.ForeignKey(KnownTicket, null=True, on_delete=models.SET_NULL, related_name="failures")
    maybe = models.ForeignKey(KnownTicket, null=True, on_delete=models.SET_NULL, related_name="+")  # names the class

    class Meta:
        indexes = [models.Index(fields=["key"], name="failure_key")]

    def __str__(self) -> str:
        return self.key
