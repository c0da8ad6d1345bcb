"""What is wrong with credentials. Everybody who is signed in reads this: no name of a key, and no holder."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse

from flinkci_dashboard.alerts.findings import Finding, Limits, Rule, Severity
from flinkci_dashboard.credentials.figures import URGENT
from flinkci_dashboard.credentials.rules import WARN_BEFORE
from flinkci_dashboard.models import Area, Credential

RULES = (
    Rule("token_refused", "A credential does not work", acknowledge=60),
    Rule("token_ends", "A credential ends soon", max(WARN_BEFORE), "days", acknowledge=7 * 24 * 60),
    Rule("token_scope", "A credential lacks a scope"),
    Rule("token_quota", "A service's quota is almost used up", 10, "percent"),
)
FED_BY = ("worker", "job:probe_credentials")


def findings(now: datetime, limits: Limits) -> list[Finding]:
    """Judge every credential by what its last probe found."""
    rows = list(Credential.objects.all())
    subjects = _subjects(rows)
    found = []
    for row in rows:
        subject = subjects[row.pk]
        found += [refused(row, subject), ends(row, subject, now, limits.length("token_ends"))]
        found += [scope(row, subject), quota(row, subject, limits["token_quota"])]
    return [each for each in found if each]


def refused(credential: Credential, subject: str) -> Finding | None:
    """Judge whether the service took it. What it serves can't be known while it does not."""
    if credential.works is not False or not credential.problem:
        return None
    text = f"{subject} has not worked for {{time}}: {credential.problem}"
    since, ends_when = credential.problem_since, "a probe finds that it works"
    return _finding("token_refused", credential, subject, Severity.BAD, text, since, ends_when, _serves(credential))


def ends(credential: Credential, subject: str, now: datetime, before: timedelta) -> Finding | None:
    """Judge its end: worth a look some time before, failing in the last week and after."""
    end = credential.expires_at
    if end is None or end - now > before:
        return None
    severity = Severity.BAD if end - now < timedelta(days=URGENT) else Severity.WARN
    left = f"{subject} ends on {end:%Y-%m-%d}, which has been near for {{time}}"
    text = f"{subject} ended on {end:%Y-%m-%d}, {{time}} ago" if end <= now else left
    since = end if end <= now else end - before
    return _finding("token_ends", credential, subject, severity, text, since, "its value is renewed")


def scope(credential: Credential, subject: str) -> Finding | None:
    """Judge what it may do against what it must."""
    if not credential.works or not credential.scope_problem:
        return None
    text = f"{subject} {credential.scope_problem} (first seen {{time}} ago)"
    ends_when = "its scopes are those that are wanted"
    return _finding("token_scope", credential, subject, Severity.WARN, text, credential.problem_since, ends_when)


def quota(credential: Credential, subject: str, percent: float) -> Finding | None:
    """Judge what is left of the service's limit for it."""
    left, limit = credential.quota_left, credential.quota_limit
    if not limit or left is None or 100 * left >= percent * limit:
        return None
    text = f"{subject} had {left:,} of {limit:,} requests left when it was last probed, first so few {{time}} ago"
    ends_when = f"{percent:g} % of the requests are left"
    return _finding("token_quota", credential, subject, Severity.WARN, text, None, ends_when)


def _finding(
    rule: str,
    credential: Credential,
    subject: str,
    severity: Severity,
    text: str,
    since: datetime | None,
    ends_when: str,
    cause_of: tuple[str, ...] = (),
) -> Finding:
    tags = (f"service:{credential.serves}",) if credential.serves else ()
    facts: dict[str, Any] = {"url": reverse("credentials"), "area": Area.CREDENTIALS, "holder": credential.holder_id}
    return Finding(
        rule, subject, severity, text, since, ends_when=ends_when, cause_of=cause_of, under=FED_BY, tags=tags, **facts
    )


def _serves(credential: Credential) -> tuple[str, ...]:
    """Return what can't be known without it."""
    return (f"token:{credential.serves}",) if credential.serves else ()


def _subjects(rows: list[Credential]) -> dict[int, str]:
    """Return what each is called here: its kind, and its number where there are several of a kind."""
    kinds = {row.pk: row.get_kind_display() for row in rows}
    several = {kind for kind, number in Counter(kinds.values()).items() if number > 1}
    return {pk: f"{kind} {pk}" if kind in several else kind for pk, kind in kinds.items()}
