"""What the pages about the migration show of pairs."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, Sum, prefetch_related_objects

from agents.failures.match import name_of
from agents.migration.over_time import share
from agents.migration.reasons import WORDS, Why
from agents.models import Failure, Pair, PairGroup
from agents.models.builds import Provider


@dataclass(frozen=True)
class GroupLine:
    """A group of jobs of a pair, on the page."""

    group: PairGroup
    words: str  # why they differ
    tests: list[tuple[str, str, str]]  # the service, a test that failed there, and the ticket that knows it


@dataclass(frozen=True)
class PairLine:
    """A pair on the page, with the groups that differ."""

    pair: Pair
    differing: list[GroupLine]

    @property
    def decided(self) -> int:
        """Return of how many groups both said something."""
        return self.pair.agreed + self.pair.differed


def pair_lines(pairs: Sequence[Pair]) -> list[PairLine]:
    """Return lines of pairs, with their builds, which a list's query need not join: four queries."""
    prefetch_related_objects(pairs, "azure", "actions")
    groups: dict[int, list[PairGroup]] = defaultdict(list)
    differing = PairGroup.objects.filter(pair__in=pairs, agreement=Pair.Agreement.DIFFER).order_by("order")
    rows = list(differing)
    tickets = _tickets(rows)
    for row in rows:
        groups[row.pair_id].append(row)
    return [PairLine(pair, [_line(row, tickets) for row in groups[pair.pk]]) for pair in pairs]


def group_lines(pair: Pair) -> list[GroupLine]:
    """Return all groups of a pair: two queries."""
    rows = list(pair.groups.order_by("order"))
    tickets = _tickets(rows)
    return [_line(row, tickets) for row in rows]


def summary(since: datetime) -> dict[str, Any]:
    """Count pairs, and the groups of jobs that agree: one query."""
    decided = Count("pk", filter=~Q(agreement=Pair.Agreement.NONE))
    sums = {"agreed": Sum("agreed", default=0), "differed": Sum("differed", default=0)}
    found = Pair.objects.filter(at__gt=since).aggregate(pairs=Count("pk"), decided=decided, **sums)
    return found | {"share": share(found["agreed"], found["differed"])}


def _line(row: PairGroup, tickets: dict[str, str]) -> GroupLine:
    tests = [(side, test, tickets.get(test, "")) for side, names in row.tests.items() for test in names]
    words = ", ".join(WORDS[Why(each)] for each in row.why)
    return GroupLine(row, words, [(str(Provider(side).label), test, ticket) for side, test, ticket in tests])


def _tickets(rows: Iterable[PairGroup]) -> dict[str, str]:
    tests = {name_of(test).key for row in rows for names in row.tests.values() for test in names}
    known = Failure.objects.filter(key__in=tests, ticket__isnull=False) if tests else Failure.objects.none()
    return dict(known.values_list("key", "ticket__key"))
