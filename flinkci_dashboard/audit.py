"""The record of what people do."""

from typing import Any

from django.contrib.auth.models import User
from django.http import HttpRequest

from flinkci_dashboard.models import AuditEvent


def record(request: HttpRequest, act: str, subject: object, before: Any = None, after: Any = None) -> AuditEvent:
    """Note that the signed-in person did `act` to `subject`. Values are JSON, without secrets."""
    return AuditEvent.objects.create(
        actor=request.user if isinstance(request.user, User) else None,
        actor_name=request.user.get_username(),
        address=request.META.get("REMOTE_ADDR") or None,
        act=act,
        subject=str(subject)[:255],
        before=before,
        after=after,
    )
