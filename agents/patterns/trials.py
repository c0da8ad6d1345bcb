"""What an admin's pattern matches: in failed jobs of 30 days, in green jobs, in its sample build; then it is in use."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from agents.models import Failure, LogExtract, Pattern, PatternHit
from agents.patterns.expressions import PatternError, compiled, matched_line
from agents.patterns.kept import KEEP
from flinkci_dashboard.jobs.run import Pass

FEW = 20  # green jobs: of fewer, hardly one can be expected to match
GREEN_SHARE = 0.1  # of the green jobs that a pattern may match
BATCH = 200
TOO_MANY = f"It matches more than {GREEN_SHARE:.0%} of the green jobs, and so tells nothing of failures."


def match_patterns(current: Pass) -> None:
    """Preview new patterns; match those in use with the logs that came since, of green jobs, too."""
    for pattern in Pattern.objects.filter(state=Pattern.State.NEW).order_by("pk"):
        _preview(pattern, current)
    _match_new(current)
    _watch(current)


def _match_new(current: Pass) -> None:
    new = list(LogExtract.objects.filter(green=False, matched=False).select_related("job").order_by("pk")[:BATCH])
    if not new:
        return
    live = [
        (failure, expressions)
        for failure in Failure.objects.filter(pattern__state=Pattern.State.LIVE).select_related("pattern")
        if failure.pattern and (expressions := _compiled(failure.pattern))
    ]
    with transaction.atomic():
        hits = sum(_save_hits(failure, _matching(expressions, new)) for failure, expressions in live)
        LogExtract.objects.filter(pk__in=[row.pk for row in new]).update(matched=True)
    if hits:
        current.count("pattern_hits", hits)


def _watch(current: Pass) -> None:
    """Take a pattern out of use that matches too many of the green jobs whose logs came since."""
    new = list(LogExtract.objects.filter(green=True, matched=False).values_list("pk", flat=True)[:BATCH])
    if not new:
        return
    for pattern in Pattern.objects.filter(state=Pattern.State.LIVE):
        wrong, tried = _in_green(_compiled(pattern), current.now)
        if tried >= FEW and wrong > GREEN_SHARE * tried:
            facts = {"state": Pattern.State.REFUSED, "previewed_at": current.now}
            words = f"It was in use, and is no more: {wrong} of {tried} green jobs. {TOO_MANY}"
            with transaction.atomic():
                live = Pattern.objects.filter(pk=pattern.pk, lines=pattern.lines, state=Pattern.State.LIVE)
                if live.update(preview=words, **facts):
                    Failure.objects.filter(pattern=pattern).delete()
                    current.count("patterns_refused")
    LogExtract.objects.filter(pk__in=new).update(matched=True)


# Previews ----------------------------------------------------------------------------------------


def _preview(pattern: Pattern, current: Pass) -> None:
    """Try a pattern on what is kept, and take it into use where nothing speaks against it."""
    expressions = _compiled(pattern)
    since = current.now - KEEP
    red = LogExtract.objects.filter(green=False, at__gt=since).select_related("job")
    hits = list(_matching(expressions, red.iterator(BATCH)))
    wrong, tried = _in_green(expressions, current.now)
    builds = len({row.job.build_id for row in hits})
    problem = _problem(pattern, expressions, {row.job.build_id for row in hits}, wrong, tried)
    few = ", too few to judge" if tried < FEW else ""
    pattern.preview = f"{builds} builds in 30 days; {wrong} of {tried} green jobs{few}. {problem or 'It is in use.'}"
    pattern.state = Pattern.State.REFUSED if problem else Pattern.State.LIVE
    pattern.previewed_at = current.now
    with transaction.atomic():
        changed = Pattern.objects.filter(pk=pattern.pk, lines=pattern.lines, state=Pattern.State.NEW)
        if changed.update(preview=pattern.preview, state=pattern.state, previewed_at=pattern.previewed_at):
            Failure.objects.filter(pattern=pattern).delete()
            if not problem:
                failure = Failure.objects.create(pattern=pattern, kind=Failure.Kind.PATTERN, key=pattern.name)
                _save_hits(failure, hits)
            current.count("patterns_previewed")


def _in_green(expressions: Sequence[Any], now: datetime) -> tuple[int, int]:
    """Return how many of the kept logs of green jobs are matched, and how many there are."""
    green = LogExtract.objects.filter(green=True, at__gt=now - KEEP)
    return sum(1 for _ in _matching(expressions, green.iterator(BATCH))), green.count()


def _problem(pattern: Pattern, expressions: Sequence[Any], builds: set[int], wrong: int, tried: int) -> str:
    """Return why a pattern is not to be used, "" where nothing speaks against it."""
    if not expressions:
        return "It is no regular expression of RE2."
    if wrong > GREEN_SHARE * tried:
        return TOO_MANY
    if pattern.sample_id is None:
        return "It has no sample build."
    if pattern.sample_id not in builds:
        kept = LogExtract.objects.filter(job__build=pattern.sample_id, green=False).exists()
        return (
            "It does not match its sample build." if kept else "No log of its sample build is kept: take a later one."
        )
    return ""


def _save_hits(failure: Failure, rows: Iterable[LogExtract]) -> int:
    hits = [PatternHit(failure=failure, job=row.job, build_id=row.job.build_id, at=row.at) for row in rows]
    return len(PatternHit.objects.bulk_create(hits, ignore_conflicts=True, batch_size=500))


def _matching(expressions: Sequence[Any], rows: Iterable[LogExtract]) -> Iterator[LogExtract]:
    return (row for row in rows if expressions and matched_line(expressions, row.text.splitlines()))


def _compiled(pattern: Pattern) -> list[Any]:
    try:
        return compiled(pattern.lines)
    except PatternError:
        return []  # it was written past the form
