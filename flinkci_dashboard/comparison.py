"""How far what stands outside is what we would make of it: the proof that one bot can take over from another.

Each app has a module `comparison` with `agreements(now) -> list[Agreement]`, found by its name.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.views.decorators.http import require_safe

from flinkci_dashboard.jobs.modes import is_active
from flinkci_dashboard.models import JobRun
from flinkci_dashboard.parts import parts
from flinkci_dashboard.web.durations import Lasting
from flinkci_dashboard.web.live import Context, live, rights
from flinkci_dashboard.web.tables import Column, Table, count, own

Row = TypeVar("Row", bound=Model)
GRACE = timedelta(minutes=10)  # that whoever does the work may take; what differs for less is on its way
SHOWN = 25  # differences of one kind


@dataclass(frozen=True)
class Difference:
    """One thing that is not as we would have it: what, why as far as is known, and since when."""

    subject: str
    reason: Lasting
    since: datetime | None
    url: str


@dataclass(frozen=True)
class Agreement:
    """One kind of thing that a job looks after: how many there are, and the oldest differences among `differ`."""

    title: str
    job: str
    bot: str  # that did this before
    of: int
    differ: int  # for longer than GRACE
    moving: int  # that differ for less
    differences: list[Difference] = field(default_factory=list)
    url: str = ""

    @property
    def observes(self) -> bool:
        """Tell whether the other bot's work is compared here, not our own."""
        return not is_active(self.job)

    @property
    def share(self) -> float | None:
        """Return the share, in percent, that is right or on its way; never rounded up to 100."""
        if not self.of:
            return None
        exact = 100 * (self.of - self.differ) / self.of
        return min(round(exact, 1), 99.9) if self.differ else 100.0

    @property
    def state(self) -> str:
        """Return the badge's state."""
        return "partial" if self.differ else "ok"

    @property
    def words(self) -> str:
        """Return the badge's word."""
        return "differs" if self.differ else "agrees"

    @property
    def hidden(self) -> int:
        """Return how many differences are not listed."""
        return self.differ - len(self.differences)


AGREEMENTS = Table(
    "agreement",
    (
        Column("what", "What", lambda each: each.title),
        own("done_by", "Done by", lambda each: each.bot if each.observes else "this installation"),
        own("percent", "Agreement", lambda each: each.share),
        count("compared", "Compared", lambda each: each.of),
        count("moving", "On the way", lambda each: each.moving),
        count("differ", "Differ", lambda each: each.differ),
    ),
)
DIFFERENCES = Table(
    "differences",
    (
        own("what", "What", lambda pair: pair[1].subject),
        own("of", "Of", lambda pair: pair[0].title),
        own("why", "Why", lambda pair: pair[1].reason.at(timezone.now())),
        own("since", "Since", lambda pair: pair[1].since),
    ),
)


def compared(
    now: datetime,
    rows: QuerySet[Row],
    differ: QuerySet[Row],
    since: str,
    tell: Callable[[Row], Difference],
    **facts: str,
) -> Agreement:
    """Count all rows and those that differ, by the field that says since when, and explain the oldest ones."""
    lasting = differ.filter(**{f"{since}__lt": now - GRACE}).order_by(since)
    many = lasting.count()
    return Agreement(
        **facts, of=rows.count(), differ=many, moving=differ.count() - many, differences=[*map(tell, lasting[:SHOWN])]
    )


def agreements(now: datetime) -> list[Agreement]:
    """Return every app's, in the order of the apps."""
    return [each for part in parts("comparison") for each in part.agreements(now)]


def newest_passes(request: HttpRequest) -> object:
    """Return what changes whenever a pass begins or ends."""
    return JobRun.objects.values_list("pk", "ended_at").first()


@require_safe
@live("comparison/comparison.html", "comparison/_comparison.html", version=newest_passes, reader=rights)
def comparison(request: HttpRequest) -> Context:
    """Show the agreement in numbers, with each difference explained."""
    found = agreements(timezone.now())
    return {
        "agreements": AGREEMENTS.of(request, found),
        "differences": DIFFERENCES.of(request, [(each, one) for each in found for one in each.differences], "differ-"),
        "hidden": [each for each in found if each.hidden],
        "grace": GRACE // timedelta(minutes=1),
    }
