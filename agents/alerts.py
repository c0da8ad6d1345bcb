"""What is wrong with builds, branches and machines."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse

from agents.actions.findings import switched_off
from agents.builds.nightly import NIGHTLY, PUSH, Run, missing
from agents.builds.nightly_figures import Ledger, RedGroup, ledgers
from agents.charts import pace_rows
from agents.charts.arithmetic import midnight
from agents.machines.figures import agent_lines
from agents.machines.findings import bad_machine, empty_pool, longest, low_disk, slow
from agents.machines.judge import DISK as MACHINE_DISK
from agents.machines.judge import RULE as MACHINE_BAD
from agents.machines.waiting import Wait, waiting_jobs
from agents.migration.authority import Decisions
from agents.models import Agent, Build, HostPeriod, Streak
from agents.models.builds import Provider, Status
from agents.models.statistics import Step
from agents.silent import NEEDS, silent_services
from flinkci_dashboard.alerts.findings import Finding, Limits, Rule, Severity
from flinkci_dashboard.models import Area
from flinkci_dashboard.web.words import counted

RULES = (
    Rule("service_ci", "A CI service does not answer", 2, "minutes", acknowledge=60),
    Rule("branch_red", "The builds of pushes to a branch fail", 3, "runs", acknowledge=240),
    Rule("nightly_red", "The nightly builds of a branch fail", 2, "runs", acknowledge=24 * 60),
    Rule("publish_red", "A job that publishes fails", 1, "runs", acknowledge=24 * 60),
    Rule("nothing_ran", "No nightly build ran", 26, "hours", acknowledge=24 * 60),
    Rule("run_unborn", "A run ended before any job existed", acknowledge=24 * 60),
    Rule("workflow_off", "A workflow that ran is switched off", acknowledge=7 * 24 * 60),
    Rule("pool_empty", "Jobs wait for a pool without an agent", 10, "minutes", acknowledge=120),
    Rule("wait_p90", "Jobs wait for long (90th percentile of today)", 60, "minutes"),
    Rule("wait_oldest", "A job has waited for long", 1, "hours", acknowledge=240),
    MACHINE_BAD,
    MACHINE_DISK,
    Rule("job_slower", "A job has got slower"),
    Rule("cancelling", "A build is being canceled for long", 15, "minutes"),
)
LASTING = re.compile(r"master|release-\d+\.\d+")  # branches whose colour matters
GONE = timedelta(days=14)  # without any build for so long, a release branch has been given up
LOOK_BACK = timedelta(days=60)  # for a branch's last nightly
JOBS = {Provider.AZURE.value: "job:poll_builds", Provider.ACTIONS.value: "job:poll_actions"}
NAMED = 2  # causes that a sentence names
KIND_RULES = {PUSH: "branch_red", NIGHTLY: "nightly_red"}


def findings(now: datetime, limits: Limits) -> list[Finding]:
    """Return what is wrong with CI services, branches, builds and machines."""
    found = silent_services(now, limits.length("service_ci"))
    found += _of_branches(now, limits, decided := Decisions())
    found += switched_off(now)
    agents = list(Agent.objects.select_related("pool"))
    for waits in _by_pool(waiting_jobs(now, agents)).values():
        found += [
            empty_pool(waits, now, limits.length("pool_empty")),
            longest(waits, now, limits.length("wait_oldest")),
        ]
    found += [slow(period, limits.length("wait_p90")) for period in _today(now)]
    for line in agent_lines(agents, now):
        found += [bad_machine(line), low_disk(line)]
    stuck = Build.objects.filter(status=Status.CANCELLING, changed_at__lt=now - limits.length("cancelling"))
    found += [cancelling(build) for build in stuck]
    return [*(each for each in found if each), *pace_rows.findings(decided)]


def _of_branches(now: datetime, limits: Limits, decided: Decisions) -> list[Finding | None]:
    """Judge the branches whose colour matters, by the services that have the say there."""
    heads, nightlies = _heads(now), _nightlies(now)
    found: list[Finding | None] = []
    for ledger in ledgers():
        branch, provider = ledger.whole.branch, ledger.whole.provider
        if lasting(branch):
            nightly = nightlies.get((branch, provider)) if branch in heads or branch == "master" else None
            told = branch_findings(ledger, heads.get(branch, ""), nightly, now, limits)
            found += [each for each in told if each and _is_heard(each, branch, provider, decided)]
    return found


def _is_heard(found: Finding, branch: str, provider: str, decided: Decisions) -> bool:
    """Tell whether a service has a say in what was found; that nothing ran in it at all is told of any service."""
    return found.rule == "run_unborn" or decided.hears(branch, provider, found.rule == "publish_red")


def lasting(branch: str) -> bool:
    """Tell the branches whose colour matters: master and the releases."""
    return LASTING.fullmatch(branch) is not None


def branch_findings(
    ledger: Ledger, head: str, nightly: Run | None, now: datetime, limits: Limits
) -> list[Finding | None]:
    """Judge one kind of builds of a branch by one service: red as a whole or where it publishes, or not run at all."""
    whole = ledger.whole
    found = [unborn(whole), red(ledger, limits[KIND_RULES[whole.kind]])]
    found += [unpublished(ledger, streak, limits["publish_red"]) for streak in ledger.publishing]
    if whole.kind == NIGHTLY:
        found.append(no_nightly(whole, nightly, head, now, limits["nothing_ran"]))
    return found


def red(ledger: Ledger, runs: float) -> Finding | None:
    """Judge runs in a row that failed, whichever jobs did it; where only publishing jobs did, those are told alone."""
    whole = ledger.whole
    testing = [group for group in ledger.groups if not all(each.publishes for each in group.streaks)]
    if whole.red_runs < runs or (ledger.groups and not testing) or whole.first_red is None:
        return None
    what = "the nightly of " if whole.kind == NIGHTLY else ""
    why = _causes(testing) or f"{whole.red_runs} times in a row"
    text = f"{what}{_named(whole)} has been red for {{time}} ({why})"
    since = whole.first_red.finished_at or whole.first_red.queued_at
    return _of_branch(KIND_RULES[whole.kind], whole, whole.branch, text, since, "a run of it succeeds")


def unpublished(ledger: Ledger, streak: Streak, runs: float) -> Finding | None:
    """Judge a job that publishes: one failure is enough, for somebody waits for what it makes."""
    if streak.red_runs < runs or streak.first_red is None:
        return None
    group = next((group for group in ledger.groups if streak in group.streaks), None)
    since = f", {group.culprit}" if group else ""
    green = streak.last_green
    last = (
        f"none were published since {green.finished_at:%Y-%m-%d}" if green and green.finished_at else "none are known"
    )
    times = "time" if streak.red_runs == 1 else "times"
    failed = f"has failed {streak.red_runs} {times} in {{time}}{since}"
    text = f"{streak.name} of {_named(streak)} {failed}: {streak.publishes}, {last}"
    began = streak.first_red.finished_at or streak.first_red.queued_at
    return _of_branch("publish_red", streak, f"{streak.branch} {streak.name}", text, began, "it publishes again")


def unborn(whole: Streak) -> Finding | None:
    """Judge a run that ended before any job existed: nothing was built, and no job is red."""
    if not whole.unborn:
        return None
    what = "nightly build" if whole.kind == NIGHTLY else "build"
    text = f"the last {what} of {_named(whole)} ended before any job existed, {{time}} ago: nothing was tested"
    latest = whole.latest
    since = latest.finished_at or latest.queued_at if latest else None
    return _of_branch("run_unborn", whole, f"{whole.branch} {whole.kind}", text, since, "a run has jobs")


def no_nightly(whole: Streak, latest: Run | None, head: str, now: datetime, hours: float) -> Finding | None:
    """Judge whether a nightly is missing."""
    if latest is None or not missing(latest, head, now, hours):
        return None
    text = f"no nightly build of {_named(whole)} has run for {{time}}"
    ends = "a nightly build runs"
    return _of_branch("nothing_ran", whole, whole.branch, text, latest.at, ends, Severity.WARN)


def cancelling(build: Build) -> Finding:
    """Return that a build does not come to its end though it was asked to."""
    text = f"build {build} of {build.branch} was asked to stop {{time}} ago and goes on"
    facts: dict[str, Any] = {"url": reverse("builds"), "area": Area.BUILDS, "under": _fed_by(build.provider)}
    facts |= {"tags": (f"branch:{build.branch}",)}
    ends = "it ends"
    subject = f"{build.provider} {build.external_id}"
    return Finding("cancelling", subject, Severity.WARN, text, build.changed_at, ends_when=ends, **facts)


def _named(streak: Streak) -> str:
    """Name the branch, and the service where that is not the usual one."""
    return f"{streak.branch} on {Provider.ACTIONS.label}" if streak.provider == Provider.ACTIONS else streak.branch


def _causes(groups: Sequence[RedGroup]) -> str:
    """Name the jobs that broke, each with those that broke in the same run, and since which commit."""
    more = f", and {counted(len(groups) - NAMED, 'more cause')}" if len(groups) > NAMED else ""
    return ", and ".join(f"{group.names}, {group.culprit}" for group in groups[:NAMED]) + more


def _of_branch(
    rule: str,
    streak: Streak,
    subject: str,
    text: str,
    since: datetime | None,
    ends_when: str,
    severity: Severity = Severity.BAD,
) -> Finding:
    branch, other = streak.branch, streak.provider == Provider.ACTIONS
    where = f" ({Provider.ACTIONS.label})" if other else ""
    facts: dict[str, Any] = {
        "url": reverse("branch", args=[branch]),
        "area": Area.BUILDS,
        "tags": (f"branch:{branch}",),
    }
    return Finding(
        rule,
        f"{subject}{where}",
        severity,
        text,
        since,
        ends_when=ends_when,
        under=_fed_by(streak.provider),
        **facts,
    )


def _fed_by(provider: str) -> tuple[str, ...]:
    """Return what a service's builds can't be known without."""
    return (*NEEDS[provider], JOBS[provider])


def _by_pool(waits: Sequence[Wait]) -> dict[str, list[Wait]]:
    found: dict[str, list[Wait]] = {}
    for wait in waits:
        found.setdefault(wait.pool, []).append(wait)
    return found


def _today(now: datetime) -> list[HostPeriod]:
    return list(HostPeriod.objects.filter(step=Step.DAY, start=midnight(now.date())))


def _heads(now: datetime) -> dict[str, str]:
    """Return the commit of each branch's newest build."""
    rows = Build.objects.filter(scope=Build.Scope.BRANCH, queued_at__gt=now - GONE).order_by("queued_at")
    return dict(rows.values_list("branch", "version"))


def _nightlies(now: datetime) -> dict[tuple[str, str], Run]:
    """Return each branch's last nightly build by each service."""
    rows = Build.objects.filter(scope=Build.Scope.BRANCH, reason=Build.Reason.SCHEDULE, queued_at__gt=now - LOOK_BACK)
    return {
        (branch, provider): Run(pk, at or now, version, result or status)
        for branch, provider, pk, at, version, result, status in rows.order_by("queued_at").values_list(
            "branch", "provider", "pk", "queued_at", "version", "result", "status"
        )
    }
