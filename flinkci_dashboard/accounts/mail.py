"""Warnings to people: recorded before they are sent, and sent once."""

import logging
from smtplib import SMTPException

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import send_mail
from django.db.models import F
from django.utils import timezone

from flinkci_dashboard.accounts.roles import may_administer
from flinkci_dashboard.models import Action, Contact

log = logging.getLogger(__name__)


def warn(key: str, job: str, subject: str, text: str, contacts: list[Contact | None]) -> bool:
    """Mail contacts and admins about a change, once for each key; False when it was not sent now.

    A mail that could not be sent is tried again at the next pass with the same key.
    """
    action, created = Action.objects.get_or_create(
        key=f"mail:{key}", defaults={"job": job, "kind": "mail", "subject": subject[:255], "reason": text}
    )
    if action.state == Action.State.DONE:
        return False
    if not created:
        Action.objects.filter(pk=action.pk).update(attempts=F("attempts") + 1)
    to = recipients(contacts)
    if not to:
        return _settle(action, Action.State.FAILED, "Neither a holder nor an admin has a mail address.")
    try:
        send_mail(f"[Flink CI] {subject}", text, None, to)
    except (SMTPException, OSError) as error:
        log.error("Mail was not sent: %s", error)
        return _settle(action, Action.State.FAILED, f"{type(error).__name__}: {error}")
    return _settle(action, Action.State.DONE, f"sent to {len(to)}")


def sends_mail() -> bool:
    """Tell whether mail reaches anybody: without EMAIL_URL it is only printed."""
    return not settings.EMAIL_BACKEND.endswith("console.EmailBackend")


def recipients(contacts: list[Contact | None]) -> list[str]:
    """Return the addresses of the active contacts and of everybody who can use the admin, each once."""
    found = [contact.email for contact in contacts if contact and contact.active and contact.email]
    admins = [user for user in User.objects.filter(is_active=True).exclude(email="") if may_administer(user)]
    return sorted({*found, *(user.email for user in admins)})


def _settle(action: Action, state: Action.State, answer: str) -> bool:
    action.state, action.answer, action.settled_at = state, answer, timezone.now()
    action.save(update_fields=["state", "answer", "settled_at"])
    return state == Action.State.DONE
