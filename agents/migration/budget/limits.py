"""What the Apache Software Foundation lets a project use of GitHub's runners, and what it uses.

The policy (infra.apache.org/github-actions-policy) counts all repositories of a project: at most 250,000 minutes in a
calendar week and 216,000 in any five days; at most 20 jobs of one workflow at once, and better 15. PURE
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

MINUTES_WEEK, MINUTES_5_DAYS = 250_000, 216_000
JOBS_AT_ONCE, BETTER_AT_ONCE = 20, 15
RUNNER_WEEK = 7 * 24 * 60  # minutes that one runner can work in a week
WINDOW = 5  # days


@dataclass(frozen=True)
class Work:
    """One attempt of a job on a hosted runner; without an end it runs still."""

    run: int  # the run's id
    job: str  # what it is called in every attempt
    started_at: datetime
    finished_at: datetime | None
    machine: str = ""


def week_of(now: datetime) -> datetime:
    """Return the Monday, midnight UTC, on which the calendar week of a moment begins."""
    day = now.astimezone(UTC).date()
    return datetime.combine(day - timedelta(days=day.weekday()), time(), UTC)


def once(work: Iterable[Work]) -> list[Work]:
    """Return each attempt once: a run that was repeated tells what had succeeded before as if it ran anew."""
    return list({(each.run, each.job, each.started_at, each.machine): each for each in work}.values())


def seconds_within(work: Work, start: datetime, end: datetime, now: datetime) -> float:
    """Return for how long it worked in [start, end); what runs still counts up to now."""
    until = min(work.finished_at or now, end, now)
    return max((until - max(work.started_at, start)).total_seconds(), 0.0)


def peak(work: Iterable[Work], now: datetime) -> int:
    """Return how many worked at the same moment, at the most; one that ends as another begins is not with it."""
    events: Counter[tuple[datetime, int]] = Counter()
    for each in work:
        events[each.started_at, 1] += 1
        events[max(each.finished_at or now, each.started_at), 0] += 1
    now_working = most = 0
    for (_, begins), number in sorted(events.items()):
        now_working += number if begins else -number
        most = max(most, now_working)
    return most


def worst_window(seconds: Mapping[date, float], days: int = WINDOW) -> tuple[date | None, float]:
    """Return the first day and the seconds of the worst of all windows of so many days; None where nothing worked."""
    used = {day: amount for day, amount in seconds.items() if amount > 0}
    starts = {day - timedelta(days=back) for day in used for back in range(days)}
    sums = {start: sum(used.get(start + timedelta(days=n), 0.0) for n in range(days)) for start in starts}
    worst = max(sums, key=lambda start: (sums[start], start), default=None)
    return worst, sums[worst] if worst else 0.0


def runners(minutes: float, week: float = RUNNER_WEEK) -> float:
    """Return how many runners would be busy all week long."""
    return minutes / week


def shares(amounts: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    """Return amounts of the same name together, the largest first."""
    total: Counter[str] = Counter()
    for name, amount in amounts:
        total[name] += amount  # type: ignore[assignment]
    return sorted(total.items(), key=lambda item: (-item[1], item[0]))
