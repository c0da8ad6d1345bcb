"""The whole way of an alert: a finding, a message, its end; failures of channels; kills; quiet hours; two workers."""

from io import StringIO

from django.contrib.auth.models import User
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from flinkci_dashboard.models import (
    Alert,
    Channel,
    Contact,
    JobRun,
    OpenFinding,
    RuleSetting,
    Subscription,
)
from sync.models import MirrorBranch
from tests.findings import KEY, alert


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


def test_observe_mode_tells_too(settings, channel, sink, clock, break_branch):
    settings.SYNC_MODE = "observe"
    break_branch()
    clock.run(0, "command")
    assert len(sink.texts) == 1


def test_a_rule_that_is_switched_off_finds_nothing(channel, sink, clock, break_branch):
    RuleSetting.objects.filter(rule="mirror_branch").update(enabled=False)
    break_branch()
    clock.run(0, "command")
    assert sink.texts == []


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
    settings.ALERT_PRIVATE_ADDRESSES = True
    settings.ALERT_URLS = [sink.address, "mailto:list@example.org"]
    call_command("bootstrap", verbosity=0)
    call_command("bootstrap", verbosity=0)
    assert sorted(Channel.objects.values_list("service", flat=True)) == ["json", "mail"]
    settings.ALERT_URLS = ["file:///etc/passwd", "mailto:other@example.org"]
    call_command("bootstrap", verbosity=0, stderr=(errors := StringIO()))
    assert "Address 1 of ALERT_URLS" in errors.getvalue() and "passwd" not in errors.getvalue()
    assert Channel.objects.count() == 3  # one bad address stops no other
    assert not any("secretword" in str(row) for row in Channel.objects.values_list())


def test_alert_urls_that_lead_into_this_network_are_told_with_the_remedy(settings, sink, clock):
    settings.ALERT_URLS = [sink.address, "mailto:list@example.org"]
    call_command("bootstrap", verbosity=0, stderr=(errors := StringIO()))
    assert "Address 1 of ALERT_URLS" in errors.getvalue() and "ALERT_PRIVATE_ADDRESSES=1" in errors.getvalue()
    assert list(Channel.objects.values_list("service", flat=True)) == ["mail"]


def test_a_services_own_words_end_like_the_rest_of_the_sentence(channel, sink, clock, break_branch):
    break_branch()
    MirrorBranch.objects.update(detail="remote: No.\nremote: Really.")
    clock.run(trigger="command")
    assert "remote: No. remote: Really. Whom to ask" in sink.texts[0]
