"""The criteria, looked at again: each keeps the figure that decides, and since when it is met."""

from datetime import datetime, timedelta

from django.db.models import Count, Min, Q, Sum

from agents.builds.observe import note
from agents.migration.budget.usage import use
from agents.migration.criteria import Kind, Known, judge, turned
from agents.migration.edits import under_way
from agents.migration.over_time import refresh_over_time
from agents.migration.rows import refresh_pairs
from agents.models import Criterion, Pair, PairGroup, Watermark
from flinkci_dashboard.models.writing import Changes

EVERY = timedelta(minutes=10)


def refresh_migration(now: datetime) -> None:
    """Make pairs and their figures anew where something changed, and judge the criteria.

    They are not judged while an edit of the job map is carried out: by two maps nothing is met or lost.
    """
    made = refresh_pairs(now)
    refresh_over_time(now)
    if (made or Pair.objects.exists()) and not under_way():
        refresh_criteria(now, news=made > 0)


def judge_soon() -> None:
    """Let the next pass judge the criteria, whether or not anything else is new."""
    Watermark.objects.filter(name="criteria").update(at=None)


def refresh_criteria(now: datetime, news: bool) -> int:
    """Judge the criteria where there is `news`, and at times anyhow; returns how many changed."""
    mark = Watermark.objects.get_or_create(name="criteria")[0]
    if not news and mark.at and timedelta(0) <= now - mark.at < EVERY:
        return 0
    rows, used = list(Criterion.objects.all()), use(now)
    known = {days: _known(now - timedelta(days=days), used.share, used.peak_jobs) for days in {r.days for r in rows}}
    changes: Changes[Criterion] = Changes()
    for row in rows:
        outcome = judge(Kind(row.kind), row.threshold, known[row.days], now, row.excepted.splitlines())
        since = turned(outcome.met, row.met_since, now)
        lost = {"lost_since": row.met_since, "lost_at": now} if row.met_since and not since else {}
        changes.put(row, {"figure": outcome.figure[:500], "met_since": since} | lost)
    mark.at = now
    mark.save(update_fields=["at"])
    note(mark, "")
    return changes.write()


def _known(since: datetime, share: float, peak: int) -> Known:
    pairs = Pair.objects.filter(at__gt=since)
    found = pairs.aggregate(
        first=Min("at"),
        decided=Count("pk", filter=~Q(agreement=Pair.Agreement.NONE)),
        agreed=Sum("agreed", default=0),
        differed=Sum("differed", default=0),
    )
    alone = PairGroup.objects.filter(at__gt=since, mapped=False).values_list("group", flat=True).distinct()
    return Known(found["first"], found["decided"], found["agreed"], found["differed"], share, peak, frozenset(alone))
