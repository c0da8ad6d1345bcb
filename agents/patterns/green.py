"""The ends of logs of jobs that succeeded: some builds of each branch, so that patterns can be tried on them, and so
that it is known how long tests take, and whether jobs sit idle at their end.
"""

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef

from agents.builds.causes import save_idle
from agents.builds.log_tail import TAIL_LINES
from agents.builds.rows import note_green
from agents.histories.paces import note_paces
from agents.models import Build, Job, LogExtract
from agents.models.builds import Result, Status
from agents.patterns.kept import save_extracts
from flinkci_dashboard.clients.errors import NotFoundError, ServiceError
from flinkci_dashboard.clients.providers import connect
from flinkci_dashboard.jobs.run import Pass

RECENT = timedelta(days=2)  # builds that ended before are read no more
EVERY = timedelta(hours=6)  # in which one build of each branch and service is read
BUILDS, JOBS = 6, 24  # in one pass; and of a build: a question for each
KEEP = 2000  # extracts of green jobs, the newest

GREEN = Job.objects.filter(latest=True, result=Result.SUCCEEDED, log_id__isnull=False)
Slot = tuple[str, str, int]  # service, branch, and which six hours


def read_green_logs(current: Pass) -> None:
    """Read the green jobs of one build of each branch, service and six hours: nightlies first. Nothing new is free."""
    sick: set[str] = set()
    for build in _due(current.now):
        if build.provider in sick:
            continue
        try:
            _read(build)
        except NotFoundError:
            pass  # it was deleted, or its logs were: there is nothing more to ask
        except ServiceError as error:
            current.fail(f"Green logs of build {build}: {error}")
            sick.add(build.provider)
            continue
        note_green(build, current.now)
        current.count("green_builds_read")


def _due(now: datetime) -> list[Build]:
    ended = Build.objects.filter(
        scope=Build.Scope.BRANCH, status=Status.FINISHED, jobs_pending=False, finished_at__gt=now - RECENT
    )
    rows = ended.exclude(branch="").filter(Exists(GREEN.filter(build=OuterRef("pk"))), gone_at=None)
    done: set[Slot] = set()
    found: dict[Slot, Build] = {}
    needed = ("number", "provider", "branch", "scope", "finished_at", "reason", "repository", "external_id")
    for build in rows.only(*needed, "green_read_at").order_by("finished_at", "pk"):
        slot = _slot(build)
        if build.green_read_at:
            done.add(slot)
        elif slot not in found or build.reason == Build.Reason.SCHEDULE:
            found[slot] = build
    return [build for slot, build in found.items() if slot not in done][-BUILDS:]


def _slot(build: Build) -> Slot:
    seconds = build.finished_at.timestamp() if build.finished_at else 0.0
    return build.provider, build.branch, int(seconds // EVERY.total_seconds())


def _read(build: Build) -> None:
    jobs = GREEN.filter(build=build).order_by("order", "pk")
    by_log = {job.log_id: job for job in jobs[:JOBS] if job.log_id is not None}
    tails = connect(build.provider, build.repository).tails(build.external_id, by_log, TAIL_LINES)
    logs = [(by_log[log_id], tail.lines) for log_id, tail in tails.items()]
    save_extracts(logs, green=True)
    note_paces(build, logs)
    save_idle(logs)
    _forget()


def _forget() -> None:
    """Drop the oldest, beyond as many as are kept."""
    oldest = LogExtract.objects.filter(green=True).order_by("-at", "-pk").values_list("pk", flat=True)
    if surplus := list(oldest[KEEP:]):
        LogExtract.objects.filter(pk__in=surplus).delete()
