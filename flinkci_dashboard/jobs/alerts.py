"""What is wrong with the ground's own work: the workers, the jobs, the clock and the disks."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, Max, QuerySet, Subquery
from django.urls import reverse

from flinkci_dashboard.alerts.findings import Finding, Limits, Rule, Severity
from flinkci_dashboard.alerts.limits import as_set, set_by
from flinkci_dashboard.jobs.heartbeat import disks
from flinkci_dashboard.jobs.history import ACHIEVED, of_each
from flinkci_dashboard.jobs.table import JOBS
from flinkci_dashboard.models import Area, Credential, JobRun, JobSchedule, RuleSetting, Worker
from flinkci_dashboard.web.durations import duration

SLACK = timedelta(minutes=2)  # beyond three intervals; and what clocks may differ by
JUMP_TOLD = timedelta(hours=1)
CAUSE_FIRST = timedelta(minutes=3)
BY_HAND = timedelta(hours=1)
ALMOST_FULL, FULL = 10, 3  # percent free
INTERVALS = 3
# What a job can't do without, as topics.
Service = Credential.Service
GITHUB, AZURE, JIRA = ((f"service:{each}", f"token:{each}") for each in (Service.GITHUB, Service.AZURE, Service.JIRA))
AREAS = {
    "sync_mirrors": Area.MIRRORS,
    "sync_pulls": Area.PULLS,
    "label_pulls": Area.LABELS,
    "poll_builds": Area.BUILDS,
    "poll_actions": Area.BUILDS,
    "match_failures": Area.BUILDS,
    "poll_agents": Area.AGENTS,
    "probe_credentials": Area.CREDENTIALS,
    "check_exposure": Area.CREDENTIALS,
}
NEEDS = {
    "sync_mirrors": GITHUB,
    "sync_pulls": (*GITHUB, *AZURE),
    "label_pulls": (*GITHUB, *JIRA),
    "poll_builds": AZURE,
    "match_failures": (*AZURE, *GITHUB, *JIRA),
    "check_exposure": (*AZURE, *GITHUB),
    "poll_agents": AZURE,
    "poll_actions": (*GITHUB, "service:actions"),
}
# Six missed heartbeats; fewer than three may be chance.
WORKER = Rule("worker", "The worker is silent", 60, "seconds", 300, "seconds: failing", 30, acknowledge=30)
RULES = (
    WORKER,
    Rule("job_silent", "A job does not run", INTERVALS, "intervals", least=1, acknowledge=120),
    Rule("job_failing", "A job fails, pass after pass", 3, "passes", acknowledge=240),
    Rule("clock", "The clock jumped", 2, "minutes", least=0.5),
    Rule("disk", "The worker's disk is full", ALMOST_FULL, "percent", FULL, "percent: failing", acknowledge=120),
)


@dataclass(frozen=True)
class JobFacts:
    """A job that should run: when it last began, and whether it runs now."""

    name: str
    title: str
    interval: timedelta
    began: datetime | None
    running: bool


def findings(now: datetime, limits: Limits) -> list[Finding]:
    """Return what is wrong with workers, jobs, the clock and each host's disk."""
    silent = _worker(now, limits.rules["worker"])
    up_since = _up_since(now)
    jobs = _job_facts(now)
    found = [silent, clock(_latest_mark(), now, limits.length("clock"))]
    found += [disk(host, free, limits["disk"], limits.second("disk")) for host, free in disks(now).items()]
    found += [jumped(each, now, limits.length("clock")) for each in Worker.objects.exclude(clock_moved_at=None)]
    found += [silent_job(job, up_since, now, limits["job_silent"]) for job in jobs]
    passes = round(limits["job_failing"])
    found += [failing_job(job, now, passes, *_failing(job.name, passes)) for job in jobs]
    return [each for each in found if each]


def silent_worker(now: datetime) -> Finding | None:
    """Return that no worker has reported lately, by one query: the web process asks this itself."""
    return _worker(now, as_set(WORKER))


def _worker(now: datetime, rule: Rule) -> Finding | None:
    marks = list(Worker.objects.values_list("seen_at", flat=True))
    return worker(marks, now, not marks and _by_hand(now), rule)


def silent_jobs(now: datetime) -> list[Finding]:
    """Return the jobs that do not run, by the rule's own limit where no admin set another."""
    up_since = _up_since(now)
    enabled, limit = _setting()
    jobs = _job_facts(now) if enabled else []
    found = (silent_job(job, up_since, now, limit) for job in jobs)
    return [each for each in found if each]


def unproven() -> list[str]:
    """Return the titles of enabled jobs that have tried, and never achieved anything: what they see is not known."""
    runs = of_each().order_by()
    good, bad = runs.filter(outcome__in=ACHIEVED), runs.filter(outcome=JobRun.Outcome.FAILED)
    tried = JobSchedule.objects.filter(Exists(bad), ~Exists(good), enabled=True, job__in=JOBS)
    return sorted(JOBS[job].title for job in tried.values_list("job", flat=True))


