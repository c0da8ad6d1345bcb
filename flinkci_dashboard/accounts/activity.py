"""What people and the bot did, in one list: newest first, filtered, a page at a time."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.db.models import CharField, F, Q, QuerySet, Value
from django.utils import timezone

from flinkci_dashboard.jobs.deeds import deed, kinds_said
from flinkci_dashboard.jobs.table import JOBS, title_of
from flinkci_dashboard.models import Action, AuditEvent

PERSON, BOT = "person", "bot"
Said = Callable[[str], list[tuple[str, list[str]]]]
FIRST, LAST = date(1970, 1, 1), date(9998, 1, 1)  # days that are days everywhere


@dataclass(frozen=True)
class Search:
    """What to look for; empty fields do not restrict."""

    words: str = ""  # in the subject or the act
    who: str = ""  # an account's name, or "bot"
    since: date | None = None  # both days, of the reader's time zone, are included
    until: date | None = None


@dataclass(frozen=True)
class Change:
    """One field before and after; None where there was none."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Entry:
    """One act."""

    at: datetime
    who: str
    act: str
    subject: str
    address: str
    before: Any
    after: Any
    request_id: str

    @property
    def pull_number(self) -> int | None:
        """Return the pull request that it was done to, if it was one."""
        found = re.fullmatch(r"#([0-9]{1,9})", self.subject)
        return int(found[1]) if found else None

    @property
    def changes(self) -> list[Change]:
        """Return what changed, one field after the other; a bare value has no name."""
        sides = [
            side if isinstance(side, dict) else {"": side} for side in (self.before, self.after) if side is not None
        ]
        names = list(dict.fromkeys(name for side in sides for name in side))
        return [Change(name, _part(self.before, name), _part(self.after, name)) for name in names]


def find(search: Search) -> QuerySet:
    """Return (source, pk, when) of what matches, to be ordered; `load` turns a slice of it into entries."""
    events = AuditEvent.objects.filter(_matches(search, "at", ("act", "subject", "actor_name")))
    actions = Action.objects.filter(_matches(search, "created_at", ("subject",), _said))
    if search.who == BOT:
        events = events.none()
    elif search.who:
        events, actions = events.filter(actor_name=search.who), actions.none()
    return (
        events.order_by()
        .annotate(source=Value(PERSON, CharField()), when=F("at"))
        .values_list("source", "pk", "when")
        .union(
            actions.order_by()
            .annotate(source=Value(BOT, CharField()), when=F("created_at"))
            .values_list("source", "pk", "when"),
            all=True,
        )
    )


def load(found: Iterable[tuple[str, int, datetime]]) -> list[Entry]:
    """Return the entries of a slice, in its order, with two queries."""
    rows = list(found)
    events = AuditEvent.objects.in_bulk([pk for source, pk, _ in rows if source == PERSON])
    actions = Action.objects.in_bulk([pk for source, pk, _ in rows if source == BOT])
    return [_of_person(events[pk]) if source == PERSON else _of_bot(actions[pk]) for source, pk, _ in rows]


def names() -> list[str]:
    """Return the names of everybody who has ever done anything."""
    return sorted(AuditEvent.objects.order_by().values_list("actor_name", flat=True).distinct())


def _matches(search: Search, at: str, texts: tuple[str, ...], said: Said = lambda word: []) -> Q:
    found = Q()
    for word in search.words.split():
        found &= Q.create([*((f"{name}__has", word) for name in texts), *said(word)], connector=Q.OR)
    zone = timezone.get_current_timezone()
    if search.since:
        found &= Q((f"{at}__gte", datetime.combine(max(search.since, FIRST), time(), zone)))
    if search.until:
        found &= Q((f"{at}__lte", datetime.combine(min(search.until, LAST), time.max, zone)))
    return found


def _said(word: str) -> list[tuple[str, list[str]]]:
    """Return what finds the acts of which a word is said, or of whose job: by equality, for they are many."""
    jobs = [job.name for job in JOBS.values() if word.lower() in f"{job.name} {job.title}".lower()]
    return [("kind__in", kinds_said(word)), ("job__in", jobs)]


def _part(side: Any, name: str) -> Any:
    if isinstance(side, dict):
        return side.get(name)
    return side if name == "" else None


def _of_person(event: AuditEvent) -> Entry:
    return Entry(
        event.at,
        event.actor_name,
        event.act,
        title_of(event.subject),
        event.address or "",
        event.before,
        event.after,
        event.request_id,
    )


def _of_bot(action: Action) -> Entry:
    attempts = action.attempts if action.attempts > 1 else None
    told = {"why": action.reason, "answer": action.answer, "attempts": attempts}
    after = {name: value for name, value in told.items() if value}
    who, act = f"bot ({title_of(action.job)})", deed(action.kind, action.state)
    return Entry(action.created_at, who, act, action.subject, "", None, after, "")
