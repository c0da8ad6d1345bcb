"""The whole way of an alert: a finding, a message, its end; failures of channels; kills; quiet hours; two workers."""

import threading
from datetime import time
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from flinkci_dashboard.clients import notify
from flinkci_dashboard.clients.secrets import seal
from flinkci_dashboard.jobs.run import run_pass
from flinkci_dashboard.models import (
    Alert,
    Channel,
    Contact,
    JobRun,
    Notice,
    OpenFinding,
    RuleSetting,
    Subscription,
)
from labeler.models import LabelState, Ticket
from sync.models import PullRequest
from tests.sink import Sink, make_channel

KEY = "mirror_branch:flink-ci/flink-mirror master"


def alert() -> Alert:
    return Alert.objects.get(key=KEY)


def test_said_once_when_it_begins_and_once_when_it_ends(channel, sink, clock, break_branch, mend_branch):
    break_branch()
    clock.run()
    assert sink.texts == []  # others may join it
    clock.run(15)
    assert len(sink.texts) == 1
    assert "master of flink-ci/flink-mirror has diverged" in sink.texts[0]
    assert "Whom to ask: Chesnay Schepler" in sink.texts[0]
    assert "http://127.0.0.1:8000/mirrors/" in sink.texts[0]
    for _ in range(3):
        clock.run(600)
    assert len(sink.texts) == 1  # it lasts: nothing more is said
    mend_branch()
    clock.run()
    clock.run(15)
    assert len(sink.texts) == 2
    assert sink.messages[1]["title"].startswith("[Flink CI] Over: ")
    assert "It lasted 30 min" in sink.texts[1] and "acknowledged by nobody" in sink.texts[1]
    clock.run(15)
    assert len(sink.texts) == 2
    assert alert().state == "ended" and not OpenFinding.objects.filter(key=KEY).exists()


def test_a_pass_by_hand_waits_for_nobody(channel, sink, clock, break_branch):
    break_branch()
    clock.run(trigger="command")
    assert len(sink.texts) == 1


def test_an_idle_pass_changes_nothing(channel, sink, clock, break_branch):
    break_branch()
    clock.run()
    clock.run(15)
    assert clock.run(15).counts == {}
    assert clock.run(15).outcome == JobRun.Outcome.OK


def test_an_idle_pass_writes_nothing_but_its_own_record(channel, clock, worker, break_branch):
    break_branch()
    clock.run(0, "command")
    with CaptureQueriesContext(connection) as asked:
        clock.run(1)
    written = [query["sql"] for query in asked if query["sql"].split()[0] in ("INSERT", "UPDATE", "DELETE", "BEGIN")]
    assert [sql for sql in written if "jobrun" not in sql and "finding" not in sql] == []
    assert len(asked) < 75


def test_flapping_is_one_alert_that_says_so(channel, sink, clock, break_branch, mend_branch):
    for _ in range(5):
        break_branch()
        clock.run(60)
        clock.run(60)
        mend_branch()
        clock.run(60)
        clock.run(60)
    assert [("Over" in text, "comes and goes" in text) for text in sink.texts] == [
        (False, False),
        (True, False),
        (False, True),
    ]
    assert alert().turns == 5
    clock.run(31 * 60)
    assert len(sink.texts) == 4 and "5 times in all" in sink.texts[3]
    clock.run(60)
    assert len(sink.texts) == 4


def test_what_is_over_before_it_was_told_is_one_message(channel, sink, clock, break_branch, mend_branch):
    break_branch()
    clock.run()
    mend_branch()
    clock.run(10)
    clock.run(15)
    assert len(sink.texts) == 1 and sink.texts[0].count("has diverged") == 2


def test_what_begins_together_is_one_message(channel, sink, clock, break_branch, branch):
    break_branch()
    clock.run()
    branch.pk, branch.name, branch.state = None, "release-2.1", "rejected"
    branch.save()
    clock.run(10)
    clock.run(10)
    assert len(sink.texts) == 1
    assert "2.1" in sink.texts[0] and "flink-mirror master" in sink.texts[0]


