"""What Azure tells of the builds of pull requests → rows; one call for what is unfinished, one for what ended."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Q

from agents.builds.rows import save_builds
from agents.models import Build
from agents.models.builds import Status
from flinkci_dashboard.clients.azure.project import Azure
from flinkci_dashboard.jobs.run import Pass
from sync.models import PullRequest, Watermark
from sync.pulls.report import build_id, parse

OVERLAP = timedelta(minutes=10)  # a build's end may be told late
FIRST_LOOK = timedelta(days=2)  # how far the first pass looks back; older builds are asked for when a report names them
PROVIDER = "azure"


def observe_builds(current: Pass, azure: Azure) -> None:
    """Bring the rows up to date. Raises the errors of `clients.errors`."""
    mark = Watermark.objects.filter(name="builds").first() or Watermark(name="builds")
    since = datetime.fromisoformat(mark.data["since"]) if mark.data else current.now - FIRST_LOOK
    unfinished = azure.unfinished_builds()
    finished = azure.finished_builds(since=since - OVERLAP)
    told = {build.external_id: build for build in (*finished, *unfinished)}
    save_builds(told.values(), current.now)
    _close_lost(current, azure, set(told))
    newest = max((build.finished_at for build in finished if build.finished_at), default=since)
    if not mark.data or newest > since:
        mark.data = {"since": max(newest, since).isoformat()}
        mark.save()


def read_reported(current: Pass, azure: Azure, pulls: Iterable[PullRequest], bodies: dict[int, list[str]]) -> bool:
    """Read the builds that reports name and that we do not know: those of a bot before us; tells if there were any.

    What Azure has no more is noted with the pull request. `bodies` holds the texts of reports by pull request.
    """
    named = {pull.pk: _named(bodies.get(pull.pk, ())) - set(pull.lost_builds) for pull in pulls}
    wanted = set().union(*named.values()) if named else set()
    if not wanted:
        return False
    known = set(Build.objects.filter(provider=PROVIDER, external_id__in=wanted).values_list("external_id", flat=True))
    asked = wanted - known
    if not asked:
        return False
    found = azure.builds_by_id(asked)
    save_builds(found, current.now)
    lost = asked - {build.external_id for build in found}
    for pull in pulls:
        if gone := named[pull.pk] & lost:
            pull.lost_builds = sorted({*pull.lost_builds, *gone})
            pull.save(update_fields=["lost_builds"])
    return True


def _named(bodies: Iterable[str]) -> set[int]:
    """Return the builds of all commits that are still shown."""
    reports = [parsed.report for parsed in map(parse, bodies) if parsed.report]
    entries = [entry for report in reports for entry in report.known if entry.status != "DELETED"]
    return {number for entry in entries if (number := build_id(entry.url))}


def _close_lost(current: Pass, azure: Azure, told: set[int]) -> None:
    """Ask after builds that we take for unfinished and that were not told; a deleted one waits for nothing."""
    ours = Build.objects.filter(~Q(status=Status.FINISHED), provider=PROVIDER, scope=Build.Scope.PULL)
    lost = set(ours.exclude(external_id__in=told).values_list("external_id", flat=True))
    if not lost:
        return
    found = azure.builds_by_id(lost)
    save_builds(found, current.now)
    gone = lost - {build.external_id for build in found}
    ours.filter(external_id__in=gone).update(
        status=Status.FINISHED, gone_at=current.now, jobs_pending=False, changed_at=current.now
    )
