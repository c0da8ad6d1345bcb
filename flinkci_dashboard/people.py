"""Roles, contacts and credentials that an installation starts from; and questions about people."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import Group, Permission
from django.db.models import Q

from flinkci_dashboard.credential_rules import days_left, warning_due
from flinkci_dashboard.models import Area, Contact, Credential, StoredValue

APPS = ("flinkci_dashboard", "sync", "labeler", "agents")
OPERATE = "flinkci_dashboard.operate"
ADMINISTER = "flinkci_dashboard.administer"
WIKI = "Continuous Integration page of the Flink wiki"

# The people of the wiki page, in its order: name, roles, organization, areas, what they do.
CONTACTS = (
    ("Robert Metzger", "PMC chair", "", (Area.CREDENTIALS,), ""),
    (
        "Chesnay Schepler",
        "PMC, CI maintainer",
        "",
        (Area.MIRRORS, Area.PULLS, Area.LABELS, Area.BUILDS, Area.CREDENTIALS),
        "One of the main maintainers of the CI infrastructure.",
    ),
    (
        "Matthias Pohl",
        "PMC, CI maintainer",
        "",
        (Area.MIRRORS, Area.PULLS, Area.LABELS, Area.BUILDS, Area.CREDENTIALS),
        "One of the maintainers of the CI infrastructure.",
    ),
    (
        "Jing Ge",
        "Ververica contact",
        "Ververica",
        (Area.BUILDS, Area.HOSTING),
        "Contact for what Ververica gives: the Azure account and the machine that the bots run on.",
    ),
    (
        "Yang Wang",
        "PMC, Alibaba contact",
        "Alibaba",
        (Area.AGENTS,),
        "Has access to the dedicated agents.",
    ),
)
PMC_HOLDS = "The wiki page says: the credentials are held by the PMC. Name the holder when you know who it is."
Kind, Use = Credential.Kind, Credential.Use
CREDENTIALS = (
    {
        "name": "flinkbot on GitHub",
        "kind": Kind.GITHUB_CLASSIC,
        "account": "flinkbot",
        "uses": [Use.MIRROR, Use.CI_BOT, Use.LABELER],
        "serves": "github",
        "scopes_wanted": "repo",
        "renew_url": "https://github.com/settings/tokens",
        "rotation_notes": PMC_HOLDS,
    },
    {
        "name": "Azure DevOps",
        "kind": Kind.AZURE_PAT,
        "uses": [Use.CI_BOT, Use.BUILDS],
        "serves": "azure",
        "scopes_wanted": "vso.build vso.agentpools vso.variablegroups_read",
        "renew_url": "https://dev.azure.com/apache-flink/_usersSettings/tokens",
        "rotation_notes": "Starts, cancels and reads builds. Issue it for the one organization, not for all.",
    },
    {
        "name": "Jira",
        "kind": Kind.JIRA,
        "uses": [Use.LABELER],
        "serves": "jira",
        "rotation_notes": "Tickets are public: without a token they are read as anybody.",
    },
)


def create_roles() -> None:
    """Create the groups that are missing, with their permissions; leave alone those that exist."""
    views = Q(content_type__app_label__in=APPS, codename__startswith="view_")
    operates = Q(content_type__app_label="flinkci_dashboard", codename="operate")
    changes = Q(content_type__app_label__in=APPS) & ~Q(content_type__model="auditevent")
    accounts = Q(content_type__app_label="auth", content_type__model__in=["user", "group"])
    for name, granted in (
        ("member", views),
        ("operator", views | operates),
        ("admin", views | changes | accounts),
    ):
        group, created = Group.objects.get_or_create(name=name)
        if created:
            group.permissions.set(Permission.objects.filter(granted))


def create_contacts() -> None:
    """Fill in the contacts of the wiki page, unless there is any contact already."""
    if not Contact.objects.exists():
        for name, roles, organization, areas, about in CONTACTS:
            Contact.objects.create(name=name, roles=roles, organization=organization, areas=list(areas), about=about)


def create_credentials() -> None:
    """List the credentials that the dashboard's own calls need, unless any is listed already."""
    if not Credential.objects.exists():
        for facts in CREDENTIALS:
            Credential.objects.create(**facts, notice=WIKI, notice_told="PMC")


def whom_to_ask(area: str) -> list[Contact]:
    """Return the active contacts who can help with an area."""
    return [contact for contact in Contact.objects.filter(active=True) if area in contact.areas]


URGENT = 7  # days
URGENCY = ("bad", "warn", "good", "none")  # what a line's level may be, the most pressing first


@dataclass(frozen=True)
class CredentialLine:
    """A credential as the pages show it."""

    credential: Credential
    days: int | None  # until it ends; negative when it has ended
    level: str  # one of URGENCY; "none": nothing is known
    values: list[StoredValue]
    from_environment: bool  # in use, and not stored here

    @property
    def left(self) -> str:
        """Say in words how long it still works; "" when no end is known."""
        if self.days is None:
            return ""
        return "ended" if self.days < 0 else f"{self.days} day{'' if self.days == 1 else 's'} left"

    @property
    def urgency(self) -> str:
        """Return the badge of the countdown."""
        return "failed" if self.days is not None and self.days < URGENT else "partial"


def credential_lines(now: datetime) -> list[CredentialLine]:
    """Return every credential, the most pressing first."""
    rows = Credential.objects.select_related("holder", "backup_holder").prefetch_related("values")
    lines = [_line(credential, now) for credential in rows]
    return sorted(lines, key=lambda line: (URGENCY.index(line.level), line.days is None, line.days or 0))


def pressing_credentials(now: datetime) -> list[CredentialLine]:
    """Return the credentials that fail, run out within 30 days, or need a look: what the overview says."""
    return [line for line in credential_lines(now) if line.level in ("bad", "warn")]


def _line(credential: Credential, now: datetime) -> CredentialLine:
    ends = credential.expires_at
    threshold = warning_due(ends, now)
    values = sorted(credential.values.all(), key=lambda value: StoredValue.Role.values.index(value.role))
    if threshold == 0 or credential.problem:
        level = "bad"
    elif threshold is not None or credential.scope_problem or credential.maybe_global and credential.works:
        level = "warn"
    else:
        level = "good" if credential.works or ends else "none"
    return CredentialLine(
        credential, None if ends is None else days_left(ends, now), level, values, bool(credential.works) and not values
    )
