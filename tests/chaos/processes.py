"""What is left of processes that were killed: none of them, no lock, and nothing under way."""

import time
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.models import Q

from flinkci_dashboard.jobs.locks import exclusive
from flinkci_dashboard.models import Action, JobRequest, JobRun
from tests.chaos.passes import JOBS
from tests.chaos.town import Town

PATIENCE = 60.0  # seconds in which what was told to end has to be gone
ADVISORY = (
    "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database"
    " WHERE locktype = 'advisory' AND granted AND datname = current_database()"
)


def no_orphans(town: Town) -> Iterator[str]:
    """No git, and no pass, goes on of which nobody knows."""
    signs = (str(settings.DATA_DIR), town.world.server.address)
    deadline = time.perf_counter() + PATIENCE
    while (left := list(_processes(signs))) and time.perf_counter() < deadline:
        time.sleep(0.1)
    yield from (f"{each} goes on" for each in left)


def _processes(signs: tuple[str, ...]) -> Iterator[str]:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            at = str((folder / "cwd").readlink())
        except OSError:
            continue  # it has ended
        ours = any(sign in command or at.startswith(sign) for sign in signs)
        if ours and ("git" in command.partition(" ")[0] or "chaos.child" in command):
            yield f"process {folder.name} ({command.strip()})"


def no_locks(town: Town) -> Iterator[str]:
    """Nobody holds the lock of a job, and no git left one in a cached repository."""
    for name in JOBS:
        with exclusive(name) as is_free:
            if not is_free:
                yield f"the lock of {name} is held"
    for path in (settings.DATA_DIR / "git").rglob("*.lock"):
        yield f"{path} was left"
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(ADVISORY)
            if held := cursor.fetchone()[0]:
                yield f"{held} advisory locks are held"


def nothing_open(town: Town) -> Iterator[str]:
    """Every act is settled, every pass has ended, and every request was answered."""
    for action in Action.objects.filter(state=Action.State.PENDING):
        yield f"the act {action.key} is not settled"
    for job_run in JobRun.objects.filter(Q(outcome=JobRun.Outcome.RUNNING) | Q(ended_at=None)):
        yield f"a run of {job_run.job} never ended"
    for request in JobRequest.objects.filter(settled_at=None):
        yield f"the request {request.act} {request.subject} was not answered"


RULES = (no_orphans, no_locks, nothing_open)