def test_a_silent_worker_is_one_alert(channel, sink, clock, worker, break_branch):
    break_branch()
    clock.run(120, "command")
    assert [each.rule for each in Alert.objects.all()] == ["worker"]
    assert len(sink.texts) == 1 and "It explains 1 other finding" in sink.texts[0]
    assert OpenFinding.objects.get(key=KEY).parent == "worker:worker"
    worker.seen_at = timezone.now()
    worker.save()
    clock.run(0, "command")
    assert alert().state == "firing"  # what it hid is told now
    assert len(sink.texts) == 2


def test_an_alert_that_a_cause_hides_does_not_end(channel, sink, clock, worker, break_branch):
    break_branch()
    clock.run(0, "command")
    clock.run(120, "command")
    assert alert().state == "firing" and Alert.objects.get(rule="worker").state == "firing"
    assert [text.count("has diverged") for text in sink.texts] == [1, 0]


def test_what_a_cause_hides_is_neither_told_nor_escalated(channel, sink, clock, worker, break_branch):
    Contact.objects.update(backup=Contact.objects.create(name="Backup", email="backup@example.org"))
    break_branch()
    clock.run()  # it begins, and waits for others
    clock.run(120)
    clock.run(3 * 3600)
    clock.run(15)
    assert not any("diverged" in text for text in sink.texts) and len(sink.texts) == 1
    assert not any("diverged" in letter.body for letter in mail.outbox)
    worker.seen_at = worker.started_at = timezone.now()
    worker.save()
    clock.run()
    clock.run(15)
    assert any("diverged" in text for text in sink.texts)


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


def test_a_name_of_two_lines_is_mailed_in_one(clock, worker):
    ada = User.objects.create_user("ada", email="ada@example.org")
    Subscription.objects.create(member=ada, tag="branch:master")
    now = timezone.now()
    Alert.objects.create(
        key="x:1", rule="x", subject="two\nlines", severity="bad", text="two\nlines fail", tags=["branch:master"],
        began_at=now, changed_at=now, since=now, ended_at=now,
    )  # fmt: skip
    Subscription.objects.update(created_at=now)
    clock.run(60, "command")
    assert mail.outbox[0].subject.endswith("two lines")


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


def test_a_kill_before_sending_loses_nothing(monkeypatch, channel, sink, clock, break_branch):
    break_branch()

    def die(*_, **__):
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr("flinkci_dashboard.clients.notify.send", die)
        with pytest.raises(KilledError):
            clock.run(0, "command")
    assert sink.texts == []
    clock.run(15)
    assert len(sink.texts) == 1


def test_a_kill_while_alerts_are_written_down_loses_nothing(monkeypatch, channel, sink, clock, break_branch):
    break_branch()

    def die(*_, **__):
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr("flinkci_dashboard.models.Telling.objects.bulk_create", die)
        with pytest.raises(KilledError):
            clock.run(0, "command")
    assert Notice.objects.count() == 0
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


def test_observe_mode_tells_too(settings, channel, sink, clock, break_branch):
    settings.SYNC_MODE = "observe"
    break_branch()
    clock.run(0, "command")
    assert len(sink.texts) == 1


def test_quiet_hours_hold_everything_and_a_digest_follows(channel, sink, clock, break_branch, mend_branch):
    Channel.objects.update(quiet_from=time(11), quiet_to=time(13))
    break_branch()
    clock.run(0, "command")
    mend_branch()
    clock.run(1800, "command")
    assert sink.texts == []
    clock.run(1830, "command")
    assert len(sink.texts) == 1
    assert "What came in the quiet hours, 11:00 to 13:00 UTC:" in sink.texts[0]
    assert "Over: " in sink.texts[0]


def test_who_does_not_answer_has_a_backup(clock, break_branch):
    backup = Contact.objects.create(name="Backup", email="backup@example.org")
    Contact.objects.filter(name="Chesnay Schepler").update(backup=backup)
    break_branch()
    clock.run(0, "command")
    clock.run(119 * 60, "command")
    assert mail.outbox == []
    clock.run(2 * 60, "command")
    clock.run(600, "command")
    (letter,) = mail.outbox
    assert letter.to == ["backup@example.org"] and "nobody has acknowledged this for 2 h" in letter.body


def test_who_answers_has_no_backup_called(clock, break_branch, admin):
    backup = Contact.objects.create(name="Backup", email="backup@example.org")
    Contact.objects.update(backup=backup)
    break_branch()
    clock.run(0, "command")
    admin.post(f"/alerts/{alert().pk}/acknowledge/")
    clock.run(5 * 3600, "command")
    assert mail.outbox == []
    assert alert().acknowledged_by == "admin"


