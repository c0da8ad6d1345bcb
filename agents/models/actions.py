"""What is followed on GitHub Actions: lists of runs, how far they were read, and the workflows that make runs."""

from django.db import models


class Followed(models.Model):
    """A list of runs that is asked for again and again: all of a repository, or those that a query finds."""

    repository = models.CharField(max_length=140)
    query = models.CharField(max_length=100, blank=True)  # "" for all; "head_sha=…" for those of one commit
    pull_number = models.PositiveIntegerField(null=True)  # whose head the commit is
    etag = models.CharField(max_length=255, blank=True)
    asked_at = models.DateTimeField(null=True)
    next_at = models.DateTimeField(null=True)  # not to be asked before
    tries = models.PositiveSmallIntegerField(default=0)  # that found nothing, in a row
    problem = models.TextField(blank=True)  # what stands in the way
    read_from = models.DateTimeField(null=True)  # runs that were created since then are in our rows
    complete = models.BooleanField(default=False)  # so are all before that, as far as they are wanted

    class Meta:
        verbose_name_plural = "followed lists"
        constraints = [models.UniqueConstraint(fields=["repository", "query"], name="unique_followed")]
        indexes = [models.Index(fields=["pull_number"], name="followed_pull")]

    def __str__(self) -> str:
        return f"{self.repository} {self.query}".rstrip()


class Workflow(models.Model):
    """A workflow of a repository, and whether it may run."""

    class State(models.TextChoices):
        """What its service says of it."""

        ACTIVE = "active"
        DELETED = "deleted"
        DISABLED_FORK = "disabled_fork", "switched off, as in every fork"
        DISABLED_INACTIVITY = "disabled_inactivity", "switched off for want of activity"
        DISABLED_MANUALLY = "disabled_manually", "switched off by hand"

    repository = models.CharField(max_length=140)
    external_id = models.BigIntegerField()  # stays where a repository is renamed
    name = models.CharField(max_length=255)
    path = models.CharField(max_length=255, blank=True)
    state = models.CharField(max_length=20, choices=State, default=State.ACTIVE)
    changed_at = models.DateTimeField()  # when we last saw it change

    class Meta:
        ordering = ["repository", "name"]
        constraints = [models.UniqueConstraint(fields=["repository", "external_id"], name="one_row_for_each_workflow")]

    def __str__(self) -> str:
        return f"{self.name} of {self.repository}"
