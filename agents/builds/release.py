"""What a release manager owes the community of one branch: how green it is, and what is known to fail."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Max

from agents.builds.nightly_figures import Ledger
from agents.models import KnownTicket, TestFailure
from agents.models.builds import Build, Provider
from agents.models.failures import CLOSED
from flinkci_dashboard.alerts.standing import Line, Standing
from flinkci_dashboard.parts import parts
from flinkci_dashboard.web.releases import Fact

MONTH = timedelta(days=30)
SHOWN = 15  # known failures


@dataclass(frozen=True)
class Green:
    """Since when one kind of builds is red, or that it is green."""

    title: str
    green: bool
    last_green: Build | None
    days: int | None  # since it was last green; 0 where it is, None where it never was as far as is known


@dataclass(frozen=True)
class KnownFailure:
    """A ticket that is open, and how often its tests failed on the branch in the last 30 days."""

    ticket: KnownTicket
    builds: int
    last: datetime

    @property
    def url(self) -> str:
        """Return where it is read."""
        return f"{settings.JIRA_URL}/browse/{self.ticket}"


@dataclass(frozen=True)
class Release:
    """One branch, for its release manager."""

    wrong: list[Line]
    kinds: list[Green]
    known: list[KnownFailure]
    facts: list[Fact]  # what other apps tell of it


def release(branch: str, ledgers: Sequence[Ledger], found: Standing, now: datetime) -> Release:
    """Collect what is to be known of a branch."""
    return Release(
        wrong=[line for line in found.lines if f"branch:{branch}" in line.finding.tags],
        kinds=[_green(ledger, len({each.whole.provider for each in ledgers}) > 1, now) for ledger in ledgers],
        known=_known(branch, now),
        facts=[fact for part in parts("releases") for fact in part.facts(branch, now)],
    )


def _green(ledger: Ledger, several: bool, now: datetime) -> Green:
    whole = ledger.whole
    service = f", {Provider(whole.provider).label}" if several else ""
    last = whole.last_green if whole.red_runs else whole.latest
    ended = last.finished_at if last else None
    days = 0 if not whole.red_runs else (now - ended).days if ended else None
    return Green(f"{whole.get_kind_display()}{service}", not whole.red_runs, last, days)


def _known(branch: str, now: datetime) -> list[KnownFailure]:
    """Return the open tickets whose tests failed on a branch lately, the most frequent first."""
    rows = TestFailure.objects.filter(build__branch=branch, build__scope=Build.Scope.BRANCH, at__gt=now - MONTH)
    tickets = rows.filter(test__failure__ticket__isnull=False).exclude(test__failure__ticket__status__in=CLOSED)
    counted = tickets.values("test__failure__ticket").annotate(builds=Count("build", distinct=True), last=Max("at"))
    found = list(counted.order_by("-builds", "-last")[:SHOWN])
    known = KnownTicket.objects.in_bulk([each["test__failure__ticket"] for each in found])
    return [KnownFailure(known[row["test__failure__ticket"]], row["builds"], row["last"]) for row in found]
