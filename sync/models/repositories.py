"""The repositories that take part in Flink's CI."""

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models


class Repository(models.Model):
    """A GitHub repository that takes part in Flink's CI."""

    class Role(models.TextChoices):
        """What a repository is for."""

        SOURCE = "source", "source code"  # read only: the bot never pushes here
        MIRROR = "mirror", "branch mirror"  # master and release branches; its builds see the secrets
        PULL_REQUESTS = "pulls", "pull request branches"  # ci_<number>_<sha>; its builds see no secret
        BOT = "bot", "bot that this dashboard replaces"
        OTHER = "other", "another one whose GitHub Actions count"  # apache/flink-…: the foundation counts them together

    owner = models.CharField(max_length=39, validators=[RegexValidator(r"^[\w-]+\Z")])
    name = models.CharField(max_length=100, validators=[RegexValidator(r"^[\w.-]+\Z")])
    role = models.CharField(max_length=6, choices=Role)
    description = models.CharField(max_length=255, blank=True)
    followed = models.BooleanField(
        "is followed", default=True, help_text="Its runs of GitHub Actions are read, and count in the budget."
    )
    archived = models.BooleanField(default=False, editable=False)  # as GitHub says: nothing runs there any more

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
