"""The ledger of red: where each branch's builds and jobs stand; and the commits that may have broken them."""

from django.db import models

from agents.models.builds import Build


class Kind(models.TextChoices):
    """Which builds of a branch are looked at together."""

    NIGHTLY = "nightly", "nightly"
    PUSH = "push", "pushes"


class Streak(models.Model):
    """A job of a branch that is red, or that publishes something; or, with an empty key, the builds as a whole."""

    branch = models.CharField(max_length=255)
    kind = models.CharField(max_length=7, choices=Kind)
    provider = models.CharField(max_length=8)
    key = models.CharField(max_length=255, blank=True)
    name = models.CharField(max_length=255, blank=True)
    publishes = models.CharField(max_length=40, blank=True)  # what, in words
    red_runs = models.PositiveIntegerField(default=0)
    red_nights = models.PositiveIntegerField(default=0)
    first_red = models.ForeignKey(Build, null=True, on_delete=models.CASCADE, related_name="+")
    last_green = models.ForeignKey(Build, null=True, on_delete=models.CASCADE, related_name="+")
    latest = models.ForeignKey(Build, null=True, on_delete=models.CASCADE, related_name="+")
    may_be_older = models.BooleanField(default=False)
    unborn = models.BooleanField(default=False)  # of the whole: the latest run ended before any job existed

    class Meta:
        ordering = ["branch", "kind", "key"]
        constraints = [
            models.UniqueConstraint(fields=["branch", "kind", "provider", "key"], name="unique_streak"),
        ]

    def __str__(self) -> str:
        return f"{self.branch} {self.kind}: {self.name or 'all'}"


class Commit(models.Model):
    """A commit of a mirrored branch, in the branch's order."""

    branch = models.CharField(max_length=255)
    order = models.PositiveIntegerField()  # later ones have greater numbers
    sha = models.CharField(max_length=40)
    author = models.CharField(max_length=255, blank=True)
    at = models.DateTimeField(null=True)
    subject = models.CharField(max_length=500, blank=True)
    ticket = models.CharField(max_length=20, blank=True)
    modules = models.JSONField(default=list)  # what its subject says that it touches: "table", "runtime"

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["branch", "sha"], name="unique_commit"),
            models.UniqueConstraint(fields=["branch", "order"], name="unique_commit_order"),
        ]

    def __str__(self) -> str:
        return self.sha[:10]
