"""Repositories and what is mirrored between them."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone

from sync.pull_models import CIBranch, CommandComment, PullRequest, ReportComment, Watermark


class Repository(models.Model):
    """A GitHub repository that takes part in Flink's CI."""

    class Role(models.TextChoices):
        """What a repository is for."""

        SOURCE = "source", "source code"  # read only: the bot never pushes here
        MIRROR = "mirror", "branch mirror"  # master and release branches; its builds see the secrets
        PULL_REQUESTS = "pulls", "pull request branches"  # ci_<number>_<sha>; its builds see no secret
        BOT = "bot", "bot that this dashboard replaces"

    owner = models.CharField(max_length=39, validators=[RegexValidator(r"^[\w-]+\Z")])
    name = models.CharField(max_length=100, validators=[RegexValidator(r"^[\w.-]+\Z")])
    role = models.CharField(max_length=6, choices=Role)
    description = models.CharField(max_length=255, blank=True)

    class Meta:
        verbose_name_plural = "repositories"
        ordering = ["owner", "name"]
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="unique_repository")]

    def __str__(self) -> str:
        return f"{self.owner}/{self.name}"

    @property
    def git_url(self) -> str:
        """Return the address that git fetches from and pushes to; it holds no credentials."""
        return f"{settings.GITHUB_GIT_URL}/{self}.git"

    @property
    def web_url(self) -> str:
        """Return the address of the repository's page."""
        return f"{settings.GITHUB_GIT_URL}/{self}"


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
        """Where a branch stands. `sync.mirror` has each state's meaning and remedy."""

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


def valid_branch_name(name: str) -> bool:
    """Apply git-check-ref-format's rules, as far as a branch name that people type can break them."""
    forbidden = set(" ~^:?*[\\\x7f") | {chr(code) for code in range(32)}
    parts = name.split("/")
    return (
        not forbidden & set(name)
        and not any(bit in name for bit in ("..", "@{", "refs/heads/"))
        and not name.startswith("-")
        and not name.endswith(".")
        and name != "@"
        and all(part and not part.startswith(".") and not part.endswith(".lock") for part in parts)
    )


__all__ = [
    "CIBranch",
    "CommandComment",
    "Mirror",
    "MirrorBranch",
    "PullRequest",
    "ReportComment",
    "Repository",
    "Watermark",
    "valid_branch_name",
]
