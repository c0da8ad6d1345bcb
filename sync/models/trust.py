"""Whose code may run on the build machines: the trust gate's settings, and what people have granted."""

from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone

from sync.models.pulls import PullRequest

BUILD_FILES = (
    *(".github/", "/azure-pipelines.yml", "/tools/azure-pipelines/", "/tools/ci/"),
    *("mvnw", "mvnw.cmd", ".mvn/", "pom.xml", "*.sh", "Dockerfile", ".gitmodules"),
    *("/flink-python/dev/", "setup.py", "pyproject.toml", "tox.ini", "package.json", "package-lock.json"),
)


class TrustGate(models.Model):
    """How the gate is set. There is one row; before it is made, the gate is off."""

    class Mode(models.TextChoices):
        """Whether the gate holds anything."""

        OFF = "off", "off: every head runs"
        OBSERVE = "observe", "observe: every head runs, and it is shown which would be held"
        ON = "on", "on: a stranger's head waits for a committer"

    mode = models.CharField(
        max_length=7,
        choices=Mode,
        default=Mode.OFF,
        help_text="A stranger is who is no member or collaborator, has nothing merged, and was not trusted by anybody. "
        "A head that has its branch already is not held any more.",
    )
    hold_files = models.BooleanField(
        default=False,
        verbose_name="hold changes to build files",
        help_text="Whoever wrote them, a member too: each such head waits for an approval of its own.",
    )
    files = models.TextField(
        default="\n".join(BUILD_FILES),
        verbose_name="build files",
        help_text="One on each line. A name without a slash counts in every folder, one that begins with a slash from "
        "the top; of a folder all that is in it counts, and * stands for anything within a name.",
    )

    class Meta:
        verbose_name = verbose_name_plural = "trust gate"

    def __str__(self) -> str:
        return f"trust gate: {self.mode}"

    @classmethod
    def current(cls) -> "TrustGate":
        """Return how the gate is set now."""
        return cls.objects.first() or cls()


class Approver(models.Model):
    """Somebody who may approve and trust, besides the members and collaborators that GitHub names."""

    login = models.CharField(max_length=100, unique=True, validators=[RegexValidator(r"^[\w.-]+(\[bot\])?\Z")])
    account_id = models.BigIntegerField(
        null=True,
        blank=True,
        unique=True,
        help_text="GitHub's number of the account, which stays when it is renamed. Left empty, it is noted when the "
        "account first approves something; from then on the login alone counts for nothing.",
    )
    note = models.CharField(max_length=255, blank=True)

    class Meta:
        ordering = ["login"]

    def __str__(self) -> str:
        return self.login


class TrustedAuthor(models.Model):
    """A stranger whose heads run from now on, since somebody vouched for them."""

    login = models.CharField(max_length=100)
    account_id = models.BigIntegerField(
        null=True, blank=True, unique=True, help_text="GitHub's number of the account: a login may change hands."
    )
    granted_by = models.CharField(max_length=150, editable=False)
    granted_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["login"]

    def __str__(self) -> str:
        return self.login


class ApprovedHead(models.Model):
    """A commit of a pull request that may run, since somebody looked at it."""

    pull = models.ForeignKey(PullRequest, on_delete=models.CASCADE, related_name="approved_heads")
    sha = models.CharField(max_length=40)
    granted_by = models.CharField(max_length=150)
    granted_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["pull", "sha"], name="unique_approved_head")]

    def __str__(self) -> str:
        return f"{self.pull} {self.sha[:10]}"
