"""What the page of a build shows: one build with its jobs over time and its failing tests."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from agents.builds.forecast import Forecast, forecast, usual_seconds
from agents.charts.drawing import Bar, bar
from agents.failures.causes import cause_of_build
from agents.failures.explained import Explained, base_of, cards, explain
from agents.failures.reproduce import Card
from agents.failures.rules import CAUSES
from agents.models import Build, Commit, Job, Stage, TestFailure
from agents.models.builds import Status
from flinkci_dashboard.web.durations import duration

Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class JobLine:
    """One attempt of a job, over the time of its build."""

    job: Job
    bars: list[Bar]
    waited: str
    ran: str
    usual: str  # how long it usually runs, while it has not ended
    log_url: str  # leads to the line that tells the cause, where there is one


@dataclass(frozen=True)
class StageBlock:
    """A stage with its jobs."""

    key: str
    name: str
    stage: Stage | None
    lines: list[JobLine]


@dataclass(frozen=True)
class BuildDetail:
    """One build."""

    build: Build
    stages: list[StageBlock]
    start: datetime | None
    end: datetime | None
    failures: list[Explained]
    cards: list[Card]
    cause: str  # why it failed, in words: the one cause of its jobs that matters most
    causes: list[JobLine]
    lasted: str
    waited: str
    commit: Commit | None  # where its branch's history is known
    forecast: Forecast

    @property
    def title(self) -> str:
        """Return the commit's title."""
        return self.commit.subject if self.commit else self.build.message

    @property
    def final(self) -> bool:
        """Tell whether nothing of it is to be expected any more."""
        return self.build.status == Status.FINISHED and not self.build.jobs_pending


def build_detail(build: Build, now: datetime) -> BuildDetail:
    """Collect one build: its stages and jobs with all attempts, placed in time, and its failing tests.

    What goes on is told as it was at the last full minute, so that a page which is looked at is drawn anew by the
    minute and not by the second.
    """
    minute = now.replace(second=0, microsecond=0)
    jobs = list(build.jobs.select_related("agent").defer("agent__capabilities").order_by("order", "key", "attempt"))
    span, usual = _span(build, jobs, minute), _usual(build, jobs)
    lines = [_job_line(build, job, span, minute, usual) for job in jobs]
    causes, failures = _causes(lines), list(_failures(build))
    return BuildDetail(
        build=build,
        stages=_blocks(build, lines),
        start=span and span[0],
        end=span and span[1],
        failures=explain(failures, now),
        cards=cards(jobs, failures, base_of(build)),
        cause=_cause(causes),
        causes=causes,
        lasted=_between(build.started_at, build.finished_at or (minute if build.started_at else None)),
        waited=_between(build.queued_at, build.started_at or (None if build.finished_at else minute)),
        commit=Commit.objects.filter(sha=build.version).first() if build.version else None,
        forecast=forecast(build),
    )


def _usual(build: Build, jobs: list[Job]) -> dict[str, float]:
    """Return how long the jobs usually run that are still to end."""
    going = {job.key for job in jobs if job.status != Status.FINISHED}
    return usual_seconds(build, going) if going and build.status != Status.FINISHED else {}


def _blocks(build: Build, lines: list[JobLine]) -> list[StageBlock]:
    stages = {stage.key: stage for stage in build.stages.order_by("attempt")}
    blocks: dict[str, list[JobLine]] = defaultdict(list)
    for line in lines:
        blocks[line.job.stage_key].append(line)
    order = sorted(blocks, key=lambda key: (stages[key].order if key in stages else 0, key))
    return [StageBlock(key, _stage_name(key, stages), stages.get(key), blocks[key]) for key in order]


def _causes(lines: list[JobLine]) -> list[JobLine]:
    return [line for line in lines if line.job.latest and line.job.cause]


def _cause(lines: list[JobLine]) -> str:
    cause = cause_of_build(line.job.cause for line in lines)
    return CAUSES[cause] if cause else ""


def _failures(build: Build) -> QuerySet[TestFailure]:
    """Return the failing tests, each with how often and when it had failed in builds before this one."""
    earlier = TestFailure.objects.filter(test=OuterRef("test"), at__lt=OuterRef("at")).exclude(build=build)
    counted = earlier.order_by().values("test").annotate(times=Count("pk"), last=Max("at"))
    return (
        TestFailure.objects.filter(build=build)
        .select_related("test__failure__ticket", "job")
        .annotate(
            times_before=Coalesce(Subquery(counted.values("times")), 0), last_before=Subquery(counted.values("last"))
        )
        .order_by("job__order", "job__key", "job__attempt", "test__name")
    )


def _job_line(build: Build, job: Job, span: Span | None, now: datetime, usual: Mapping[str, float]) -> JobLine:
    until = now if build.finished_at is None else None  # a build that has ended is not waited for
    ended = job.finished_at or until
    bars = [_wait_bar(job, ended, span), _run_bar(job, ended, span)] if span else []
    return JobLine(
        job=job,
        bars=[drawn for drawn in bars if drawn],
        waited=duration(job.wait_seconds),
        ran=_between(job.started_at, ended),
        usual=duration(usual[job.key]) if job.status != Status.FINISHED and job.key in usual else "",
        log_url=job.log_url,
    )


def _wait_bar(job: Job, ended: datetime | None, span: Span) -> Bar | None:
    began = job.started_at or ended
    if not job.queued_at or not began:
        return None
    began = max(began, job.queued_at)
    return bar(job.queued_at, began, span, "wait", f"waited {_between(job.queued_at, began)}")


def _run_bar(job: Job, ended: datetime | None, span: Span) -> Bar | None:
    if not job.started_at or not ended:
        return None
    words = f"ran {_between(job.started_at, ended)} on {job.get_host_display() if job.host else 'unknown host'}"
    return bar(job.started_at, max(ended, job.started_at), span, f"host-{job.host or 'unknown'}", words)


def _span(build: Build, jobs: list[Job], now: datetime) -> Span | None:
    starts = [at for at in (build.queued_at, *(at for job in jobs for at in (job.queued_at, job.started_at))) if at]
    ends = [at for at in (build.finished_at, *(job.finished_at for job in jobs)) if at]
    if not starts:
        return None
    last = max(ends, default=max(starts)) if build.finished_at else max([now, *ends])
    return (min(starts), last) if last > min(starts) else None


def _stage_name(key: str, stages: dict[str, Stage]) -> str:
    return (stages[key].name if key in stages else key) or "jobs"


def _between(start: datetime | None, end: datetime | None) -> str:
    return duration(_seconds(start, end))


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    return max((end - start).total_seconds(), 0) if start and end else None