def test_what_is_silenced_is_not_told_until_the_silence_ends(channel, sink, clock, break_branch, admin):
    break_branch()
    clock.run()
    admin.post(f"/alerts/{alert().pk}/silence/", {"hours": "1", "why": "we know"})
    clock.run(60, "command")
    assert not any("diverged" in text for text in sink.texts)
    clock.run(3600, "command")
    assert sum("diverged" in text for text in sink.texts) == 1


def test_members_hear_of_what_they_subscribed_to_by_mail(clock, branch, break_branch, mend_branch):
    ada = User.objects.create_user("ada", email="ada@example.org")
    Subscription.objects.create(member=ada, tag="branch:master")
    Subscription.objects.create(member=User.objects.create_user("bo", email="bo@example.org"), tag="branch:release-1.0")
    break_branch()
    clock.run(0, "command")
    mend_branch()
    clock.run(60, "command")
    assert [letter.to for letter in mail.outbox] == [["ada@example.org"]] * 2
    assert mail.outbox[1].subject.startswith("[Flink CI] Over: ")


def test_a_components_pull_request_that_turns_red_is_told_to_its_subscribers(channel, sink, clock):
    ada = User.objects.create_user("ada", email="ada@example.org")
    Subscription.objects.create(member=ada, tag="component:Runtime / REST")
    facts = {"title": "[FLINK-1] x", "author": "li", "base": "master", "created_at": timezone.now()}
    pull = PullRequest.objects.create(
        number=7, updated_at=timezone.now(), ci_state="failure", why="build failed: test_ci table", **facts
    )
    ticket = Ticket.objects.create(key="FLINK-1", known=True, components=["Runtime / REST"])
    LabelState.objects.create(
        pull=pull, ticket=ticket, state="right", state_since=timezone.now(), seen_at=timezone.now()
    )
    clock.run(0, "command")
    (letter,) = mail.outbox
    assert "#7 [FLINK-1] x: build failed: test_ci table" in letter.body
    assert sink.texts == []  # no channel asked for it


def test_a_rule_that_is_switched_off_finds_nothing(channel, sink, clock, break_branch):
    RuleSetting.objects.filter(rule="mirror_branch").update(enabled=False)
    break_branch()
    clock.run(0, "command")
    assert sink.texts == []


def test_rules_that_fail_leave_what_they_found_standing(monkeypatch, channel, sink, clock, break_branch):
    break_branch()
    clock.run(0, "command")
    monkeypatch.setattr("sync.alerts.findings", lambda *_: 1 / 0)
    run = clock.run(60, "command")
    assert run.outcome == JobRun.Outcome.PARTIAL and "sync.alerts" in run.error
    assert alert().state == "firing" and len(sink.texts) == 1


def test_the_watcher_is_asked_once_a_minute_while_all_is_on_time(settings, sink, clock, worker):
    settings.HEARTBEAT_URL = f"http://{sink.place}/beat"
    clock.run()
    clock.run(30)
    assert sink.asked == ["/beat"]
    clock.run(29)
    assert len(sink.asked) == 1
    clock.run(2)
    assert len(sink.asked) == 1  # the worker has been silent for more than a minute: nothing is on time
    worker.seen_at = timezone.now()
    worker.save()
    clock.run(1)
    assert len(sink.asked) == 2


def test_alert_urls_make_channels_once(settings, sink, clock):
    settings.ALERT_URLS = [sink.address, "mailto:list@example.org"]
    call_command("bootstrap", verbosity=0)
    call_command("bootstrap", verbosity=0)
    assert sorted(Channel.objects.values_list("service", flat=True)) == ["json", "mail"]
    settings.ALERT_URLS = ["file:///etc/passwd", "mailto:other@example.org"]
    call_command("bootstrap", verbosity=0, stderr=(errors := StringIO()))
    assert "Address 1 of ALERT_URLS" in errors.getvalue() and "passwd" not in errors.getvalue()
    assert Channel.objects.count() == 3  # one bad address stops no other
    assert not any("secretword" in str(row) for row in Channel.objects.values_list())
