"""A pass over alerts: channels that fail, passes that are killed, two at once, rules that go wrong."""

import threading
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from flinkci_dashboard.clients import notify
from flinkci_dashboard.clients.secrets import seal
from flinkci_dashboard.jobs.run import run_pass
from flinkci_dashboard.models import (
    Alert,
    Channel,
    Credential,
    JobRun,
    JobSchedule,
    Notice,
    Worker,
)
from labeler.models import JiraContact
from sync.models import Mirror, PullRequest
from tests.findings import KEY, alert
from tests.sink import Sink, make_channel


def test_a_channel_whose_service_goes_wrong_holds_up_no_other(monkeypatch, channel, sink, clock, break_branch, other):
    def send(address, *rest):
        if "topsecret" in address:
            raise TypeError("a bug in its code")
        return real(address, *rest)

    real = notify.send
    monkeypatch.setattr("flinkci_dashboard.clients.notify.send", send)
    Channel.objects.filter(name="other").update(sealed=seal(f"json://{other.place}/hook"))
    break_branch()
    clock.run(0, "command")
    assert len(other.texts) == 1
    assert "TypeError" in Channel.objects.get(name="sink").problem


def test_a_channel_that_fails_is_tried_again_and_told_through_another(
    settings, channel, sink, clock, break_branch, other
):
    sink.status = 500
    break_branch()
    run = clock.run(0, "command")
    assert run.outcome == JobRun.Outcome.PARTIAL and "error=500" in run.error
    assert "topsecret" not in run.error and "secretword" not in run.error
    clock.run(10, "command")
    assert len(sink.messages) == 1  # it rests
    assert any("channel sink has taken no message" in text for text in other.texts)
    clock.run(30, "command")
    assert len(sink.messages) == 2
    sink.status = 200
    clock.run(70, "command")
    clock.run(20, "command")
    assert Notice.objects.filter(channel=channel, state="waiting").count() == 0
    assert Channel.objects.get(pk=channel.pk).problem == ""
    assert not any("channel sink" in text for text in sink.texts)  # not through itself
    assert any("Over" in text and "channel sink" in text for text in other.texts)


def test_a_message_that_nobody_takes_is_given_up_after_a_day(channel, sink, clock, break_branch):
    sink.status = 500
    break_branch()
    clock.run(0, "command")
    for _ in range(26):
        clock.run(3601, "command")
    row = Notice.objects.earliest("pk")
    assert row.state == "failed" and row.tries > 20 and "error=500" in row.answer


@pytest.fixture
def other(settings):
    """Take messages at a second place."""
    with Sink() as taking:
        make_channel(settings, taking, "other")
        yield taking


class KilledError(BaseException):
    """The process ends here."""


def test_a_kill_between_sending_and_recording_costs_one_message_at_most(
    monkeypatch, channel, sink, clock, break_branch
):
    break_branch()

    def die(*_, **__):
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr("flinkci_dashboard.jobs.ledger.Ledger.done", die)
        with pytest.raises(KilledError):
            clock.run(0, "command")
    assert len(sink.texts) == 1 and Notice.objects.get().state == "waiting"
    clock.run(15)
    clock.run(600)
    assert [text.count("has diverged") for text in sink.texts] == [1, 1]
    assert Notice.objects.get().state == "sent"


@pytest.mark.parametrize(
    ("instant", "written"),
    [
        ("flinkci_dashboard.clients.notify.send", 1),
        ("flinkci_dashboard.models.Telling.objects.bulk_create", 0),
    ],
    ids=["before sending", "while alerts are written down"],
)
def test_a_kill_loses_nothing(monkeypatch, channel, sink, clock, break_branch, instant, written):
    break_branch()

    def die(*_, **__):
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(instant, die)
        with pytest.raises(KilledError):
            clock.run(0, "command")
    assert sink.texts == [] and Notice.objects.count() == written
    clock.run(15)
    assert len(sink.texts) == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_tell_it_once(channel, sink, clock, break_branch):
    break_branch()
    results: list = []

    def work() -> None:
        results.append(run_pass("send_alerts", "command", wait=5))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 3
    assert len(sink.texts) == 1 and Alert.objects.filter(key=KEY).count() == 1


