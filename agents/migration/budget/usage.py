"""Jobs on hosted runners → what each workflow used of them, day by day (UTC)."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Q

from agents.charts.arithmetic import DAY, midnight
from agents.migration.budget.limits import (
    JOBS_AT_ONCE,
    MINUTES_5_DAYS,
    MINUTES_WEEK,
    Work,
    once,
    peak,
    seconds_within,
    shares,
    week_of,
    worst_window,
)
from agents.migration.pairs import NIGHTLY
from agents.models import Followed, HostedDay, Job, StaleDay
from agents.models.builds import Status
from agents.models.machines import Host

PROJECT = "apache/flink"  # what all repositories begin with that the foundation counts together
LOOKS_BACK = timedelta(days=30)
Place = tuple[str, str, str]  # repository, workflow, branch


@dataclass(frozen=True)
class RunCost:
    """What one run of a workflow costs on average, of how many, and how many jobs of one worked at once, at most."""

    workflow: str
    minutes: float
    runs: int
    peak: int


@dataclass(frozen=True)
class Use:
    """What is used of the foundation's runners, in minutes, and its limits."""

    week_from: datetime
    minutes_week: float
    worst_from: date | None  # the first of the worst five days of the last 30
    minutes_worst: float
    peak_jobs: int  # of one run at once, this week
    by_repository: list[tuple[str, float]]
    by_workflow: list[tuple[str, float]]
    by_branch: list[tuple[str, float]]
    runs: list[RunCost]  # this week, by workflow
    by_day: dict[date, float]  # seconds of the last 30 days
    nights: dict[str, float]  # by branch, minutes of one nightly on average

    @property
    def share(self) -> float:
        """Return the larger share of the two limits, in per cent."""
        return 100 * max(self.minutes_week / MINUTES_WEEK, self.minutes_worst / MINUTES_5_DAYS)

    @property
    def too_many_at_once(self) -> bool:
        """Tell whether a run had more jobs at once than it may."""
        return self.peak_jobs > JOBS_AT_ONCE


def refresh_hosted_day(day: date, now: datetime) -> None:
    """Make the rows of a day anew; made anew, they come out the same."""
    HostedDay.objects.filter(day=day).delete()
    HostedDay.objects.bulk_create(_of_days([day], now), batch_size=500)


def hosted_days(first: date, now: datetime) -> list[HostedDay]:
    """Return what was used from a day on up to now. What may have changed since its rows were made is made anew."""
    today = now.date()
    fresh = {day for day in _running_days(now) if day >= first}
    fresh |= set(StaleDay.objects.filter(day__gte=first, day__lte=today).values_list("day", flat=True))
    made = HostedDay.objects.filter(day__gte=first, day__lte=today).exclude(day__in=fresh)
    return [*made, *_of_days(sorted(fresh), now)]


def _running_days(now: datetime) -> set[date]:
    """Return the days on which jobs work that have no end yet: their share of a day grows."""
    running = Job.objects.filter(host=Host.GITHUB, status=Status.RUNNING, started_at__gt=now - LOOKS_BACK)
    first = running.order_by("started_at").values_list("started_at", flat=True).first()
    days = (now.date() - first.date()).days + 1 if first else 0
    return {now.date() - n * DAY for n in range(days)}


def use(now: datetime) -> Use:
    """Return what is used of the budget: two or three queries."""
    monday = week_of(now)
    rows = hosted_days((now - LOOKS_BACK).date(), now)
    week = [row for row in rows if row.day >= monday.date()]
    by_day: dict[date, float] = defaultdict(float)
    for row in rows:
        by_day[row.day] += row.seconds
    worst_from, worst = worst_window(by_day)
    return Use(
        week_from=monday,
        minutes_week=sum(row.seconds for row in week) / 60,
        worst_from=worst_from,
        minutes_worst=worst / 60,
        peak_jobs=max((row.peak for row in week), default=0),
        by_repository=shares([(row.repository, row.seconds / 60) for row in week]),
        by_workflow=shares([(row.workflow, row.seconds / 60) for row in week]),
        by_branch=shares([(row.branch, row.seconds / 60) for row in week]),
        runs=_per_run(week),
        by_day=dict(by_day),
        nights=_nights(rows),
    )


def unread() -> list[Followed]:
    """Return the lists of repositories and of runs that could not be read: what they cost is not known."""
    lists = Q(query="") | Q(query__startswith="repositories")
    return list(Followed.objects.filter(lists).exclude(problem="").order_by("repository"))


def _nights(rows: Iterable[HostedDay]) -> dict[str, float]:
    """Return what a night costs on each branch of Flink itself: one run of each of its nightly workflows."""
    nightly = [row for row in rows if row.repository == PROJECT and NIGHTLY in row.workflow.lower()]
    found: dict[str, float] = {}
    for branch in {row.branch for row in nightly}:
        found[branch] = sum(each.minutes for each in _per_run([row for row in nightly if row.branch == branch]))
    return found


def _per_run(rows: Iterable[HostedDay]) -> list[RunCost]:
    days: dict[str, list[HostedDay]] = defaultdict(list)
    for row in rows:
        days[row.workflow].append(row)
    costs = [_cost(workflow, of_workflow) for workflow, of_workflow in days.items()]
    return sorted((cost for cost in costs if cost.runs), key=lambda cost: -cost.minutes)


def _cost(workflow: str, days: Collection[HostedDay]) -> RunCost:
    runs, seconds = sum(row.runs for row in days), sum(row.seconds for row in days)
    return RunCost(workflow, seconds / 60 / max(runs, 1), runs, max(row.peak for row in days))


def _of_days(days: list[date], now: datetime) -> list[HostedDay]:
    """Return the rows of some days, made of their jobs: one query."""
    if not days:
        return []
    work = _work(days[0], days[-1])
    return [row for day in days for place, pieces in work.items() if (row := _row(day, place, pieces, now)).seconds > 0]


def _row(day: date, place: Place, pieces: list[Work], now: datetime) -> HostedDay:
    start = midnight(day)
    worked = [(each, seconds_within(each, start, start + DAY, now)) for each in pieces]
    there = [each for each, seconds in worked if seconds > 0]
    runs: dict[int, list[Work]] = defaultdict(list)
    for each in there:
        runs[each.run].append(each)
    began = {each.run for each in there if each.started_at >= start}
    repository, workflow, branch = place
    return HostedDay(
        day=day,
        repository=repository,
        workflow=workflow,
        branch=branch,
        seconds=sum(seconds for _, seconds in worked),
        runs=len(began),
        peak=max((peak(of_run, now) for of_run in runs.values()), default=0),
    )


def _work(first: date, last: date) -> dict[Place, list[Work]]:
    """Return the attempts that may have worked on these days; a hosted runner works on one for less than a day."""
    jobs = Job.objects.filter(
        host=Host.GITHUB,
        build__repository__startswith=PROJECT,
        started_at__gte=midnight(first) - DAY,
        started_at__lt=midnight(last) + DAY,
    ).exclude(status=Status.FINISHED, finished_at=None)  # it was closed without an end
    of_run = ("build__repository", "build__definition", "build__branch")
    facts = ("build_id", "key", "started_at", "finished_at", "worker_name")
    found: dict[Place, list[Work]] = defaultdict(list)
    for repository, workflow, branch, *told in jobs.values_list(*of_run, *facts):
        found[repository, workflow, branch].append(Work(*told))
    return {place: once(pieces) for place, pieces in found.items()}
