"""Alerts: channels that lead to the world's sink, and what has to have arrived there."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from django.utils import timezone

from flinkci_dashboard.alerts.channels import set_address
from flinkci_dashboard.alerts.episodes import COMES_BACK, NEWS
from flinkci_dashboard.models import Alert, Channel, Notice, OpenFinding, Telling
from tests.chaos.town import Town

SUBJECT = "[Flink CI] "
TOLD = ("bad", "warn")
OVER = (Telling.Event.ENDED, Telling.Event.SETTLED)


def set_up(town: Town) -> None:
    """Make two channels, for all that is wrong and for what is worst; and keep all that arrives."""
    for name, severities in (("all", []), ("worst", ["bad"])):
        made = Channel(name=name, severities=severities)
        set_address(made, f"json://{urlsplit(town.world.server.address).netloc}/sink/hook")
        made.save()
    keep = town.world.sink.keep

    def noting(message: dict) -> None:
        town.heard[message["title"], message["message"].strip()] += 1
        keep(message)

    town.world.sink.keep = noting  # type: ignore[method-assign]


def alerts_told(town: Town) -> Iterator[str]:
    """Every alert was told to every channel that wants it, when it began and when it was over."""
    hidden = set(OpenFinding.objects.exclude(parent="").values_list("key", flat=True))
    for channel in Channel.objects.all():
        for alert in Alert.objects.exclude(key__in=hidden):
            yield from _unheard(channel, alert)


def _unheard(channel: Channel, alert: Alert) -> Iterator[str]:
    target, now = f"channel:{channel.pk}", timezone.now()
    told = set(alert.tellings.filter(target=target).values_list("event", flat=True))
    wanted = alert.severity in (channel.severities or TOLD) and target not in alert.tags
    if alert.ended_at is None:
        missing = wanted and not told
    else:
        news = wanted and alert.ended_at > max(channel.created_at, now - NEWS)
        missing = now - alert.ended_at > COMES_BACK and bool(told or news) and not told.intersection(OVER)
    if missing:
        state = "is over" if alert.ended_at else "began"
        yield f"{alert.key} {state}, and {channel} has heard {told or 'nothing'}"


def alerts_once(town: Town) -> Iterator[str]:
    """Every message arrived, and none twice; but for answers that got lost, and passes that were killed."""
    for notice in Notice.objects.exclude(state=Notice.State.SENT):
        if notice.state == Notice.State.WAITING or not town.failures["wrong clock"]:
            yield f"“{notice.title}” is {notice.words}: {notice.answer}"
    sent = list(Notice.objects.filter(state=Notice.State.SENT).values_list("title", "body"))
    for title, body in sent:
        if not town.heard[SUBJECT + title, body.strip()]:
            yield f"“{title}” was never heard"
    taken = [each for each in town.world.requests if (each.service, each.method) == ("sink", "POST")]
    excused = town.heard.total() - sum(each.status == 200 for each in taken) + town.cuts["send_alerts"]
    if town.heard.total() - len(sent) > excused:
        yield f"{town.heard.total()} messages arrived of {len(sent)}, and {excused} answers got lost"


RULES = (alerts_told, alerts_once)
