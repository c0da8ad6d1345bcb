"""What follows from the state of a credential: whom to warn when, and which value to use. Decisions only. PURE"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from flinkci_dashboard.clients.facts import TokenVerdict

WARN_BEFORE = (30, 14, 7, 1)  # days before the end; then once more when it has ended

# A classic scope that holds others (GitHub docs, "Scopes for OAuth apps").
IMPLIED = {
    "repo": {"repo:status", "repo_deployment", "public_repo", "repo:invite", "security_events"},
    "admin:org": {"write:org", "read:org", "manage_runners:org"},
    "write:org": {"read:org"},
    "user": {"read:user", "user:email", "user:follow"},
}


def days_left(expires_at: datetime, now: datetime) -> int:
    """Return the whole days until the end; negative when it has passed."""
    return (expires_at - now).days


def warning_due(expires_at: datetime | None, now: datetime) -> int | None:
    """Return the threshold (in days; 0 for "ended") that has been reached last, or None when there is time."""
    if expires_at is None:
        return None
    if expires_at <= now:
        return 0
    remaining = (expires_at - now).total_seconds() / 86400
    return min((days for days in WARN_BEFORE if remaining <= days), default=None)


def scope_problem(wanted: str, verdict: TokenVerdict) -> str:
    """Say which scopes are missing and which are more than wanted; "" when all fits, or nothing is known."""
    parts = []
    if missing := missing_scopes(wanted, verdict):
        parts.append(f"lacks {', '.join(sorted(missing))}")
    if extra := _extra_scopes(wanted, verdict):
        parts.append(f"has {', '.join(sorted(extra))} beyond need")
    return "; ".join(parts)


def missing_scopes(wanted: str, verdict: TokenVerdict) -> set[str]:
    """Return the wanted scopes (commas or spaces between them) that a token is known not to have."""
    if verdict.scopes is None:
        return set(verdict.missing)
    return _split(wanted) - _with_implied(verdict.scopes)


def _extra_scopes(wanted: str, verdict: TokenVerdict) -> set[str]:
    needs = _split(wanted)
    return set(verdict.scopes or ()) - _with_implied(needs) if needs else set()


def _with_implied(scopes: Iterable[str]) -> set[str]:
    return set(scopes).union(*(IMPLIED.get(scope, set()) for scope in scopes))


def _split(scopes: str) -> set[str]:
    return set(scopes.replace(",", " ").split())


class Step(StrEnum):
    """What to do with the values of a credential."""

    KEEP = "keep"
    SWITCH = "switch"  # the candidate becomes the value in use; the old one is kept
    REFUSE = "refuse"  # the candidate does not work: say so, and go on with the value in use
    DROP = "drop"  # the value in use has passed once more: the old one can go
    RETURN = "return"  # the new value has stopped working and the old one works: use that again


def next_step(
    current: TokenVerdict | None, candidate: TokenVerdict | None, previous: TokenVerdict | None, wanted: str = ""
) -> Step:
    """Decide a rotation's next step from how the service answered to each value; None where there is no such value.

    A candidate must work and have every scope that is wanted; a service that does not answer decides nothing.
    """
    if candidate is not None:
        if candidate.works is None:
            return Step.KEEP
        fits = candidate.works and not missing_scopes(wanted, candidate)
        return Step.SWITCH if fits else Step.REFUSE
    if previous is not None and current is not None:
        if current.works:
            return Step.DROP
        if current.works is False and previous.works:
            return Step.RETURN
    return Step.KEEP
