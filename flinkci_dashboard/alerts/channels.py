"""Channels: how an address becomes one, and what is wrong with it. Its failure is told through the others."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.urls import reverse

from flinkci_dashboard.alerts.findings import Finding, Limits, Rule, Severity
from flinkci_dashboard.clients import notify
from flinkci_dashboard.clients.errors import InvalidError
from flinkci_dashboard.clients.secrets import fingerprint, seal
from flinkci_dashboard.models import Area, Channel

MAIL = "mail"  # the service of "mailto:ada@example.org" (no slashes): by the mail server that EMAIL_URL names
TEST = "test-channel"  # the act of a request
RULES = (Rule("channel", "A channel takes no message", acknowledge=240),)
PRIVATE = (
    "The address leads to a private or loopback address, where channels may not go: enter one of a service outside, "
    "or set ALERT_PRIVATE_ADDRESSES=1 for the web server and the workers."
)


def findings(now: datetime, limits: Limits) -> list[Finding]:
    """Judge how each channel took the last message. A member's own is that member's business."""
    return [broken(row) for row in Channel.objects.filter(enabled=True, member=None).exclude(problem="")]


def broken(channel: Channel) -> Finding:
    """Return that a channel takes no message."""
    text = f"channel {channel} has taken no message for {{time}}: {channel.problem}"
    facts: dict[str, Any] = {"url": reverse("alerts"), "area": Area.HOSTING, "ends_when": "it takes a message"}
    facts |= {"under": ("worker",)}
    tags = (f"channel:{channel.pk}",)
    return Finding("channel", channel.name, Severity.BAD, text, channel.problem_since, tags=tags, **facts)


def service_of(address: str) -> str:
    """Return which service an address names. Raises ValidationError, which does not repeat it."""
    kind, _, rest = address.strip().partition(":")
    if kind.lower() == "mailto" and not rest.startswith("//"):
        validate_email(rest)
        return MAIL
    try:
        return notify.service_of(address)
    except InvalidError as error:
        raise ValidationError(str(error)) from error


def set_address(channel: Channel, address: str) -> None:
    """Give a channel its address, encrypted. Raises ValidationError; does not save.

    Whether it leads into this network is asked again whenever something is sent: names change.
    """
    address = address.strip()
    channel.service = service_of(address)
    if channel.service != MAIL and not settings.ALERT_PRIVATE_ADDRESSES and notify.leads_inside(address):
        raise ValidationError(PRIVATE)
    channel.sealed, channel.fingerprint = seal(address), fingerprint(address)
    channel.problem, channel.problem_since = "", None


def create_channels() -> list[str]:
    """Make a channel of each address in ALERT_URLS that has none yet; returns what is wrong with the others."""
    problems, known = [], set(Channel.objects.values_list("fingerprint", flat=True))
    for place, address in enumerate(settings.ALERT_URLS, start=1):
        if fingerprint(address.strip()) in known:
            continue
        channel = Channel()
        try:
            set_address(channel, address)
        except ValidationError as error:
            problems.append(f"Address {place} of ALERT_URLS made no channel. {' '.join(error.messages)}")
            continue
        channel.name = f"{channel.service} {channel.fingerprint[:6]} (ALERT_URLS)"
        channel.save()
        known.add(channel.fingerprint)
    return problems
