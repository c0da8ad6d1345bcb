"""Keys: which there are, who holds them, when they run out; and their encrypted values."""

from datetime import UTC, datetime, time

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from flinkci_dashboard.models.accounts import Contact
from flinkci_dashboard.models.fields import ChoiceListField, SealedField

# Azure DevOps retires tokens issued for all organizations of an account (announced 2025-12).
GLOBAL_PATS_END = datetime(2026, 12, 1, tzinfo=UTC)


class Credential(models.Model):
    """A key, a token or a secret variable, whether or not its value is stored here."""

    class Kind(models.TextChoices):
        """What a credential is."""

        GITHUB_CLASSIC = "github_classic", "GitHub classic token"
        GITHUB_FINE = "github_fine", "GitHub fine-grained token"
        GITHUB_APP = "github_app", "GitHub App"
        AZURE_PAT = "azure_pat", "Azure DevOps personal access token"
        AZURE_ENTRA = "azure_entra", "Microsoft Entra client"
        JIRA = "jira", "Jira token"
        AZURE_VARIABLE = "azure_variable", "variable in an Azure variable group"
        OTHER = "other", "other"

    class Service(models.TextChoices):
        """Which of the dashboard's own calls a credential signs."""

        GITHUB = "github", "GitHub"
        AZURE = "azure", "Azure DevOps"
        JIRA = "jira", "Jira"

    class Use(models.TextChoices):
        """Where a credential is used."""

        MIRROR = "mirror", "branch mirror"
        CI_BOT = "ci-bot", "pull requests and CI reports"
        LABELER = "labeler", "labeler"
        BUILDS = "builds", "builds and agents"
        PIPELINE = "pipeline", "pipeline variable"

    HOUSE_RULE = (
        "No key is added without prior notice to the PMC, and none is passed on: they are for the most part "
        "credentials to sponsored resources."
    )
    SERVICE_OF = {
        Kind.GITHUB_CLASSIC: Service.GITHUB,
        Kind.GITHUB_FINE: Service.GITHUB,
        Kind.AZURE_PAT: Service.AZURE,
        Kind.JIRA: Service.JIRA,
    }

    name = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=14, choices=Kind)
    account = models.CharField(max_length=100, blank=True, help_text="Whose it is: flinkbot.")
    uses = ChoiceListField(of=Use, verbose_name="used by")
    variable = models.CharField(
        max_length=255, blank=True, help_text="For a pipeline variable: its name, such as IT_CASE_S3_ACCESS_KEY."
    )
    serves = models.CharField(
        "signs the dashboard's calls to",
        max_length=6,
        choices=Service,
        blank=True,
        help_text="Leave empty for a key that is only listed here. Without a stored value, the token from the "
        "environment is used.",
    )
    scopes_wanted = models.CharField(
        max_length=255,
        blank=True,
        help_text="What it must be allowed, and nothing beyond: repo; workflow as well where pull requests change "
        "workflow files. Spaces between them.",
    )
    all_organizations = models.BooleanField(
        null=True,
        help_text="Azure: was it issued for all accessible organizations? Such a token ends on 2026-12-01, whatever "
        "its own date says.",
    )
    holder = models.ForeignKey(Contact, null=True, blank=True, on_delete=models.PROTECT, related_name="holds")
    backup_holder = models.ForeignKey(
        Contact, null=True, blank=True, on_delete=models.PROTECT, related_name="holds_as_backup"
    )
    issued_on = models.DateField(null=True, blank=True)
    expires_on = models.DateField(
        null=True, blank=True, help_text="Used where the service itself does not tell. Empty: it never expires."
    )
    renew_url = models.URLField("renewed at", blank=True, help_text="The page where it is renewed.")
    rotation_notes = models.TextField(blank=True)
    notice = models.TextField(
        "notice to the PMC",
        help_text="House rule: no additional key without prior notice to the PMC, and none is passed on. "
        "Link the notice, or quote it.",
    )
    notice_told = models.CharField("who was told", max_length=255)
    # What the last probe of the value in use found.
    probed_at = models.DateTimeField(null=True, editable=False)
    works = models.BooleanField(null=True, editable=False)
    problem = models.TextField(blank=True, editable=False)
    problem_since = models.DateTimeField(null=True, editable=False)
    seen_account = models.CharField(max_length=255, blank=True, editable=False)
    seen_scopes = models.CharField(max_length=500, blank=True, editable=False)
    scope_problem = models.CharField(max_length=500, blank=True, editable=False)
    seen_expires_at = models.DateTimeField(null=True, editable=False)
    quota_left = models.PositiveIntegerField(null=True, editable=False)
    quota_limit = models.PositiveIntegerField(null=True, editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["serves"], condition=~models.Q(serves=""), name="one_credential_per_service"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def expires_at(self) -> datetime | None:
        """Return when it ends: as the service told, else as entered, and no later than global Azure tokens do."""
        entered = datetime.combine(self.expires_on, time(), UTC) if self.expires_on else None
        ends = [
            at for at in (self.seen_expires_at or entered, GLOBAL_PATS_END if self.ends_with_globals else None) if at
        ]
        return min(ends, default=None)

    @property
    def held_by(self) -> str:
        """Return who holds it: the PMC, as the wiki page says, where no person is entered."""
        return str(self.holder or "the PMC")

    @property
    def use_labels(self) -> list[str]:
        """Return in words where it is used."""
        return [use.label for use in self.Use if use in self.uses]

    @property
    def ends_with_globals(self) -> bool:
        """Tell an Azure token that is known to be a global one."""
        return self.kind == self.Kind.AZURE_PAT and bool(self.all_organizations)

    @property
    def maybe_global(self) -> bool:
        """Tell an Azure token of which nobody has said whether it is a global one."""
        return self.kind == self.Kind.AZURE_PAT and self.all_organizations is None

    def clean(self) -> None:
        """Refuse a service that this kind of credential can't sign calls to."""
        if self.serves and self.SERVICE_OF.get(self.Kind(self.kind)) != self.serves:
            raise ValidationError({"serves": "This kind of credential can't sign calls to that service."})


class StoredValue(models.Model):
    """One encrypted value of a credential. A new one waits as the candidate until a probe has found that it works."""

    class Role(models.TextChoices):
        """What a value is at the moment."""

        CURRENT = "current", "in use"
        CANDIDATE = "candidate", "new, to be probed"
        PREVIOUS = "previous", "replaced, kept until the next good pass"

    credential = models.ForeignKey(Credential, on_delete=models.CASCADE, related_name="values")
    role = models.CharField(max_length=9, choices=Role)
    sealed = SealedField()
    fingerprint = models.CharField(max_length=12, editable=False)
    stored_at = models.DateTimeField(default=timezone.now)
    problem = models.TextField(blank=True, help_text="Why the new value is not in use.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["credential", "role"], name="unique_stored_value")]

    def __str__(self) -> str:
        return f"{self.credential}: {self.get_role_display()} ({self.fingerprint})"


class Exposure(models.Model):
    """One question of the exposure check, and how it was last answered."""

    class State(models.TextChoices):
        """What a check found."""

        SAFE = "safe", "safe"
        EXPOSED = "exposed", "exposed"
        ALLOWED = "allowed", "allowed by the settings"  # it does not hold, and an admin can make it hold
        UNKNOWN = "unknown", "could not be checked"

    TITLES = {
        "pull-request-secrets": "Pull request builds see no secret",
        "mirror-entrances": "Pull request code does not reach the mirror",
        "push-rights": "The bot's token can't push to the source repository",
        "trust-gate": "Strangers' code runs only when a committer has let it",
    }

    check_name = models.SlugField(unique=True)
    state = models.CharField(max_length=7, choices=State)
    names = models.JSONField(default=list)  # what is exposed, by name: variables, groups, branches
    seen = models.JSONField(default=list)  # what was looked at and is harmless
    detail = models.TextField(blank=True)
    checked_at = models.DateTimeField()
    state_since = models.DateTimeField()

    class Meta:
        ordering = ["check_name"]

    def __str__(self) -> str:
        return f"{self.check_name}: {self.state}"

    @property
    def title(self) -> str:
        """Return what must hold, as a sentence."""
        return self.TITLES.get(self.check_name, self.check_name)
