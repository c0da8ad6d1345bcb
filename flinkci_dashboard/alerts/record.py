"""Alerts and what was told of them, as rows: all of it follows from what stands, and from what is recorded."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from flinkci_dashboard.alerts.episodes import (
    NEWS,
    Changes,
    Episode,
    Event,
    News,
    Place,
    changes,
    news_for,
    overdue,
)
from flinkci_dashboard.alerts.findings import Case, Finding, Limits, Severity
from flinkci_dashboard.alerts.messages import Item, compose
from flinkci_dashboard.alerts.places import backups, mail_to, names_to_ask, told_only
from flinkci_dashboard.alerts.rows import MAY_BE_A_TOKEN, shared_facts
from flinkci_dashboard.models import Alert, Channel, Contact, Notice, Telling

JUST_NOW = timedelta(minutes=2)
REMEMBERED = NEWS + timedelta(days=1)  # alerts that ended longer ago are history


class Alerts:
    """The alerts that fire or ended lately, and what was told of them; one pass's view."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        lately = Alert.objects.filter(Q(ended_at=None) | Q(ended_at__gt=now - REMEMBERED)).order_by("pk")
        self.rows = {row.pk: row for row in lately}
        self.told: dict[int, dict[str, dict[Event, Severity]]] = defaultdict(lambda: defaultdict(dict))
        for telling in Telling.objects.filter(alert__in=self.rows):
            self._note(telling.alert_id, telling.target, Event(telling.event), Severity(telling.severity))
        self.contacts = list(Contact.objects.select_related("backup"))
        self.folded: dict[str, int] = {}
        self.hidden: set[str] = set()  # keys of what a cause explains now: nothing is told of it

    # What stands -------------------------------------------------------------------------------

    def follow(self, cases: Iterable[Case], places: Iterable[Place], left_over: Iterable[Finding] = ()) -> Changes:
        """Begin, take up again and end alerts; what is only to be known begins where a place wants it.

        What is left over from a cause that has ended neither begins nor ends yet.
        """
        cases, places = list(cases), list(places)
        self.folded = {case.finding.key: len(case.folded) for case in cases}
        standing = {case.finding.key: case.finding for case in cases}
        self.hidden = {each.key for each in (*(each for case in cases for each in case.folded), *left_over)}
        wanted = [key for key, each in standing.items() if each.severity != Severity.INFO or self._wanted(each, places)]
        last = {episode.key: episode for episode in self.episodes()}
        made = changes(wanted, self.hidden, last.values(), self.now)
        if made != Changes():
            with transaction.atomic():
                self._apply(made, standing)
        self._refresh(standing)
        self._take_back()
        return made

    def _take_back(self) -> None:
        """Forget what began just now and turned out to have a cause before anybody was told: it was no alert."""
        early = [row.pk for row in self.rows.values() if row.key in self.hidden and self._is_unheard(row)]
        if early:
            Alert.objects.filter(pk__in=early).delete()
            self.rows = {pk: row for pk, row in self.rows.items() if pk not in early}

    def _is_unheard(self, row: Alert) -> bool:
        new = row.ended_at is None and row.turns == 1 and self.now - row.began_at < JUST_NOW
        return (
            new and not any(self.told[row.pk].values()) and row.acknowledged_at is None and row.silenced_until is None
        )

    def _refresh(self, standing: Mapping[str, Finding]) -> None:
        for row in self.rows.values():
            if row.ended_at is None and row.key in standing:
                self._update(row, shared_facts(standing[row.key]))

    def _apply(self, made: Changes, standing: Mapping[str, Finding]) -> None:
        for key in made.begin:
            self._begin(key, shared_facts(standing[key]))
        for pk in made.come_back:
            self._move(pk, ended_at=None, turns=self.rows[pk].turns + 1, changed_at=self.now)
        for pk in made.end:
            self._move(pk, ended_at=self.now, changed_at=self.now)

    def episodes(self) -> list[Episode]:
        """Return what is decided with, the oldest first."""
        return [self._episode(row) for row in self.rows.values()]

    # What is told ------------------------------------------------------------------------------

    def tell(self, places: Iterable[Place], limits: Limits, wait: timedelta) -> int:
        """Write the messages that are due; returns how many."""
        written = 0
        known = {place.target: place for place in places}
        told = {target for found in self.told.values() for target in found} - known.keys()
        for place in (*known.values(), *told_only(self._reachable(told), self.now)):
            if news := news_for(place, self._explained_by_now(wait), self.now, wait):
                written += self._write(place, news)
        for episode in self._visible():
            rule = limits.rules.get(self.rows[episode.pk].rule)
            if overdue(episode, rule.acknowledge if rule else None, self.now):
                written += self._escalate(self.rows[episode.pk])
        return written

    def _visible(self) -> list[Episode]:
        """Return what is told of: what ended, and what lasts and is not explained by a cause."""
        return [each for each in self.episodes() if each.ended_at or each.key not in self.hidden]

    def _explained_by_now(self, wait: timedelta) -> list[Episode]:
        """Return what is told of, without silences so new that the tokens have not been probed yet: one may be why."""
        return [
            each
            for each in self._visible()
            if each.ended_at or self.now - each.changed_at >= wait or not each.key.startswith(MAY_BE_A_TOKEN)
        ]

    def _escalate(self, row: Alert) -> int:
        targets = [mail_to(address) for address in backups(row, self.contacts)]
        new = [target for target in targets if Event.ESCALATED not in self.told[row.pk][target]]
        for place in told_only(new, self.now):
            self._write(place, [News(self._episode(row), Event.ESCALATED)])
        return len(new)

    def _write(self, place: Place, news: list[News]) -> int:
        items = [self._item(each) for each in news]
        message = compose(items, self.now, place.quiet)
        channel = _channel(place.target)
        with transaction.atomic():
            notice = Notice.objects.create(
                target=place.target,
                channel=channel,
                place=channel.name if channel else place.target.partition(":")[2],
                title=message.title,
                body=message.body,
                severity=message.kind if message.kind != "good" else Severity.INFO,
                created_at=self.now,
            )
            Telling.objects.bulk_create(
                Telling(
                    alert_id=each.episode.pk,
                    target=place.target,
                    event=each.event,
                    severity=each.episode.severity,
                    notice=notice,
                )
                for each in news
            )
        for each in news:
            self._note(each.episode.pk, place.target, each.event, each.episode.severity)
        return 1

    def _item(self, news: News) -> Item:
        row = self.rows[news.episode.pk]
        return Item(
            event=news.event,
            subject=row.subject,
            severity=Severity(row.severity),
            text=row.text,
            since=row.since,
            began_at=row.began_at,
            ended_at=row.ended_at,
            url=f"{settings.PUBLIC_URL}{row.url}" if row.url else "",
            ask=names_to_ask(row, self.contacts),
            turns=row.turns,
            acknowledged_by=row.acknowledged_by,
            folded=self.folded.get(row.key, 0),
        )

    # Rows --------------------------------------------------------------------------------------

    def _begin(self, key: str, facts: Mapping) -> None:
        row = Alert.objects.create(key=key, began_at=self.now, changed_at=self.now, **facts)
        self.rows[row.pk] = row

    def _move(self, pk: int, **facts: object) -> None:
        Alert.objects.filter(pk=pk).update(**facts)
        for name, value in facts.items():
            setattr(self.rows[pk], name, value)

    def _update(self, row: Alert, facts: Mapping) -> None:
        """Bring the words of a firing alert up to date; only a severity that got worse is news."""
        moved = {name: value for name, value in facts.items() if getattr(row, name) != value}
        if moved:
            self._move(row.pk, **moved, **({"changed_at": self.now} if "severity" in moved else {}))

    def _episode(self, row: Alert) -> Episode:
        return Episode(
            pk=row.pk,
            key=row.key,
            severity=Severity(row.severity),
            began_at=row.began_at,
            changed_at=row.changed_at,
            ended_at=row.ended_at,
            turns=row.turns,
            area=row.area,
            tags=frozenset(row.tags),
            silenced=row.silenced(self.now),
            acknowledged=row.acknowledged_at is not None,
            told=self.told[row.pk],
        )

    def _note(self, pk: int, target: str, event: Event, severity: Severity) -> None:
        self.told[pk][target][event] = severity

    def _wanted(self, finding: Finding, places: Iterable[Place]) -> bool:
        tags = frozenset(finding.tags)
        new = Episode(0, finding.key, finding.severity, self.now, self.now, area=finding.area, tags=tags)
        return any(place.wants(new) for place in places)

    def _reachable(self, targets: Iterable[str]) -> list[str]:
        """Return those that can still be told the end: mail addresses, and channels that are in use."""
        enabled = {f"channel:{pk}" for pk in Channel.objects.filter(enabled=True).values_list("pk", flat=True)}
        return [target for target in targets if target.startswith("mail:") or target in enabled]


def _channel(target: str) -> Channel | None:
    kind, _, name = target.partition(":")
    return Channel.objects.filter(pk=int(name)).first() if kind == "channel" else None