def test_rules_that_fail_leave_what_they_found_standing(monkeypatch, channel, sink, clock, break_branch):
    break_branch()
    clock.run(0, "command")
    monkeypatch.setattr("sync.alerts.findings", lambda *_: 1 / 0)
    run = clock.run(60, "command")
    assert run.outcome == JobRun.Outcome.PARTIAL and "sync.alerts" in run.error
    assert alert().state == "firing" and len(sink.texts) == 1


def test_a_service_that_goes_silent_has_the_tokens_probed_and_a_refused_one_again_and_again(clock, worker):
    probe = JobSchedule.objects.filter(job="probe_credentials")
    later = timezone.now() + timedelta(hours=9)
    probe.update(next_run_at=later)
    clock.run()
    assert probe.get().next_run_at == later
    Mirror.objects.update(source_problem="no answer", source_problem_since=timezone.now() - timedelta(minutes=3))
    clock.run(15)
    assert probe.get().next_run_at == timezone.now()
    probe.update(next_run_at=later)
    clock.run(15)
    assert probe.get().next_run_at == later  # it goes on, and was asked for once
    Credential.objects.filter(serves="github").update(works=False, problem="401", problem_since=timezone.now())
    JobRun.objects.create(job="probe_credentials", outcome="ok", started_at=timezone.now())
    clock.run(15)
    assert probe.get().next_run_at == later
    clock.pass_(601)
    Worker.objects.update(seen_at=timezone.now())
    clock.run()
    assert probe.get().next_run_at == timezone.now()


def test_a_silence_waits_for_the_probe_of_its_token_though_others_have_waited(channel, sink, clock, break_branch):
    break_branch()
    clock.run()
    JiraContact.load().note_silence(timezone.now() - timedelta(minutes=9), "Jira answers 503.", None)
    clock.run(15)
    assert "has diverged" in sink.texts[-1] and "Jira" not in sink.texts[-1]
    clock.run(15)
    assert "Jira has not answered" in sink.texts[-1]


def test_a_token_that_is_refused_is_one_alert_and_over_once_its_service_answers(channel, sink, clock, worker):
    probe, now = JobSchedule.objects.filter(job="probe_credentials"), timezone.now()
    silent = {"source_problem": "no answer", "source_problem_since": now - timedelta(minutes=3)}
    Mirror.objects.update(**silent)
    clock.run()
    Credential.objects.filter(serves="github").update(works=False, problem="401", problem_since=timezone.now())
    JobRun.objects.create(job="probe_credentials", outcome="ok", started_at=timezone.now())
    clock.run(15)
    clock.run(15)
    (text,) = sink.texts
    assert "has not worked" in text and "explains 1 other" in text
    probe.update(next_run_at=timezone.now() + timedelta(hours=9))
    Mirror.objects.update(source_problem="", source_problem_since=None)
    clock.run(15)
    assert probe.get().next_run_at == timezone.now()
    Credential.objects.filter(serves="github").update(works=True, problem="", problem_since=None)
    Worker.objects.update(seen_at=timezone.now())
    clock.run(15)
    clock.run(15)
    assert len(sink.texts) == 2 and "Over" in sink.texts[1] and "has not answered" not in sink.texts[1]
    assert list(Alert.objects.values_list("rule", flat=True)) == ["token_refused"]


def test_what_knows_no_beginning_is_since_it_was_first_found_wherever_that_is_told(clock, worker, member, settings):
    settings.PUBLIC_STATUS = True
    Credential.objects.filter(serves="github").update(works=True, quota_left=4, quota_limit=5000)
    clock.run()
    first = timezone.now()
    for _ in range(3):
        clock.run(600)
        Worker.objects.update(seen_at=timezone.now())
    (alert,) = member.get("/api/v1/alerts?rule=token_quota").json()["results"]
    assert datetime.fromisoformat(alert["since"]) == first and alert["text"].endswith("first so few 30 min ago")
    mark = f'<time datetime="{first.isoformat()}" data-relative="since"'
    for path in ("/", "/alerts/", "/mirrors/", "/status/"):
        assert mark in member.get(path).content.decode(), path
    assert "first so few 30 min ago" in member.get("/feed.atom").content.decode()


