"""What an admin's pattern matches: in failed jobs of 30 days, in green jobs, in its sample build; then it is in use."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from agents.builds.log_tail import TAIL_LINES
from agents.models import Build, Failure, Job, LogExtract, Pattern, PatternHit
from agents.models.builds import Result
from agents.patterns.expressions import PatternError, compiled, matched_line
from agents.patterns.kept import KEEP, save_extracts
from flinkci_dashboard.clients.errors import NotFoundError, ServiceError
from flinkci_dashboard.clients.providers import connect
from flinkci_dashboard.jobs.run import Pass

GREEN_BUILDS = 4  # whose jobs' logs are read for a preview, unless there are enough of the last week
GREEN_JOBS = 20
FRESH = timedelta(days=7)
GREEN_SHARE = 0.1  # of the green jobs that a pattern may match
BATCH = 200


def match_patterns(current: Pass) -> None:
    """Preview new patterns; match those in use with the logs that came since."""
    for pattern in Pattern.objects.filter(state=Pattern.State.NEW).order_by("pk"):
        _read_green_logs(current)
        _preview(pattern, current)
    _match_new(current)


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


# Previews ----------------------------------------------------------------------------------------


def _preview(pattern: Pattern, current: Pass) -> None:
    """Try a pattern on what is kept, and take it into use where nothing speaks against it."""
    expressions = _compiled(pattern)
    since = current.now - KEEP
    red = LogExtract.objects.filter(green=False, at__gt=since).select_related("job")
    hits = list(_matching(expressions, red.iterator(BATCH)))
    green = LogExtract.objects.filter(green=True, at__gt=since)
    tried, wrong = green.count(), sum(1 for _ in _matching(expressions, green.iterator(BATCH)))
    builds = len({row.job.build_id for row in hits})
    problem = _problem(pattern, expressions, {row.job.build_id for row in hits}, wrong, tried)
    pattern.preview = f"{builds} builds in 30 days; {wrong} of {tried} green jobs. {problem or 'It is in use.'}"
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


def _problem(pattern: Pattern, expressions: Sequence[Any], builds: set[int], wrong: int, tried: int) -> str:
    """Return why a pattern is not to be used, "" where nothing speaks against it."""
    if not expressions:
        return "It is no regular expression of RE2."
    if wrong > GREEN_SHARE * tried:
        return f"It matches more than {GREEN_SHARE:.0%} of the green jobs, and so tells nothing of failures."
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


# Green logs --------------------------------------------------------------------------------------


def _read_green_logs(current: Pass) -> None:
    """Keep the ends of some green jobs' logs: what a pattern matches there is no failure."""
    since = current.now - FRESH
    if LogExtract.objects.filter(green=True, at__gt=since).count() >= GREEN_JOBS:
        return
    for build in Build.objects.filter(result=Result.SUCCEEDED, finished_at__gt=since).order_by("-pk")[:GREEN_BUILDS]:
        try:
            save_extracts(_logs_of(build, since), green=True)
        except NotFoundError:
            continue  # deleted, or its logs are
        except ServiceError as error:
            current.fail(f"Green logs of build {build}: {error}")


def _logs_of(build: Build, since: datetime) -> Iterator[tuple[Job, Sequence[str]]]:
    jobs = Job.objects.filter(build=build, result=Result.SUCCEEDED, finished_at__gt=since, log_id__isnull=False)
    by_log = {job.log_id: job for job in jobs.order_by("order", "pk")[: GREEN_JOBS // 2] if job.log_id is not None}
    tails = connect(build.provider, build.repository).tails(build.external_id, by_log, TAIL_LINES)
    return ((by_log[log_id], tail.lines) for log_id, tail in tails.items())
