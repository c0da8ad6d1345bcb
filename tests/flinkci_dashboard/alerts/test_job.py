"""The whole way of an alert: a finding, a message, its end; failures of channels; kills; quiet hours; two workers."""

import pytest
from django.utils import timezone

from flinkci_dashboard.models import Alert, Channel, JobRun, Notice, OpenFinding

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
    from tests.flinkci_dashboard.alerts.conftest import make_channel
    from tests.sink import Sink

    with Sink() as taking:
        make_channel(settings, taking, "other")
        yield taking
