"""The record of what people do."""

from typing import Any

from allauth.account.adapter import get_adapter
from django.contrib.auth.models import User
from django.http import HttpRequest

from flinkci_dashboard.models import AuditEvent
from flinkci_dashboard.web.request_ids import request_id


def record(
    request: HttpRequest, act: str, subject: object, before: Any = None, after: Any = None, actor: User | None = None
) -> AuditEvent:
    """Note that the signed-in person (or `actor`) did `act` to `subject`. Values are JSON, without secrets."""
    user = actor or request.user
    return AuditEvent.objects.create(
        actor=user if isinstance(user, User) else None,
        actor_name=user.get_username() or "nobody signed in",
        address=get_adapter().get_client_ip(request),
        request_id=request_id.get(),
        act=act,
        subject=str(subject)[:255],
        before=before,
        after=after,
    )
