"""The ledger of red as pages and findings say it: which jobs, for how long, since which commits."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from agents.builds.commits import TICKET, tags
from agents.builds.nightly import WHOLE, groups
from agents.migration.authority import Decisions
from agents.models import Build, Commit, Streak
from agents.models.builds import Provider
from flinkci_dashboard.web.words import counted

SHOWN = 20  # commits of a range
NAMED = 3  # jobs that a sentence names
RECENT = timedelta(days=60)  # a branch without builds for so long says nothing about the present


@dataclass(frozen=True)
class Change:
    """A commit that may have broken something."""

    sha: str
    author: str
    subject: str
    ticket: str
    modules: list[str]


@dataclass(frozen=True)
class RedGroup:
    """Jobs that broke in the same run, and what came into the branch between the last green run and that one."""

    streaks: list[Streak]
    first_red: Build
    last_green: Build | None
    changes: list[Change]  # the oldest first
    more: int  # commits that are not listed

    @property
    def names(self) -> str:
        """Name the jobs."""
        more = len(self.streaks) - NAMED
        return ", ".join(each.name for each in self.streaks[:NAMED]) + (f" and {more} more" if more > 0 else "")

    @property
    def may_be_older(self) -> bool:
        """Tell whether it may have broken before."""
        return any(each.may_be_older for each in self.streaks)

    @property
    def how_long(self) -> str:
        """Say for how many runs and nights: "7 runs on 7 days"."""
        runs = max(each.red_runs for each in self.streaks)
        days = max(each.red_nights for each in self.streaks)
        return f"{runs} run{'' if runs == 1 else 's'} on {days} day{'' if days == 1 else 's'}"

    @property
    def publishes(self) -> str:
        """Say what these jobs publish; "" for jobs that only test."""
        return ", ".join(dict.fromkeys(each.publishes for each in self.streaks if each.publishes))

    @property
    def since_at(self) -> datetime | None:
        """Return when it was first known to be red."""
        return self.first_red.finished_at or self.first_red.queued_at

    @property
    def commits(self) -> str:
        """Say how many commits came into question."""
        count = len(self.changes) + self.more
        return f"{count} commit{'' if count == 1 else 's'}"

    @property
    def culprit(self) -> str:
        """Say since which commit: "since 4f2a91c0de by Ada", "since one of 3 commits up to …"."""
        sha, count = self.first_red.version[:10], len(self.changes) + self.more
        author = next((each.author for each in self.changes if each.sha == self.first_red.version), "")
        one = "since" if count <= 1 else f"since one of {count} commits up to"
        older = ", or older" if self.may_be_older else ""
        return f"{one} {sha}{f' by {author}' if author else ''}{older}" if sha else f"since an unknown commit{older}"


@dataclass(frozen=True)
class Ledger:
    """Where the builds of one kind of a branch stand on one service."""

    whole: Streak
    groups: list[RedGroup]
    publishing: list[Streak]

    @property
    def title(self) -> str:
        """Name the branch, the builds, and their service."""
        return f"{self.whole.branch}, {self.whole.get_kind_display()}, {Provider(self.whole.provider).label}"

    @property
    def red(self) -> bool:
        """Tell whether anything is red."""
        return bool(self.whole.red_runs or self.groups)


def ledgers(branch: str = "") -> list[Ledger]:
    """Return the ledger of a branch, or of all, in the order of their names."""
    rows = Streak.objects.select_related("first_red", "last_green", "latest")
    if branch:
        rows = rows.filter(branch=branch)
    found: dict[tuple[str, str, str], list[Streak]] = {}
    for row in rows:
        found.setdefault((row.branch, row.kind, row.provider), []).append(row)
    return [_ledger(streaks) for streaks in found.values()]


def latest_red(found: Iterable[Ledger]) -> set[int]:
    """Return the latest builds by which jobs are red, by their primary keys."""
    red = (each for ledger in found for group in ledger.groups for each in group.streaks)
    return {each.latest_id for each in red if each.latest_id}


def _ledger(streaks: list[Streak]) -> Ledger:
    whole = next(each for each in streaks if each.key == WHOLE)
    jobs = [each for each in streaks if each.key != WHOLE]
    red = sorted((_group(found) for found in groups(jobs)), key=lambda group: str(group.since_at))
    return Ledger(whole, red, [each for each in jobs if each.publishes])


def _group(found: list[Streak]) -> RedGroup:
    first_red, last_green = found[0].first_red, found[0].last_green
    assert first_red is not None  # noqa: S101 - red jobs have one
    changes = _changes(found[0].branch, last_green, first_red)
    return RedGroup(found, first_red, last_green, changes[-SHOWN:], max(len(changes) - SHOWN, 0))


def _changes(branch: str, green: Build | None, red: Build) -> list[Change]:
    """Return the commits after the last green run's up to the first red one's; that one alone without a green one."""
    orders = dict(
        Commit.objects.filter(branch=branch, sha__in=[red.version, green.version if green else ""]).values_list(
            "sha", "order"
        )
    )
    if red.version not in orders:
        return _changes_of_builds(branch, green, red)
    last = orders[red.version]
    first = orders.get(green.version, last - 1) if green else last - 1
    rows = Commit.objects.filter(branch=branch, order__gt=first, order__lte=last).order_by("order")
    return [Change(row.sha, row.author, row.subject, row.ticket, row.modules) for row in rows]


def _changes_of_builds(branch: str, green: Build | None, red: Build) -> list[Change]:
    """Return what builds tell of the commits between, where the branch's history is not known."""
    builds = Build.objects.filter(branch=branch, scope=Build.Scope.BRANCH, queued_at__lte=red.queued_at)
    builds = builds.filter(queued_at__gt=green.queued_at).exclude(version=green.version) if green else builds
    rows = builds.filter(pk=red.pk) if green is None else builds.order_by("queued_at", "pk")
    found = {row.version: _change(row) for row in rows if row.version}
    return list(found.values())


def _change(build: Build) -> Change:
    ticket = TICKET.search(build.message)
    return Change(build.version, "", build.message, ticket[1] if ticket else "", tags(build.message))


def red_runs(now: datetime) -> dict[str, dict[str, int]]:
    """Return by kind and branch how many runs in a row failed, by the service that has a say and is the worst."""
    red: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    rows = Streak.objects.filter(key=WHOLE, latest__queued_at__gt=now - RECENT)
    decisions = Decisions()
    for kind, branch, provider, runs in rows.values_list("kind", "branch", "provider", "red_runs"):
        if decisions.hears(branch, provider):
            red[kind][branch] = max(red[kind][branch], runs)
    return red


def red_words(runs: int) -> str:
    """Say how the last runs ended: "succeeded", or for how many runs it has been red."""
    return f"red for {counted(runs, 'run')}" if runs else "succeeded"
