"""An alert's life: when it begins, comes back and ends, and what is due to be told of it to whom.

Told once when it begins, once when it ends. What comes back soon is the same alert, and said to come and go: then
nothing more is told until it has been gone for some time. What a cause explains neither begins nor ends. PURE
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from flinkci_dashboard.alerts.findings import RANK, Severity

COMES_BACK = timedelta(minutes=30)  # what comes back within that time is the same alert
GROUP_WAIT = timedelta(seconds=13)  # what begins together is one message; with a pass's 15 s, less than 30 s
NEWS = timedelta(days=1)  # what ended longer ago is told to nobody who had not heard of it


class Event(StrEnum):
    """What is told of an alert."""

    BEGAN = "began"
    FLAPS = "flaps"
    ENDED = "ended"
    SETTLED = "settled"
    ESCALATED = "escalated"


@dataclass(frozen=True)
class Episode:
    """An alert as the last pass left it, and what each place has been told of it, with its severity then."""

    pk: int
    key: str
    severity: Severity
    began_at: datetime
    changed_at: datetime
    ended_at: datetime | None = None
    turns: int = 1
    area: str = ""
    tags: frozenset[str] = frozenset()
    silenced: bool = False
    acknowledged: bool = False
    told: Mapping[str, Mapping[Event, Severity]] = field(default_factory=dict)

    @property
    def flapping(self) -> bool:
        """Tell whether it has gone and come back."""
        return self.turns > 1


@dataclass(frozen=True)
class Quiet:
    """Hours in which a place is sent nothing."""

    begin: time
    end: time
    zone: str = "UTC"

    def covers(self, at: datetime) -> bool:
        """Tell whether a moment is in them; they may go past midnight."""
        local = at.astimezone(ZoneInfo(self.zone)).time()
        if self.begin <= self.end:
            return self.begin <= local < self.end
        return local >= self.begin or local < self.end


@dataclass(frozen=True)
class Place:
    """Where messages go, and what for: by area and severity, or by what a member subscribed to."""

    target: str  # "channel:3", "mail:ada@example.org"
    since: datetime  # what ended before is no news there
    areas: frozenset[str] = frozenset()  # none: all
    severities: frozenset[str] = frozenset({Severity.BAD, Severity.WARN})
    tags: frozenset[str] | None = None  # not None: only what bears one of them
    quiet: Quiet | None = None

    def wants(self, episode: Episode) -> bool:
        """Tell whether an alert is to be told there. A channel's own failure is told through the others."""
        if self.target in episode.tags or (episode.ended_at and episode.ended_at < self.since):
            return False
        if self.tags is not None:
            return bool(self.tags & (episode.tags | {f"area:{episode.area}"}))
        return episode.severity in self.severities and (not self.areas or episode.area in self.areas)


@dataclass(frozen=True)
class Changes:
    """What a pass does to the alerts: keys of those that begin, numbers of those that come back or end."""

    begin: tuple[str, ...] = ()
    come_back: tuple[int, ...] = ()
    end: tuple[int, ...] = ()


@dataclass(frozen=True)
class News:
    """One thing to tell of one alert."""

    episode: Episode
    event: Event


def changes(standing: Iterable[str], folded: Iterable[str], last: Iterable[Episode], now: datetime) -> Changes:
    """Compare what stands now with the last alert of each key; `folded` keys are explained by a cause."""
    stands, hidden, known = list(standing), set(folded), {each.key: each for each in last}
    begin, come_back = [], []
    for key in stands:
        episode = known.get(key)
        if episode is None or (episode.ended_at and now - episode.ended_at >= COMES_BACK):
            begin.append(key)
        elif episode.ended_at:
            come_back.append(episode.pk)
    firing = [each for each in known.values() if each.ended_at is None]
    gone = [each.pk for each in firing if each.key not in hidden.union(stands)]
    return Changes(tuple(begin), tuple(come_back), tuple(gone))


def due(episode: Episode, target: str, now: datetime) -> list[Event]:
    """Return what is to be told to a place of an alert that it wants, or has been told of."""
    told = episode.told.get(target, {})
    if episode.ended_at is not None:
        return _due_at_end(episode, told, now - episode.ended_at)
    if episode.silenced:
        return []
    return _due_while_it_lasts(episode, told) if told else [Event.BEGAN]


def _due_at_end(episode: Episode, told: Mapping[Event, Severity], gone_for: timedelta) -> list[Event]:
    """Tell the end to those who were told of it; to others both in one, unless it is silenced or old."""
    if episode.flapping and gone_for < COMES_BACK:
        return []
    end = Event.SETTLED if episode.flapping else Event.ENDED
    if told:
        return [] if end in told else [end]
    return [] if episode.silenced or gone_for > NEWS else [Event.BEGAN, end]


def _due_while_it_lasts(episode: Episode, told: Mapping[Event, Severity]) -> list[Event]:
    """Tell what comes and goes so once. What only got worse is not told again: it was told, and is shown."""
    return [Event.FLAPS] if episode.flapping and Event.FLAPS not in told else []


def overdue(episode: Episode, minutes: int | None, now: datetime) -> bool:
    """Tell whether nobody has acknowledged an alert in the time that its rule gives."""
    if minutes is None or episode.ended_at or episode.acknowledged or episode.silenced:
        return False
    return now - episode.began_at >= timedelta(minutes=minutes)


def news_for(place: Place, episodes: Iterable[Episode], now: datetime, wait: timedelta = GROUP_WAIT) -> list[News]:
    """Return what to tell a place in one message now: nothing in its quiet hours, nor before others could join."""
    if place.quiet and place.quiet.covers(now):
        return []
    found = [
        News(episode, event)
        for episode in episodes
        if place.target in episode.told or place.wants(episode)
        for event in due(episode, place.target, now)
    ]
    ready = any(now - each.episode.changed_at >= wait for each in found)
    return sorted(found, key=_order) if ready else []


def _order(news: News) -> tuple[bool, int, datetime]:
    ended = news.event in (Event.ENDED, Event.SETTLED)
    return ended, RANK[news.episode.severity], news.episode.began_at
