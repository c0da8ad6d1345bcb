"""Repositories and what is mirrored between them."""

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from sync.models.repositories import Repository, valid_branch_name


class Mirror(models.Model):
    """Which branches of a source repository a target repository follows, and how the two were last seen."""

    source = models.ForeignKey(Repository, on_delete=models.PROTECT, related_name="mirrors")
    target = models.OneToOneField(Repository, on_delete=models.PROTECT, related_name="mirror_of")
    enabled = models.BooleanField(default=True)
    always = models.TextField(default="master", help_text="Branches that are always mirrored, one on each line.")
    published_versions = models.PositiveSmallIntegerField(
        default=2,
        help_text="How many of the most recently published versions keep their release-X.Y branch in step. "
        "A version is published when a tag release-X.Y.Z (without -rc) exists. "
        "Newer release branches not yet published always follow.",
    )
    pinned = models.TextField(blank=True, help_text="Further branches, such as an LTS release-1.20; one on each line.")
    excluded = models.TextField(
        blank=True, help_text="Branches never to mirror, whatever the rules say; one on each line."
    )
    # How the two sides answered in the last pass: empty when they did, else what was wrong and since when.
    source_problem = models.TextField(blank=True, editable=False)
    source_problem_since = models.DateTimeField(null=True, editable=False)
    target_problem = models.TextField(blank=True, editable=False)
    target_problem_since = models.DateTimeField(null=True, editable=False)

    def __str__(self) -> str:
        return f"{self.source} → {self.target}"

    def clean(self) -> None:
        """Refuse names that git would refuse, and a mirror into a repository that is not meant to be one."""
        for name in (*self.always.split(), *self.pinned.split(), *self.excluded.split()):
            if not valid_branch_name(name):
                raise ValidationError(
                    f"“{name}” is not a branch name: write one name on each line, without refs/heads/."
                )
        if self.target_id and self.target.role != Repository.Role.MIRROR:
            raise ValidationError(
                {"target": "Only a repository with the role “branch mirror” can be a mirror's target."}
            )


class MirrorBranch(models.Model):
    """One branch of a mirror: where both sides stand, and what follows from it."""

    class State(models.TextChoices):
        """Where a branch stands. `sync.mirrors.plan` has each state's meaning and remedy."""

        IN_SYNC = "in_sync", "in sync"
        BEHIND = "behind", "behind"
        NEW = "new", "new on source"
        DIVERGED = "diverged", "diverged"
        GONE = "gone", "gone from source"
        REJECTED = "rejected", "rejected"
        UNREACHABLE = "unreachable", "unreachable"
        NOT_AUTHORIZED = "not_authorized", "not authorized"
        NOT_SELECTED = "not_selected", "not mirrored"

    mirror = models.ForeignKey(Mirror, on_delete=models.CASCADE, related_name="branches")
    name = models.CharField(max_length=255)
    selected = models.BooleanField(default=True)
    reason = models.CharField(max_length=255, blank=True, help_text="Why the policy selects it, or does not.")
    state = models.CharField(max_length=14, choices=State)
    detail = models.TextField(blank=True, help_text="The server's own words, or what the state is about.")
    state_since = models.DateTimeField(default=timezone.now)
    tried_at = models.DateTimeField(null=True)  # the last push attempt, for the back-off after a rejection
    source_sha = models.CharField(max_length=40, blank=True)
    target_sha = models.CharField(max_length=40, blank=True)
    commits_behind = models.PositiveIntegerField(null=True)
    source_seen_at = models.DateTimeField(null=True)  # when this source head was first seen
    mirrored_at = models.DateTimeField(null=True)  # when the mirror was first seen to have it
    author = models.CharField(max_length=255, blank=True)
    subject = models.CharField(max_length=500, blank=True)
    committed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "mirror branches"
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["mirror", "name"], name="unique_mirror_branch")]

    def __str__(self) -> str:
        return f"{self.mirror.target}: {self.name}"
