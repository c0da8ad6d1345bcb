"""Pull requests at rest: a pass found nothing to do for them, and all their rows say what they said then.

Such a one is not planned anew: the same rows come to the same plan, until a time that the plan itself names. Rows are
compared as the database has them, so whoever changed one, the next pass plans. Each process knows what its own passes
have found, and nothing is lost when it forgets.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import DateTimeField, JSONField, Model, QuerySet, TextField
from django.db.models.functions import Cast

from agents.models import Authority, Build, Job
from agents.models.builds import BAD_RESULTS
from flinkci_dashboard.models import Action
from sync.models import (
    ApprovedHead,
    Approver,
    CIBranch,
    CommandComment,
    PullRequest,
    ReportComment,
    Repository,
    TrustedAuthor,
    TrustGate,
)
from sync.pulls.outcome import Decision
from sync.pulls.plan import changes_at
from sync.pulls.rows import live_pulls
from sync.pulls.state import CANCEL, CHUNK, QUEUE_MISSING, RETRY

LONGEST = timedelta(minutes=10)  # that one is taken for settled without being planned anew
BUILD = (
    *("changed_at", "provider", "repository", "definition", "branch", "version", "scope", "status", "result"),
    *("attempt", "queued_at", "started_at", "finished_at", "gone_at", "web_url"),
)


@dataclass(frozen=True)
class Rest:
    """What stands for the rows of a pull request for which nothing was to be done, and how long that holds."""

    seen: int
    since: datetime
    until: datetime


_known: dict[int, Rest] = {}  # by number


class Settled:
    """The pull requests that one pass looks at, and which of them an earlier one of this process found settled.

    `facts` are what else the pass decides by.
    """

    def __init__(self, now: datetime, *facts: object) -> None:
        self.now = now
        self._seen = _prints((*facts, *_settings()))

    def moved(self) -> list[PullRequest]:
        """Return those that have to be planned, the last changed first."""
        numbers = [number for number, seen in self._seen.items() if not self._rests(number, seen)]
        pulls = PullRequest.objects.in_bulk(numbers, field_name="number").values()
        return sorted(pulls, key=lambda pull: (pull.updated_at, pull.number), reverse=True)

    def note(self, decided: Mapping[int, Decision], active: bool) -> None:
        """Remember for which of them nothing is to be done; while we only observe, nothing is done for any."""
        for number in _known.keys() - self._seen.keys():
            del _known[number]
        for number in decided.keys() & self._seen.keys():
            state, plan = decided[number].state, decided[number].plan
            if (active and plan) or state.hold or any(build.pending for build in state.builds):
                _known.pop(number, None)
            else:
                until = min(changes_at(state, self.now) or self.now + LONGEST, self.now + LONGEST)
                _known[number] = Rest(self._seen[number], self.now, until)

    def _rests(self, number: int, seen: int) -> bool:
        rest = _known.get(number)
        return rest is not None and rest.seen == seen and rest.since <= self.now < rest.until


def _settings() -> Iterable[object]:
    """Read what decides about all of them."""
    models: list[type[Model]] = [Authority, Repository, TrustGate]
    if TrustGate.current().mode != TrustGate.Mode.OFF:
        models += [Approver, TrustedAuthor, ApprovedHead]
    for model in models:
        yield tuple(_read(model._default_manager.all(), _columns(model)))


def _prints(common: tuple[object, ...]) -> dict[int, int]:
    """Return what stands for all rows of each live pull request: it differs when one of them does."""
    pulls = {pull[0]: pull for pull in _read(live_pulls(), ("number", "pk", *_columns(PullRequest)))}
    said: dict[int, list[object]] = defaultdict(list)
    keys = {pk: number for number, pk, *_ in pulls.values()}
    for model in (ReportComment, CommandComment):
        _gather(said, model.objects.all(), "pull_id", keys, _columns(model))
    numbers = {number: number for number in pulls}
    _gather(said, CIBranch.objects.all(), "number", numbers, _columns(CIBranch))
    builds = _gather(said, Build.objects.all(), "pull_number", numbers, ("pk", *BUILD))
    bad = Job.objects.filter(latest=True, result__in=BAD_RESULTS)
    _gather(said, bad, "build_id", builds, ("pk", "order", "name"))
    acts = Action.objects.filter(kind__in=(CANCEL, RETRY, QUEUE_MISSING))
    _gather(said, acts, "subject", {f"#{number}": number for number in pulls}, ("pk", "state", "settled_at"))
    return {number: hash((common, pull, tuple(said[number]))) for number, pull in pulls.items()}


def _gather(
    said: dict[int, list[object]], rows: QuerySet, field: str, keys: Mapping[Any, int], columns: Sequence[str]
) -> dict[Any, int]:
    """Add to what is said of each pull request the rows of which `field` is one of the keys ({key: its number}).

    Returns {the first column: the number}.
    """
    found: dict[Any, int] = {}
    ordered = list(keys)
    for start in range(0, len(ordered), CHUNK):
        part = rows.filter(**{f"{field}__in": ordered[start : start + CHUNK]}).order_by("pk")
        for key, *row in _read(part, (field, *columns)):
            said[keys[key]].append((rows.model, *row))
            found[row[0]] = keys[key]
    return found


def _read(rows: QuerySet, columns: Sequence[str]) -> Iterable[tuple[Any, ...]]:
    """Return columns of rows as the database has them: times and JSON as text, which costs nothing to read."""
    return rows.values_list(*(_as_text(rows.model, name) for name in columns))


def _as_text(model: type[Model], name: str) -> Any:
    is_plain = name == "pk" or not isinstance(model._meta.get_field(name), JSONField | DateTimeField)
    return name if is_plain else Cast(name, TextField())


def _columns(model: type[Model]) -> tuple[str, ...]:
    return tuple(field.attname for field in model._meta.concrete_fields)