def fail(job, passes=3):
    """Let the last passes of a job fail, one each minute, the last of them now."""
    for minute in reversed(range(passes)):
        at = timezone.now() - timedelta(minutes=minute + 2)
        JobRun.objects.create(job=job, outcome="failed", started_at=at, ended_at=at, error="Jira answers 503.")


def test_what_failed_for_a_cause_alone_is_told_of_by_nobody_when_that_is_over(channel, sink, clock, worker, member):
    JiraContact.load().note_silence(timezone.now() - timedelta(minutes=9), "Jira answers 503.", None)
    before = timezone.now() - timedelta(hours=1)
    JobRun.objects.create(job="match_failures", outcome="ok", started_at=before, ended_at=before)
    fail("match_failures", passes=5)
    clock.run()
    clock.run(15)
    assert [text.count("Known failures") for text in sink.texts] == [0]
    later = timezone.now() + timedelta(minutes=4)
    JobSchedule.objects.filter(job="match_failures").update(next_run_at=later)
    JiraContact.objects.update(silent_since=None, problem="")
    clock.run(15)
    assert JobSchedule.objects.get(job="match_failures").next_run_at == timezone.now()  # it looks again at once
    clock.run(15)
    assert "Known failures" not in member.get("/api/v1/status").json()["sentence"]
    at = timezone.now()
    JobRun.objects.create(job="match_failures", outcome="ok", started_at=at, ended_at=at)
    clock.run(15)
    clock.run(15)
    assert len(sink.texts) == 2 and "Known failures" not in "".join(sink.texts)


def test_what_fails_on_after_its_cause_is_told(channel, sink, clock, worker):
    JiraContact.load().note_silence(timezone.now() - timedelta(minutes=9), "Jira answers 503.", None)
    fail("match_failures", passes=5)
    clock.run()
    JiraContact.objects.update(silent_since=None, problem="")
    clock.run(15)
    clock.pass_(150)
    Worker.objects.update(seen_at=timezone.now())
    fail("match_failures", passes=1)
    clock.run()
    clock.run(15)
    assert "Known failures" in sink.texts[-1]


def test_a_service_that_comes_and_goes_has_the_tokens_probed_each_time(clock, worker):
    probe, later = JobSchedule.objects.filter(job="probe_credentials"), timezone.now() + timedelta(hours=9)
    for _ in range(2):
        probe.update(next_run_at=later)
        JiraContact.load().note_silence(timezone.now() - timedelta(minutes=9), "Jira answers 503.", None)
        clock.run(15)
        assert probe.get().next_run_at == timezone.now()
        JiraContact.objects.update(silent_since=None, problem="")
        clock.run(15)


def test_reports_that_waited_for_github_are_told_only_when_the_next_pass_leaves_them(settings, clock, worker, member):
    settings.SYNC_MODE, now = "active", timezone.now()
    JobRun.objects.create(job="sync_pulls", outcome="failed", started_at=now, ended_at=now)
    facts = {"title": "x", "author": "li", "base": "master", "created_at": now, "updated_at": now}
    PullRequest.objects.create(number=7, report_due_since=now - timedelta(minutes=20), **facts)
    Mirror.objects.update(source_problem="no answer", source_problem_since=now - timedelta(minutes=20))
    clock.run()
    Mirror.objects.update(source_problem="", source_problem_since=None)
    clock.run(15)
    assert not Alert.objects.filter(rule="reports_stale").exists()
    assert "report" not in member.get("/api/v1/status").json()["sentence"]
    at = timezone.now() + timedelta(seconds=5)
    JobRun.objects.create(job="sync_pulls", outcome="ok", started_at=at, ended_at=at)
    clock.run(15)
    assert Alert.objects.get(rule="reports_stale").state == "firing"
