"""Where alerts go: channels, what members subscribed to, and the backups of those who do not answer."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from flinkci_dashboard.alerts.episodes import Place, Quiet
from flinkci_dashboard.models import Alert, Channel, Contact, Severity, Subscription

USUAL = frozenset({Severity.BAD.value, Severity.WARN.value})


def target_of(channel: Channel) -> str:
    """Return a channel's name in what was told."""
    return f"channel:{channel.pk}"


def mail_to(address: str) -> str:
    """Return a mail address's name in what was told."""
    return f"mail:{address.lower()}"


def places() -> list[Place]:
    """Return every place that wants alerts now."""
    shared = Channel.objects.filter(enabled=True, member=None)
    return [_channel(each) for each in shared] + _subscribed()


def _channel(channel: Channel) -> Place:
    return Place(
        target=target_of(channel),
        since=channel.created_at,
        areas=frozenset(channel.areas),
        severities=frozenset(channel.severities) or USUAL,
        quiet=quiet_of(channel),
    )


def quiet_of(channel: Channel) -> Quiet | None:
    """Return a channel's quiet hours."""
    if channel.quiet_from is None or channel.quiet_to is None:
        return None
    return Quiet(channel.quiet_from, channel.quiet_to, channel.time_zone)


def _subscribed() -> list[Place]:
    rows = Subscription.objects.filter(member__is_active=True).select_related("member", "channel")
    by_target: dict[str, list[Subscription]] = defaultdict(list)
    for row in rows:
        if row.channel and row.channel.enabled:
            by_target[target_of(row.channel)].append(row)
        elif row.channel is None and row.member.email:
            by_target[mail_to(row.member.email)].append(row)
    return [_member(target, found) for target, found in by_target.items()]


def _member(target: str, rows: list[Subscription]) -> Place:
    channel = rows[0].channel
    return Place(
        target=target,
        since=min(row.created_at for row in rows),
        tags=frozenset(row.tag for row in rows),
        quiet=quiet_of(channel) if channel else None,
    )


def told_only(targets: Iterable[str], now: datetime) -> list[Place]:
    """Return places that want nothing by themselves, and hear the end of what they were told."""
    return [Place(target, now, tags=frozenset()) for target in targets]


def backups(alert: Alert, contacts: Iterable[Contact]) -> list[str]:
    """Return the mail addresses of those who stand in for the holder, or for whom to ask about an alert's area."""
    holders = [each for each in contacts if each.pk == alert.holder_id]
    asked = holders or [each for each in contacts if each.active and alert.area in each.areas]
    found = [each.backup for each in asked if each.backup and each.backup.active]
    return sorted({address for each in found for address in each.addresses[:1]})


def names_to_ask(alert: Alert, contacts: Iterable[Contact]) -> tuple[str, ...]:
    """Return the names of whom to ask about an alert, the holder first."""
    active = [each for each in contacts if each.active]
    holders = [each.name for each in active if each.pk == alert.holder_id]
    return tuple(dict.fromkeys([*holders, *(each.name for each in active if alert.area in each.areas)]))
