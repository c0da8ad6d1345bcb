"""The one reader of builds: what CI services tell → rows, for every job that needs them.

One look at a service costs two calls: what is unfinished, and what finished since the last look of any job.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.db.models import Q

from agents.builds.rows import close_gone, save_builds
from agents.models import Build, Watermark
from agents.models.builds import Status
from flinkci_dashboard.clients.errors import NotFoundError, ServiceError
from flinkci_dashboard.clients.facts import BuildFacts
from flinkci_dashboard.clients.providers import CIService
from flinkci_dashboard.jobs.clocks import AHEAD, believed, move_back, were_ahead
from flinkci_dashboard.jobs.run import Pass

OVERLAP = timedelta(minutes=10)  # clocks differ, and a build's end may be told late
HISTORY_PAGE = 200  # builds of the past in one pass, until the service has no older ones
WITNESSES = 5  # builds that are asked for along with missing ones
MAX_MISSING = 10  # builds that are asked for one by one in a pass


def observe_builds(current: Pass, service: CIService) -> None:
    """Bring the rows of a service's builds up to date. Raises the errors of `clients.errors`; the mark notes them."""
    mark = watermark("builds", service.provider)
    if were_ahead(current.now):
        move_back(current.now, Build, "jobs_tried_at", "tests_tried_at")
    try:
        _look(current, service, mark)
    except ServiceError as error:
        note(mark, str(error))
        raise
    note(mark, "")


def read_history(current: Pass, service: CIService) -> None:
    """Go back in time, a page in each pass, until the service has nothing older; our rows outlive what it keeps."""
    mark = watermark("history", service.provider, note="begin")
    if not mark.note:
        return
    ended = Build.objects.filter(provider=service.provider, finished_at__isnull=False).order_by("finished_at")
    until = mark.at or ended.values_list("finished_at", flat=True).first()
    older = service.finished_builds(until=until, limit=HISTORY_PAGE)
    take_in(current, older)
    oldest = min((build.finished_at for build in older if build.finished_at), default=until)
    if not older and (until is None or not service.finished_builds(limit=1)):
        return  # it shows no build at all, and so does not say that the past has ended
    mark.note = "going back" if oldest != until else ""
    mark.at = oldest
    mark.save(update_fields=["at", "note"])


def ask_for(current: Pass, service: CIService, ids: Iterable[int]) -> set[int]:
    """Read builds by their ids; returns those that the service does not have.

    A service that has lost its trust in our token answers lists with nothing. So builds that it is known to have are
    asked for along with them: while it shows none of those, nothing is missing.
    """
    wanted = set(ids)
    if not wanted:
        return set()
    known = Build.objects.filter(provider=service.provider, gone_at=None).exclude(external_id__in=wanted)
    witnesses = set(known.order_by("-external_id").values_list("external_id", flat=True)[:WITNESSES])
    answer = service.builds_by_id(wanted | witnesses)
    take_in(current, answer)
    shown = {build.external_id for build in answer}
    return wanted - shown if shown & witnesses or not witnesses else set()


def take_in(current: Pass, facts: Iterable[BuildFacts]) -> None:
    """Write what was told of builds of one provider; right rows are not written."""
    if changed := save_builds(facts, current.now):
        current.count("builds_changed", len(changed))


def is_gone(current: Pass, service: CIService, build_id: int) -> bool:
    """Ask for one build by its id, and keep what is told of it; tells whether its service says that it has none."""
    try:
        take_in(current, [service.build(build_id)])
    except NotFoundError:
        return True
    return False


def watermark(what: str, provider: str, **defaults: str) -> Watermark:
    """Return how far something has been read of one service."""
    return Watermark.objects.get_or_create(name=f"{what}:{provider}", defaults=defaults)[0]


def note(mark: Watermark, text: str) -> None:
    """Note what stands in the way, or that nothing does any more."""
    if mark.note != text:
        mark.note = text
        mark.save(update_fields=["note"])


def _look(current: Pass, service: CIService, mark: Watermark) -> None:
    unfinished = service.unfinished_builds()
    now = service.now()
    since = believed(mark.at, now) - OVERLAP if mark.at else None
    finished = service.finished_builds(since=since, limit=None if since else HISTORY_PAGE)
    latest = {build.external_id: build for build in (*unfinished, *finished)}
    take_in(current, latest.values())
    _settle_missing(current, service, latest.keys())
    _move(mark, max((build.finished_at for build in finished if build.finished_at), default=None), now)


def _settle_missing(current: Pass, service: CIService, shown: Collection[int]) -> None:
    """What we take for unfinished and no list shows is asked for by id, then one by one: only then it is gone."""
    ours = Build.objects.filter(~Q(status=Status.FINISHED), provider=service.provider).exclude(external_id__in=shown)
    missing = ask_for(current, service, ours.order_by("-id").values_list("external_id", flat=True))
    gone = [build_id for build_id in sorted(missing)[:MAX_MISSING] if is_gone(current, service, build_id)]
    if closed := close_gone(service.provider, gone, current.now):
        current.count("builds_deleted", closed)


def _move(mark: Watermark, newest: datetime | None, now: datetime) -> None:
    """Another job may have moved it farther in the meantime: it never goes back, unless it lies in the future."""
    if newest and newest != mark.at:
        movable = Q(at=None) | Q(at__lt=newest) | Q(at__gt=now + AHEAD)
        Watermark.objects.filter(movable, pk=mark.pk).update(at=newest)
