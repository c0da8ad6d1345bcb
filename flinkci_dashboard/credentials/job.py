"""The daily probe: ask each service about its token, go on with rotations, warn before a key runs out."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from flinkci_dashboard.accounts.mail import warn
from flinkci_dashboard.clients.facts import TokenVerdict
from flinkci_dashboard.clients.probes import probe
from flinkci_dashboard.clients.secrets import UnreadableSecretError, environment_token, reveal
from flinkci_dashboard.credentials.rules import Step, days_left, missing_scopes, next_step, scope_problem, warning_due
from flinkci_dashboard.jobs.run import Pass
from flinkci_dashboard.models import Credential, StoredValue

JOB = "probe_credentials"
Role = StoredValue.Role


@dataclass(frozen=True)
class Probed:
    """What the service answered to each value that a credential has."""

    current: TokenVerdict | None
    candidate: TokenVerdict | None
    previous: TokenVerdict | None


def probe_credentials(current: Pass) -> None:
    """Probe every credential that signs our calls, and warn about every one that fails or runs out."""
    for credential in Credential.objects.select_related("holder", "backup_holder").order_by("pk"):
        if credential.serves:
            _probe(current, credential)
        _warn(current, credential)


def _probe(current: Pass, credential: Credential) -> None:
    values = {value.role: value for value in credential.values.all()}
    try:
        probed = _ask(credential, values)
    except UnreadableSecretError as error:
        current.fail(f"{credential}: {error}")
        _record(credential, TokenVerdict(works=False, problem=str(error)), current.now)
        return
    step = next_step(probed.current, probed.candidate, probed.previous, credential.scopes_wanted)
    verdict = _apply(step, probed, values)
    if step != Step.KEEP:
        current.count(step.value)
    if verdict is None:
        return
    if verdict.works is None:
        current.fail(f"{credential}: {verdict.problem}")
    else:
        _record(credential, verdict, current.now)
        current.achieved = True


def _ask(credential: Credential, values: dict[str, StoredValue]) -> Probed:
    """Probe the value in use, a new one, and an old one where it may be needed again."""

    def verdict(secret: str | None) -> TokenVerdict | None:
        return probe(credential.serves, secret, credential.scopes_wanted) if secret else None

    def stored(role: str) -> str | None:
        return reveal(values[role].sealed) if role in values else None

    return Probed(
        verdict(stored(Role.CURRENT) or environment_token(credential.serves)),
        verdict(stored(Role.CANDIDATE)),
        verdict(stored(Role.PREVIOUS)),
    )


@transaction.atomic
def _apply(step: Step, probed: Probed, values: dict[str, StoredValue]) -> TokenVerdict | None:
    """Move the values as decided; returns the verdict on the one that is in use afterwards.

    Each move asks for the very value that was probed: one that somebody entered meanwhile waits for the next pass.
    """
    if step == Step.REFUSE and probed.candidate:
        _same(values[Role.CANDIDATE]).update(problem=probed.candidate.problem or "it lacks a scope that is wanted")
    elif step == Step.DROP:
        _same(values[Role.PREVIOUS]).delete()
    elif step == Step.SWITCH and _same(values[Role.CANDIDATE]).exists():
        if Role.CURRENT in values:
            _replace(values.get(Role.PREVIOUS), values[Role.CURRENT], Role.PREVIOUS)
        _same(values[Role.CANDIDATE]).update(role=Role.CURRENT, problem="")
        return probed.candidate
    elif step == Step.RETURN and _same(values[Role.PREVIOUS]).exists():
        _same(values[Role.CURRENT]).delete()
        _same(values[Role.PREVIOUS]).update(role=Role.CURRENT)
        return probed.previous
    return probed.current


def _replace(old: StoredValue | None, new: StoredValue, role: str) -> None:
    if old:
        _same(old).delete()
    _same(new).update(role=role)


def _same(value: StoredValue):
    return StoredValue.objects.filter(pk=value.pk, role=value.role, sealed=value.sealed)


def _record(credential: Credential, verdict: TokenVerdict, now: datetime) -> None:
    """Write down what the probe of the value in use found; a changed problem begins anew."""
    lacking = missing_scopes(credential.scopes_wanted, verdict)
    problem = verdict.problem or (f"lacks {', '.join(sorted(lacking))}" if lacking else "")
    if problem != credential.problem:
        credential.problem, credential.problem_since = problem, now if problem else None
    credential.probed_at, credential.works = now, verdict.works
    credential.scope_problem = scope_problem(credential.scopes_wanted, verdict)
    if verdict.works:
        credential.seen_account, credential.seen_expires_at = verdict.account, verdict.expires_at
        credential.seen_scopes = " ".join(sorted(verdict.scopes or ()))
    credential.quota_left, credential.quota_limit = verdict.quota_left, verdict.quota_limit
    credential.save(
        update_fields=[
            *("probed_at", "works", "problem", "problem_since", "scope_problem", "seen_account", "seen_scopes"),
            *("seen_expires_at", "quota_left", "quota_limit"),
        ]
    )


def _warn(current: Pass, credential: Credential) -> None:
    """Mail holders and admins about what has changed; see `notices.warn` for "once"."""
    for key, subject in _conditions(credential, current.now):
        if warn(f"credential:{credential.pk}:{key}", JOB, subject, _letter(credential, subject), _holders(credential)):
            current.count("mails")


def _conditions(credential: Credential, now: datetime) -> list[tuple[str, str]]:
    found = []
    ends = credential.expires_at
    threshold = warning_due(ends, now)
    if ends and threshold is not None:
        left = days_left(ends, now)
        when = f"ends on {ends:%Y-%m-%d} ({left} days left)" if threshold else f"ended on {ends:%Y-%m-%d}"
        found.append((f"expires:{ends:%Y-%m-%d}:{threshold}", f"{credential} {when}"))
    if credential.problem and credential.problem_since:
        found.append((f"fails:{credential.problem_since.isoformat()}", f"{credential}: {credential.problem}"))
    return found


def _holders(credential: Credential) -> list:
    return [credential.holder, credential.backup_holder]


def _letter(credential: Credential, subject: str) -> str:
    lines = [
        f"{subject}.",
        "",
        f"Account: {credential.account or credential.seen_account or 'not entered'}",
        f"Used by: {', '.join(credential.use_labels) or '-'}",
        f"Holder: {credential.holder or 'nobody is entered'}",
        f"Renewed at: {credential.renew_url or 'no link is entered'}",
        f"Notes: {credential.rotation_notes or '-'}",
        "",
        "Enter the new value in the dashboard's admin, under Credentials: it is probed first, and the old one stays",
        "in use until the new one has been found to work.",
    ]
    return "\n".join(lines)