def pulse(now: datetime, job: str) -> dict[str, Any]:
    """Return annotations by which any query brings along what `silence` judges."""
    workers, runs = Worker.objects.order_by("-seen_at"), JobRun.objects.filter(job=job).order_by("-pk")
    schedule = JobSchedule.objects.filter(job=job, enabled=True)
    own, rule = RuleSetting.objects.filter(rule="worker"), RuleSetting.objects.filter(rule="job_silent")
    return {
        "any_mark": Subquery(workers.values("seen_at")[:1]),
        "last_mark": Subquery(workers.filter(seen_at__lte=now).values("seen_at")[:1]),
        "next_mark": Subquery(Worker.objects.filter(seen_at__gt=now).order_by("seen_at").values("seen_at")[:1]),
        "worker_limit": Subquery(own.values("limit")[:1]),
        "worker_second": Subquery(own.values("second")[:1]),
        "up_since": Subquery(_starts(now).values("started_at")[:1]),
        "began": Subquery(runs.filter(started_at__lte=now).values("started_at")[:1]),
        "outcome": Subquery(runs.values("outcome")[:1]),
        "as_of": Subquery(runs.filter(started_at__lte=now, ended_at__isnull=False).values("started_at")[:1]),
        "interval": Subquery(schedule.values("interval")[:1]),
        "rule_enabled": Subquery(rule.values("enabled")[:1]),
        "rule_limit": Subquery(rule.values("limit")[:1]),
    }


def silence(now: datetime, job: str, facts: Mapping[str, Any]) -> list[Finding]:
    """Return whether the worker is silent, or one job, from what a query brought along by `pulse`."""
    marks = [mark for name in ("any_mark", "last_mark", "next_mark") if (mark := facts[name])]
    own = set_by(RuleSetting(limit=facts["worker_limit"], second=facts["worker_second"]), WORKER)
    found = [worker(marks, now, not marks and _by_hand(now), own)]
    if facts["interval"] is not None and facts["rule_enabled"] is not False:
        length, running = timedelta(seconds=facts["interval"]), facts["outcome"] == JobRun.Outcome.RUNNING
        its = JobFacts(job, JOBS[job].title, length, facts["began"], running)
        found.append(silent_job(its, facts["up_since"], now, _intervals(facts["rule_limit"])))
    return [each for each in found if each]


def worker(marks: Collection[datetime], now: datetime, by_hand: bool = False, rule: Rule = WORKER) -> Finding | None:
    """Judge when workers last reported. Where none ever has, commands run by hand may do its work.

    A mark in the future was left by a clock that has been set back since: it says nothing.
    """
    facts: dict[str, Any] = {"url": reverse("jobs"), "area": Area.HOSTING, "ends_when": "manage.py qcluster reports"}
    if not marks:
        severity = Severity.INFO if by_hand else Severity.BAD
        return Finding("worker", "worker", severity, "no worker has ever reported: start manage.py qcluster", **facts)
    silent, dead = (timedelta(seconds=limit or 0) for limit in (rule.limit, rule.second))
    if any(abs(now - at) <= silent for at in marks):
        return None
    seen = max((at for at in marks if at <= now), default=None)
    severity = Severity.BAD if seen is None or now - seen > dead else Severity.WARN
    text = "the worker has been silent for {time}: nothing that it feeds is known to be true"
    return Finding("worker", "worker", severity, text, seen, cause_of=("worker",), **facts)


def silent_job(job: JobFacts, up_since: datetime | None, now: datetime, intervals: float) -> Finding | None:
    """Judge when a job last began; before the worker was up, nobody could run it."""
    if up_since is None or job.running:
        return None
    since = max(job.began or up_since, up_since)
    if now - since <= intervals * job.interval + SLACK:
        return None
    severity = Severity.WARN if job.interval > timedelta(minutes=30) else Severity.BAD
    return Finding(
        "job_silent",
        job.name,
        severity,
        f"the job “{job.title}” has not run for {{time}}",
        since,
        url=reverse("job", args=[job.name]),
        area=AREAS.get(job.name, Area.HOSTING),
        ends_when="a pass of it begins",
        cause_of=(f"job:{job.name}",),
        under=("worker",),
    )


