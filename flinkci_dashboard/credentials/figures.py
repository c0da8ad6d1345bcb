"""Credentials as the pages show them."""

from dataclasses import dataclass
from datetime import datetime

from flinkci_dashboard.credentials.rules import days_left, warning_due
from flinkci_dashboard.models import Credential, StoredValue
from flinkci_dashboard.web.words import counted

SOON, URGENT = 30, 7  # days
LABELS = {"failed": "fails", "partial": "works, needs a look", "works": "works", "unknown": "not known"}
URGENCY = ("bad", "warn", "good", "none")  # what a line's level may be, the most pressing first


@dataclass(frozen=True)
class CredentialLine:
    """A credential as the pages show it."""

    credential: Credential
    days: int | None  # until it ends; negative when it has ended
    level: str  # one of URGENCY; "none": nothing is known
    values: list[StoredValue]

    @property
    def left(self) -> str:
        """Say in words how long it still works; "" when no end is known."""
        if self.days is None:
            return ""
        return "ended" if self.days < 0 else f"{counted(self.days, 'day')} left"

    @property
    def urgency(self) -> str:
        """Return the state of the countdown's badge; "" while there is time, or no end is known."""
        if self.days is None or self.days > SOON:
            return ""
        return "failed" if self.days < URGENT else "partial"

    @property
    def state(self) -> str:
        """Return the state of its badge: as bad as the findings call it. One that lacks a scope works all the same."""
        if self.credential.works:
            return "partial" if self.needs_a_look else "works"
        if self.credential.problem:
            return "failed" if self.credential.works is False else "unknown"
        return "none"

    @property
    def label(self) -> str:
        """Return the badge's words."""
        if self.state == "none":
            return "not probed" if self.credential.serves else "listed only"
        return LABELS[self.state]

    @property
    def needs_a_look(self) -> bool:
        """Tell whether somebody has to look at what it may do, or for which organizations it was issued."""
        return bool(self.credential.works) and _has_a_flaw(self.credential)

    @property
    def pressing(self) -> bool:
        """Tell whether the overview names it: it fails, runs out within 30 days, or needs a look."""
        return self.level in ("bad", "warn")

    @property
    def kept(self) -> str:
        """Say where its value is, when none is stored here."""
        if self.credential.works and not self.values:
            return "from the environment"
        return "none" if self.credential.serves else "kept elsewhere"


def credential_lines(now: datetime) -> list[CredentialLine]:
    """Return every credential, the most pressing first."""
    rows = Credential.objects.select_related("holder", "backup_holder").prefetch_related("values")
    lines = [_line(credential, now) for credential in rows]
    return sorted(lines, key=lambda line: (URGENCY.index(line.level), line.days is None, line.days or 0))


def _line(credential: Credential, now: datetime) -> CredentialLine:
    ends = credential.expires_at
    threshold = warning_due(ends, now)
    values = sorted(credential.values.all(), key=lambda value: StoredValue.Role.values.index(value.role))
    if threshold == 0 or credential.problem and credential.works is False:
        level = "bad"
    elif threshold is not None or _has_a_flaw(credential):
        level = "warn"
    else:
        level = "good" if credential.works or ends else "none"
    return CredentialLine(credential, None if ends is None else days_left(ends, now), level, values)


def _has_a_flaw(credential: Credential) -> bool:
    return bool(credential.problem or credential.scope_problem or credential.maybe_global and credential.works)
