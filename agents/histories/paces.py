"""How long tests take on branches, by the logs that are read anyway: rows, and which have got slower."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from agents.builds.log_tail import plain
from agents.charts.pace import BEFORE, LAST, passed_in, slower
from agents.failures.match import name_of
from agents.models import Build, Job, Test, TestPace
from flinkci_dashboard.models.writing import Changes

KEPT = LAST + BEFORE  # runs of each
LONG = 60.0  # seconds: what takes less, and has never failed, has no row
RECENT = timedelta(days=30)  # what has not run since is of the past
SHOWN = 15
Logs = Sequence[tuple[Job, Sequence[str]]]
Place = tuple[str, str]  # the job's key, and the name


def note_paces(build: Build, logs: Logs) -> int:
    """Add what tests took that passed in jobs of a branch's build, by the ends of their logs; returns rows written."""
    if build.scope != Build.Scope.BRANCH or not build.branch:
        return 0
    told = [(job, _passed(lines)) for job, lines in logs]
    of_branch = {"branch": build.branch, "provider": build.provider}
    rows = TestPace.objects.filter(**of_branch, key__in=[job.key for job, _ in told])
    known = {(row.key, row.name): row for row in rows}
    kept = _kept(told, {name for _, name in known})
    changes: Changes[TestPace] = Changes()
    for job, name, seconds in kept:
        row = known.get((job.key, name)) or TestPace(key=job.key, name=name, **of_branch)
        changes.put(row, _with(row, job.finished_at or build.changed_at, seconds))
    return changes.write()


def slow_tests(now: datetime) -> list[TestPace]:
    """Return what has got slower, that first which lost the most."""
    rows = TestPace.objects.filter(since__isnull=False, seen_at__gt=now - RECENT).defer("runs")
    return sorted(rows, key=lambda row: (row.usual_seconds or 0) - (row.seconds or 0))[:SHOWN]


def paces_of(key: str) -> list[TestPace]:
    """Return how long a test, by its key, or else its class took lately: on each branch, in each job."""
    rows = TestPace.objects.filter(name__in={key, owner_of(key)}).order_by("branch", "provider", "key")
    return [row for row in rows if row.name == key] or list(rows)


def owner_of(key: str) -> str:
    """Return what is timed as a whole of a test: its class, or the end-to-end test itself."""
    return key.partition("#")[0]


def _passed(lines: Sequence[str]) -> dict[str, float]:
    return passed_in(plain(line[:600]) for line in lines)


def _kept(told: Iterable[tuple[Job, dict[str, float]]], known: set[str]) -> list[tuple[Job, str, float]]:
    """Return what is worth a row: what has one, what is long, and what has failed."""
    found = [(job, name, seconds) for job, passed in told for name, seconds in passed.items()]
    wanted = known | _that_failed({name for _, name, _ in found} - known)
    return [each for each in found if each[2] >= LONG or each[1] in wanted]


def _that_failed(names: Iterable[str]) -> set[str]:
    """Return those in which a test has failed, ever."""
    wanted = set(names)
    if not wanted:
        return set()
    keys = {name_of(name).key for name in Test.objects.values_list("name", flat=True)}
    return wanted & (keys | {owner_of(key) for key in keys})


def _with(row: TestPace, at: datetime, seconds: float) -> dict[str, Any]:
    """Return the facts of a row with one more run; a log that is read twice tells of one."""
    runs = dict(row.runs) | {int(at.timestamp()): round(seconds, 1)}
    kept = sorted(runs.items())[-KEPT:]
    found = slower([taken for _, taken in kept])
    since = row.since or datetime.fromtimestamp(kept[-LAST][0] if found else 0, UTC)
    return {
        "runs": [list(run) for run in kept],
        "seen_at": datetime.fromtimestamp(kept[-1][0], UTC),
        "usual_seconds": int(found.usual) if found else None,
        "seconds": int(found.lately) if found else None,
        "since": since if found else None,
    }
