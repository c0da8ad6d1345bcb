"""`send_alerts`: what is wrong now, what began and what ended, and what is to be said of it to whom."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from flinkci_dashboard.alerts.channels import TEST
from flinkci_dashboard.alerts.collect import collect, limits
from flinkci_dashboard.alerts.episodes import GROUP_WAIT
from flinkci_dashboard.alerts.findings import Case, Severity
from flinkci_dashboard.alerts.places import places
from flinkci_dashboard.alerts.record import Alerts
from flinkci_dashboard.alerts.rows import MAY_BE_A_TOKEN, Saved, save_findings
from flinkci_dashboard.alerts.sending import send_test, send_waiting
from flinkci_dashboard.alerts.summary import JOB, keep
from flinkci_dashboard.clients import notify
from flinkci_dashboard.jobs.hurry import hurry
from flinkci_dashboard.jobs.run import Pass
from flinkci_dashboard.models import Alert, Heartbeat, JobRun, Notice

__all__ = ["JOB", "send_alerts"]
BEAT = timedelta(seconds=60)
KEEP = timedelta(days=180)  # ended alerts, and messages
PROBE, PROBE_AGAIN = "probe_credentials", timedelta(minutes=10)
FAILS = "job_failing"  # the rule whose subjects are jobs
LATE = ("worker", "job_silent")  # rules that say that not every job is on time


def send_alerts(current: Pass) -> None:
    """One pass: find, fold, begin and end alerts, write what is due, send what waits, and tell the watcher."""
    in_force = limits()
    told = list(collect(current.now, in_force))
    for each in told:
        if each.findings is None:
            current.fail(f"The rules of {each.source} failed; what they found before stands.")
    current.achieved = any(each.findings is not None for each in told)
    found = save_findings(told, current.now)
    keep(cases := found.cases)
    if found.changed:
        current.count("findings_changed", found.changed)
    alerts, where = Alerts(current.now), places()
    made = alerts.follow(cases, where, found.left_over)
    for what, number in (("alerts_begun", len(made.begin) + len(made.come_back)), ("alerts_ended", len(made.end))):
        if number:
            current.count(what, number)
    _probe_tokens(current, [*made.begin, *(alerts.rows[pk].key for pk in made.come_back)], found)
    if made.end:  # of a cause, perhaps: what failed for it alone is found to be well again by its next pass
        hurry([each.subject for each in found.left_over if each.rule == FAILS], current.now)
    wait = timedelta() if current.run.trigger == "command" else GROUP_WAIT  # a person watches it
    alerts.tell(where, in_force, wait)
    _test_channels(current)
    send_waiting(current)
    _beat(current, cases)
    _forget(current.now)


def _probe_tokens(current: Pass, begun: Iterable[str], found: Saved) -> None:
    """Have the tokens probed where a service went silent, for one of them may be why, and while one is refused.

    What is found within the wait for others to join explains the silence, and is told in its place. A service that
    answers again may have been given a token that it takes.
    """
    silent = any(key.startswith(MAY_BE_A_TOKEN) for key in begun)
    refused = any(case.finding.rule == "token_refused" for case in found.cases)
    if silent or (refused and (found.answered or not _probed(current.now))):
        hurry([PROBE], current.now)


def _probed(now: datetime) -> bool:
    return JobRun.objects.filter(job=PROBE, started_at__gt=now - PROBE_AGAIN).exists()


def _test_channels(current: Pass) -> None:
    """Send what was asked for by a channel's test button; the answer tells what came back."""
    for request in current.requests:
        if request.act == TEST:
            current.answer(request, send_test(request.subject))


def _beat(current: Pass, cases: list[Case]) -> None:
    """Ask the heartbeat's address while all is on time, at most once a minute."""
    if not settings.HEARTBEAT_URL or any(map(_late, cases)):
        return
    last = Heartbeat.objects.first()
    if last and timedelta() <= current.now - last.asked_at < BEAT:
        return
    Heartbeat.objects.update_or_create(pk=1, defaults={"asked_at": current.now})
    problem = notify.ask(settings.HEARTBEAT_URL)
    facts: dict = {"problem": problem} if problem else {"problem": "", "answered_at": timezone.now()}
    Heartbeat.objects.filter(pk=1).update(**facts)
    if problem:
        current.fail(f"The heartbeat's address: {problem}")


def _late(case: Case) -> bool:
    return case.finding.rule in LATE and case.finding.severity != Severity.INFO


def _forget(now: datetime) -> None:
    old = Alert.objects.filter(ended_at__lt=now - KEEP), Notice.objects.filter(created_at__lt=now - KEEP)
    for rows in (old[0], old[1].exclude(state=Notice.State.WAITING)):
        if rows.exists():  # a deletion of nothing would take SQLite's one lock
            rows.delete()
