"""Warnings to people: recorded before they are sent, and sent once."""

import logging
from smtplib import SMTPException

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import send_mail
from django.utils import timezone

from flinkci_dashboard.accounts.roles import may_administer
from flinkci_dashboard.jobs.ledger import Intent, Ledger
from flinkci_dashboard.models import Contact

log = logging.getLogger(__name__)
MAIL = "mail"  # the kind of act


def warn(key: str, job: str, subject: str, text: str, contacts: list[Contact | None]) -> bool:
    """Mail contacts and admins about a change, once for each key; False when it was not sent now.

    A mail that could not be sent is tried again at the next pass with the same key. One whose pass was killed is sent
    again, too: twice is better than never.
    """
    ledger = Ledger(job, timezone.now())
    for lost in ledger.unsettled(MAIL):
        ledger.settle_lost(lost, False, "it may have been sent.")
    action = ledger.begin(Intent(f"mail:{key}", MAIL, subject, text, patient=False, once=True))
    if action is None:
        return False
    to = recipients(contacts)
    if not to:
        ledger.failed(action, answer="Neither a holder nor an admin has a mail address.")
        return False
    try:
        send_mail(f"[Flink CI] {subject}", text, None, to)
    except (SMTPException, OSError) as error:
        log.error("Mail was not sent: %s", error)
        ledger.failed(action, answer=f"{type(error).__name__}: {error}")
        return False
    ledger.done(action, answer=f"sent to {len(to)}")
    return True


def sends_mail() -> bool:
    """Tell whether mail reaches anybody: without EMAIL_URL it is only printed."""
    return not settings.EMAIL_BACKEND.endswith("console.EmailBackend")


def recipients(contacts: list[Contact | None]) -> list[str]:
    """Return the addresses of the active contacts and of everybody who can use the admin, each once."""
    found = [contact.email for contact in contacts if contact and contact.active and contact.email]
    admins = [user for user in User.objects.filter(is_active=True).exclude(email="") if may_administer(user)]
    return sorted({*found, *(user.email for user in admins)})
