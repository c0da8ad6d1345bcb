"""Lists, search and overview over 30,000 pull requests, 80,000 builds and 1,000,000 jobs in PostgreSQL.

Prints the median time of each page and its number of queries, at a hundredth of the size and at full size.
`python bench/pages.py [--keep FOLDER]` keeps the database in a folder, and uses one that is there.
"""

import argparse
import random
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from generate_builds import RELEASES, Ids, generate
from measuring import install, measure, postgresql, report

PULLS, OPEN, BUILDS, JOBS = 30_000, 1_000, 80_000, 1_000_000
PASSES, ACTS = 60_000, 60_000
LIMIT = 50.0  # milliseconds
KINDS = ("sync_mirrors", "sync_pulls", "label_pulls", "poll_builds", "poll_agents")
CI = ("success", "failure", "pending", "canceled")
PATHS = (
    *("/", "/pulls/", "/pulls/?page=500&state=all", "/pulls/?state=all&ci=failure&label=Area+3"),
    *("/pulls/?state=all&q=number+77", "/pulls/?author=person7", "/pulls/?waiting=agent", "/pulls/?ticket=FLINK-77"),
    *(f"/pulls/?state=all&sort={sort}" for sort in ("number", "ci", "-ci", "why", "-why", "author", "updated")),
    *(f"/builds/?sort={sort}" for sort in ("result", "branch", "-reason", "queued", "-ran_seconds")),
    *("/builds/?page=1000", "/search?q=FLINK-777", "/search?q=number", "/search?q=0a1b2c3", "/search?q=test_nothing"),
    *("/labels/", "/labels/?tab=changes", "/labels/?tab=pulls", "/activity/", "/activity/?words=push+77"),
    *("/activity/?page=900", "/jobs/", "/jobs/sync_pulls/", "/jobs/sync_pulls/?show=all&sort=-seconds", "/alerts/"),
    *("/infrastructure/", "/branches/release-2.2/", "/agents/", "/mirrors/", "/comparison/", "/pulls/29990/"),
)


