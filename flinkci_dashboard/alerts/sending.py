"""Messages on their way: each is tried until its place takes it, for a day; the ledger has every try.

A message whose pass was killed between sending and recording is sent once more: twice is better than never.
"""

import logging
from datetime import datetime, timedelta
from smtplib import SMTPException

from django.core.mail import send_mail
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from flinkci_dashboard.alerts.channels import MAIL
from flinkci_dashboard.alerts.summary import JOB
from flinkci_dashboard.clients import notify
from flinkci_dashboard.clients.errors import ServiceError
from flinkci_dashboard.clients.secrets import UnreadableSecretError, mask, reveal
from flinkci_dashboard.jobs.ledger import Intent, Ledger
from flinkci_dashboard.jobs.run import Pass
from flinkci_dashboard.models import Action, Channel, Notice

log = logging.getLogger(__name__)
SEND = "send"  # the kind of act
BACK_OFF = tuple(timedelta(seconds=seconds) for seconds in (30, 60, 120, 300, 600, 1800, 3600))
GIVE_UP = timedelta(days=1)
MOST = 100  # messages in one pass
SUBJECT = "[Flink CI]"
TEST_BODY = "This is a test of a channel of the Flink CI dashboard. Nothing is wrong."


class NotTakenError(Exception):
    """A place did not take a message; the text is what came back."""


def send_waiting(current: Pass) -> None:
    """Send what waits, the oldest first; a place that does not take one gets no other in this pass."""
    ledger = Ledger(JOB, current.now, back_off=BACK_OFF, forced=current.forced)
    for lost in ledger.unsettled(SEND):
        ledger.settle_lost(lost, False, "it may have been sent; it is sent again.")
    resting: set[str] = set()
    for row in Notice.objects.filter(state=Notice.State.WAITING).select_related("channel").order_by("pk")[:MOST]:
        if row.target not in resting and not _try(current, ledger, row):
            resting.add(row.target)


def _try(current: Pass, ledger: Ledger, row: Notice) -> bool:
    """Try one message; False when its place rests now."""
    if row.target.startswith("channel:") and (row.channel is None or not row.channel.enabled):
        _settle(row, Notice.State.FAILED, "the channel is gone or switched off")
        return True
    action = ledger.begin(Intent(f"{SEND}:{row.pk}", SEND, row.place, row.title))
    if action is None:
        return False
    try:
        answer = deliver(row)
    except NotTakenError as error:
        _failed(current, ledger, row, action, str(error))
        return False
    with transaction.atomic():
        ledger.done(action, answer=answer)
        _settle(row, Notice.State.SENT, answer, tries=row.tries + 1)
        if row.channel:
            _note(row.channel, "", current.now)
    current.count("messages_sent")
    return True


def deliver(row: Notice) -> str:
    """Send a message; returns what came back. Raises NotTakenError."""
    try:
        if row.channel is None:
            return _mail(row.target.partition(":")[2], row.title, row.body)
        address = reveal(row.channel.sealed)
        if row.channel.service == MAIL:
            return _mail(address.partition(":")[2], row.title, row.body)
        return notify.send(address, f"{SUBJECT} {row.title}", row.body, row.severity)
    except (NotTakenError, ServiceError, UnreadableSecretError, OSError) as error:
        raise NotTakenError(str(error) or type(error).__name__) from error
    except Exception as error:  # of a service's own code: one message holds up no other
        log.exception("Sending to %s failed", row.place)
        raise NotTakenError(f"it could not be written ({type(error).__name__})") from error


def send_test(pk: str) -> str:
    """Send a test message through a channel; returns what came back, as a sentence."""
    channel = Channel.objects.filter(pk=pk).first() if pk.isdigit() else None
    if channel is None:
        return "There is no such channel any more."
    row = Notice(channel=channel, target="", title="A test", body=TEST_BODY, severity="info")
    try:
        answer = deliver(row)
    except NotTakenError as error:
        _note(channel, mask(str(error)), timezone.now())
        return f"{channel} did not take the test message: {error}."
    _note(channel, "", timezone.now())
    return f"{channel}: {answer}."


def _mail(address: str, title: str, body: str) -> str:
    try:
        sent = send_mail(f"{SUBJECT} {title}", body, None, [address])
    except (SMTPException, OSError) as error:
        raise NotTakenError(f"mail was not taken ({type(error).__name__}: {error})") from error
    return "mailed" if sent else "not mailed"


def _failed(current: Pass, ledger: Ledger, row: Notice, action: Action, answer: str) -> None:
    given_up = current.now - row.created_at > GIVE_UP
    state = Notice.State.FAILED if given_up else Notice.State.WAITING
    with transaction.atomic():
        ledger.failed(action, answer=answer)
        _settle(row, state, action.answer, tries=row.tries + 1)
        if row.channel:
            _note(row.channel, action.answer, current.now)
    current.fail(f"{row.place}: {answer}")


def _settle(row: Notice, state: Notice.State, answer: str, **facts: int) -> None:
    settled = None if state == Notice.State.WAITING else timezone.now()
    Notice.objects.filter(pk=row.pk).update(state=state, answer=answer, settled_at=settled, **facts)


def _note(channel: Channel, problem: str, now: datetime) -> None:
    """Note how a channel took a message; what is wrong with it is a finding in the next pass."""
    rows = Channel.objects.filter(pk=channel.pk)
    if not problem:
        rows.update(problem="", problem_since=None, sent_at=now)
    else:
        rows.filter(problem="").update(problem_since=now)
        rows.update(problem=problem, failures=F("failures") + 1)