def failing_job(
    job: JobFacts, now: datetime, passes: int, failures: int, since: datetime | None, error: str
) -> Finding | None:
    """Judge how a job's last passes ended: `failures` of them that achieved nothing, one after the other.

    By then a service that does not answer has been found, and explains it.
    """
    if failures < passes or (since and now - since < CAUSE_FIRST):
        return None
    return Finding(
        "job_failing",
        job.name,
        Severity.BAD,
        f"the job “{job.title}” has failed for {{time}}: {error or 'its passes say no reason'}",
        since,
        url=reverse("job", args=[job.name]),
        area=AREAS.get(job.name, Area.HOSTING),
        ends_when="a pass of it achieves something",
        cause_of=(f"job:{job.name}",),
        under=("worker", *NEEDS.get(job.name, ())),
        judged_at=since if job.running else job.began,
    )


def clock(latest: datetime | None, now: datetime, slack: timedelta = SLACK) -> Finding | None:
    """Judge the latest time that a worker wrote down: it can't lie in the future, unless a clock was set back."""
    if latest is None or latest <= now + slack:
        return None
    at = f"the last pass began at {latest:%Y-%m-%d %H:%M} UTC"
    text = f"a clock was set back, or two hosts disagree, first seen {{time}} ago: {at}"
    area, ends = Area.HOSTING, "no pass lies in the future any more"
    return Finding("clock", "clock", Severity.WARN, text, url=reverse("jobs"), area=area, ends_when=ends)


def jumped(worker: Worker, now: datetime, slack: timedelta = SLACK) -> Finding | None:
    """Judge whether a worker's clock was set forward lately: what seems late since then may not be."""
    at, by = worker.clock_moved_at, timedelta(seconds=worker.clock_moved_by)
    if at is None or by <= slack or not timedelta(0) <= now - at < JUMP_TOLD:
        return None
    text = f"the clock of {worker.host} was set forward by {duration(by)}, or the host slept so long, {{time}} ago"
    area, ends = Area.HOSTING, "it has been right for an hour"
    return Finding("clock", worker.host, Severity.WARN, text, at, url=reverse("jobs"), area=area, ends_when=ends)


def disk(host: str, percent_free: float, least: float = ALMOST_FULL, full: float = FULL) -> Finding | None:
    """Judge how much of the disk that holds DATA_DIR is free."""
    if percent_free >= least:
        return None
    severity = Severity.BAD if percent_free < full else Severity.WARN
    left = least if severity == Severity.WARN else full
    text = f"the disk of {host} that holds DATA_DIR has had less than {left:g} % free for {{time}}"
    ends = f"{least:g} % of it are free"
    return Finding("disk", host, severity, text, url=reverse("jobs"), area=Area.HOSTING, ends_when=ends)


def _latest_mark() -> datetime | None:
    return JobRun.objects.order_by().aggregate(at=Max("started_at"))["at"]


def _setting() -> tuple[bool, float]:
    """Return whether a job that does not run is looked for, and after how many intervals."""
    found = RuleSetting.objects.filter(rule="job_silent").values_list("enabled", "limit").first()
    enabled, limit = found or (True, None)
    return enabled, _intervals(limit)


def _intervals(limit: float | None) -> float:
    return INTERVALS if limit is None else limit


def _by_hand(now: datetime) -> bool:
    """Tell whether somebody runs the jobs by commands."""
    return JobRun.objects.filter(trigger="command", started_at__gt=now - BY_HAND).exists()


def _starts(now: datetime) -> QuerySet[Worker]:
    return Worker.objects.filter(started_at__lte=now).order_by("-started_at")


def _up_since(now: datetime) -> datetime | None:
    return _starts(now).values_list("started_at", flat=True).first()


def _job_facts(now: datetime) -> list[JobFacts]:
    """Return each enabled job with its latest pass: of all others, none can be running."""
    runs = of_each()
    schedules = JobSchedule.objects.filter(enabled=True, job__in=JOBS).annotate(
        began=Subquery(runs.filter(started_at__lte=now).values("started_at")[:1]),
        outcome=Subquery(runs.values("outcome")[:1]),
    )
    return [
        JobFacts(job, JOBS[job].title, timedelta(seconds=interval), began, outcome == JobRun.Outcome.RUNNING)
        for job, interval, began, outcome in schedules.values_list("job", "interval", "began", "outcome")
    ]


def _failing(job: str, passes: int) -> tuple[int, datetime | None, str]:
    """Return how many of a job's last passes failed in a row (up to `passes`), since when, and the last one's words."""
    ended = JobRun.objects.filter(job=job).exclude(outcome=JobRun.Outcome.RUNNING)
    last = list(ended.values_list("outcome", flat=True)[:passes])
    if len(last) < passes or set(last) != {JobRun.Outcome.FAILED.value}:
        return 0, None, ""
    good = JobRun.objects.filter(job=job, outcome__in=ACHIEVED).first()
    failed = ended.filter(pk__gt=good.pk) if good else ended
    since = failed.order_by("pk").values_list("started_at", flat=True).first()
    error = failed.values_list("error", flat=True).first() or ""
    return passes, since, error.partition("\n")[0][:300]