def main() -> None:
    """Generate, measure, print; exits 1 when a page is slower than the limit or its queries grow."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--keep", type=Path)
    keep = parser.parse_args().keep
    with tempfile.TemporaryDirectory() as name:
        folder = keep or Path(name)
        install(folder, DATABASE_URL=postgresql(folder))
        small = filled(folder)
        print(f"{PULLS:,} pull requests, {BUILDS:,} builds, {JOBS:,} jobs, {PASSES:,} passes, {ACTS:,} acts")
        slow = [path for path in PATHS if not report(path, *measure(path), small.get(path, 99), LIMIT)]
    sys.exit(1 if slow else 0)


def filled(folder: Path) -> dict[str, int]:
    """Make all rows that are not there yet; returns how many queries each page took at a hundredth of them."""
    from agents.models import Build

    if Build.objects.exists():
        return {}
    dice, made = random.Random(15), Ids()
    generate(dice, made, BUILDS // 100, JOBS // 100)
    others(1, 100)
    small = {path: measure(path)[1] for path in PATHS if path != "/pulls/29990/"}
    generate(dice, made, BUILDS - BUILDS // 100, JOBS - JOBS // 100)
    others(100, 1)
    return small


def others(part: int, of: int) -> None:
    """Make rows of all other kinds: the first hundredth (1, 100), or all that is missing then (100, 1)."""
    from django.db import connection

    first, last = (0, PULLS // of) if part == 1 else (PULLS // part, PULLS)
    pulls(range(PULLS - last + 1, PULLS - first + 1))
    work(range(first * 2, last * 2))
    if part == 1:
        branches()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def pulls(numbers: range) -> None:
    """Make pull requests with their labels, tickets, branches and reports."""
    from labeler.models import LabelChange, LabelState, Ticket
    from sync.models import CIBranch, PullRequest, ReportComment

    now = datetime.now(UTC)
    rows = PullRequest.objects.bulk_create([pull(number, now) for number in numbers], batch_size=1000)
    tickets = Ticket.objects.bulk_create(
        [Ticket(key=f"FLINK-{row.number}", known=True, components=["Area 3"]) for row in rows], batch_size=1000
    )
    LabelState.objects.bulk_create(
        [
            LabelState(pull=row, ticket=ticket, state="right", state_since=now, seen_at=now)
            for row, ticket in zip(rows, tickets, strict=True)
        ],
        batch_size=1000,
    )
    LabelChange.objects.bulk_create(
        [LabelChange(pull=row, key=row.jira_key, added=["component=Area 3"], reason="It has it.") for row in rows],
        batch_size=1000,
    )
    ReportComment.objects.bulk_create(
        [ReportComment(comment_id=row.number, pull=row, body="## CI report:", written_at=now) for row in rows],
        batch_size=1000,
    )
    CIBranch.objects.bulk_create(
        CIBranch(name=f"ci_{row.number}_{row.head_sha}", number=row.number, sha=row.head_sha, tip="a", seen_at=now)
        for row in rows
        if row.state == "open"
    )


def pull(number: int, now: datetime):
    """Make up a pull request; the newest are open."""
    from sync.models import PullRequest

    at = now - timedelta(hours=PULLS - number)
    is_open = number > PULLS - OPEN
    return PullRequest(
        number=number,
        title=f"[FLINK-{number}][runtime] Change number {number}",
        jira_key=f"FLINK-{number}",
        author=f"person{number % 900}",
        base="master",
        head_sha=f"{number:040x}",
        state="open" if is_open else "merged",
        closed_at=None if is_open else at,
        merged_at=None if is_open else at,
        labels=[f"component=Area {number % 40}"],
        ci_state=CI[number % 4],
        waiting=("passed", "failed", "agent", "canceled")[number % 4] if is_open else "",
        why="its build succeeded {time} ago",
        why_since=at,
        created_at=at,
        updated_at=at,
    )


def work(numbers: range) -> None:
    """Make passes, acts, what people did, and what was told of it."""
    from flinkci_dashboard.models import Action, AuditEvent, JobRun

    now = datetime.now(UTC)
    at = {number: now - timedelta(seconds=20 * (PASSES - number)) for number in numbers}
    JobRun.objects.bulk_create(
        [
            JobRun(
                job=KINDS[n % 5],
                outcome="ok" if n % 9 else "partial",
                counts={"pushed": 1} if n % 3 else {},
                started_at=at[n],
                ended_at=at[n] + timedelta(seconds=n % 17),
            )
            for n in numbers
        ],
        batch_size=1000,
    )
    Action.objects.bulk_create(
        [
            Action(
                key=f"{n}", job="sync_pulls", kind="push-branch", subject=f"#{n // 2}", state="done", created_at=at[n]
            )
            for n in numbers
        ],
        batch_size=1000,
    )
    AuditEvent.objects.bulk_create(
        [AuditEvent(at=at[n], actor_name=f"p{n % 30}", act="run job", subject=f"{n}") for n in numbers[::3]],
        batch_size=1000,
    )
    told_of(at)


def told_of(at: dict[int, datetime]) -> None:
    """Make alerts that have ended, and messages."""
    from flinkci_dashboard.models import Alert, Notice

    told = {"rule": "job_late", "severity": "warn", "text": "x"}
    Alert.objects.bulk_create(
        Alert(key=f"{n}", subject=f"{n}", since=at[n], began_at=at[n], changed_at=at[n], ended_at=at[n], **told)
        for n in list(at)[::10]
    )
    Notice.objects.bulk_create(
        Notice(target="mail:a", place="a", title="T", body="B", severity="warn", created_at=at[n])
        for n in list(at)[::10]
    )


def branches() -> None:
    """Make mirrored branches, and a ledger for each."""
    from agents.models import Build, Streak
    from sync.models import Mirror, MirrorBranch

    now = datetime.now(UTC)
    for name in ("master", *RELEASES):
        facts = {"state": "in_sync", "selected": True, "source_sha": "a" * 40, "target_sha": "a" * 40}
        MirrorBranch.objects.create(mirror=Mirror.objects.get(), name=name, committed_at=now, **facts)
        latest = Build.objects.filter(branch=name).latest("queued_at")
        for kind in ("push", "nightly"):
            Streak.objects.create(branch=name, kind=kind, provider="azure", latest=latest, first_red=latest, red_runs=2)


if __name__ == "__main__":
    main()
