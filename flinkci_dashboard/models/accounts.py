"""Who to ask, and who may sign in."""

import re
from zoneinfo import available_timezones

from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models

from flinkci_dashboard.models.fields import ChoiceListField


class Area(models.TextChoices):
    """What a page shows, and what a contact can help with."""

    MIRRORS = "mirrors", "branch mirrors"
    PULLS = "pulls", "pull requests and CI reports"
    LABELS = "labels", "labels"
    BUILDS = "builds", "Azure builds"
    AGENTS = "agents", "agents and their machines"
    CREDENTIALS = "credentials", "accounts, keys and variables"
    HOSTING = "hosting", "the machine that this runs on"


def check_time_zone(value: str) -> None:
    """Refuse what is no IANA time zone."""
    if value not in available_timezones():
        raise ValidationError(f"“{value}” is no time zone. Write one such as Europe/Berlin.")


class Contact(models.Model):
    """Somebody who can help."""

    name = models.CharField(max_length=100, unique=True)
    roles = models.CharField(
        max_length=255, blank=True, help_text="Such as “PMC chair” or “Ververica contact”; commas between them."
    )
    organization = models.CharField(max_length=100, blank=True)
    areas = ChoiceListField(of=Area, help_text="What this person can help with. Pages name whom to ask by area.")
    about = models.CharField(max_length=255, blank=True, help_text="One sentence on what this person does.")
    github = models.CharField(
        "GitHub login", max_length=39, blank=True, validators=[RegexValidator(r"^[A-Za-z0-9-]+\Z")]
    )
    email = models.EmailField("mail", blank=True)
    mailing_list = models.EmailField(blank=True, help_text="Where to write when the person can't be reached.")
    time_zone = models.CharField(max_length=64, blank=True, validators=[check_time_zone], help_text="Europe/Berlin")
    backup = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Who is told of an alert that nobody has acknowledged in time.",
    )
    active = models.BooleanField(default=True, help_text="An inactive contact is kept, and no page names it.")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def addresses(self) -> list[str]:
        """Return where to write."""
        return [address for address in (self.email, self.mailing_list) if address]

    @property
    def reachable(self) -> bool:
        """Tell whether there is any way to reach this person."""
        return bool(self.github or self.addresses)

    @property
    def area_labels(self) -> list[str]:
        """Return the areas in words."""
        return [area.label for area in Area if area in self.areas]


class AllowedSignIn(models.Model):
    """Who may sign in with GitHub, and what for. Nobody else can make an account."""

    class Kind(models.TextChoices):
        """Whether a row names one person or many."""

        LOGIN = "login", "GitHub login"
        TEAM = "team", "GitHub team"

    kind = models.CharField(max_length=5, choices=Kind, default=Kind.LOGIN)
    name = models.CharField(max_length=140, help_text="A login such as octocat, or a team as organization/team-slug.")
    # GitHub's number of the account, from its first sign-in on: a login can be given up and taken by somebody else.
    account_id = models.BigIntegerField("GitHub account", null=True, editable=False)
    role = models.ForeignKey(
        Group, on_delete=models.PROTECT, help_text="The group that a person gets at the first sign-in."
    )

    class Meta:
        verbose_name = "allowed sign-in"
        ordering = ["kind", "name"]
        constraints = [models.UniqueConstraint(fields=["kind", "name"], name="unique_allowed_sign_in")]

    def __str__(self) -> str:
        return f"{self.name} as {self.role}"

    def admits(self, login: str, account_id: int) -> bool:
        """Tell whether a row for one person is this account's: the first that comes with its login keeps it."""
        if self.account_id is None and self.name == login.lower():
            AllowedSignIn.objects.filter(pk=self.pk, account_id=None).update(account_id=account_id)
            self.refresh_from_db(fields=["account_id"])
        return self.account_id == account_id

    def clean(self) -> None:
        """Refuse names that GitHub would not know; names are compared without regard to case."""
        shape = r"[\w-]+/[\w-]+" if self.kind == self.Kind.TEAM else r"[\w-]+"
        if not re.fullmatch(shape, self.name, re.ASCII):
            raise ValidationError({"name": "Write a team as organization/team-slug, and a person as the bare login."})
        self.name = self.name.lower()
