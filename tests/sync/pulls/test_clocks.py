"""The machine's clock was three days ahead for some passes, and is set right: everything catches up."""

from datetime import datetime, timedelta

import pytest
import time_machine
from django.db.models import F
from django.utils import timezone

from flinkci_dashboard.jobs import ledger
from flinkci_dashboard.sandbox.world import PULLS
from sync.models import PullRequest, Watermark
from tests.pulls import builds, ci_branches, end, name_of, reactions, reports, settle, sync

AHEAD = timedelta(days=3)


def ahead():
    """Set the machine's clock ahead; the services keep theirs."""
    return time_machine.travel(timezone.now() + AHEAD, tick=True)


def test_commands_that_were_written_while_the_clock_was_ahead_run(flink):
    number = flink.pulls.open()
    with ahead():
        settle(3)
        end(flink, number, "failed")
        settle(2)
        comment = flink.pulls.comment(number, "@flinkbot run azure")
    sync()
    sync()
    assert "+1" in reactions(flink, comment)
    assert builds(flink, number)[-1].status != "completed"


def test_commands_that_are_written_after_it_was_set_right_run(flink):
    number = flink.pulls.open()
    with ahead():
        settle(3)
    end(flink, number, "failed")
    sync()
    comment = flink.pulls.comment(number, "@flinkbot run azure")
    sync()
    assert "+1" in reactions(flink, comment)


def test_a_mark_that_an_older_version_set_by_the_wrong_clock_is_moved_back(flink):
    number = flink.pulls.open()
    settle(3)
    end(flink, number, "failed")
    settle(2)
    mark = Watermark.named("comments")
    later = (timezone.now() + AHEAD).isoformat()
    mark.remember({"from": later, "since": later, "etag": ""})
    comment = flink.pulls.comment(number, "@flinkbot run azure")
    sync()
    assert "+1" in reactions(flink, comment)
    assert Watermark.named("comments").data["since"] < later


def test_the_hourly_look_does_not_wait_for_days(flink):
    number = flink.pulls.open()
    with ahead():
        settle(3)
    mark = Watermark.named("everything")
    mark.remember(mark.data | {"at": (timezone.now() + AHEAD).isoformat()})
    sync()
    assert Watermark.named("everything").data["at"] < (timezone.now() + timedelta(minutes=1)).isoformat()
    assert PullRequest.objects.filter(number=number, missing_since=None).exists()


def test_a_head_that_was_refused_while_the_clock_was_ahead_is_pushed_soon(flink):
    flink.rules(PULLS).decline("secret.txt")
    number = flink.pulls.open(files={"secret.txt": "x\n"})
    with ahead():
        sync("partial")
    flink.rules(PULLS).lift()
    sync()
    PullRequest.objects.update(push_tried_at=F("push_tried_at") - timedelta(minutes=15))  # the first pause
    settle(2)
    assert name_of(flink, number) in ci_branches(flink)


def test_texts_of_the_wrong_hour_do_not_use_up_this_one(flink, monkeypatch):
    monkeypatch.setattr(ledger, "TEXTS_AN_HOUR", 1)
    flink.pulls.open()
    with ahead():
        settle(2)
    number = flink.pulls.open()
    settle(2)
    assert reports(flink, number)


@pytest.mark.parametrize("seconds", [-AHEAD.total_seconds(), AHEAD.total_seconds()])
def test_marks_follow_githubs_clock(flink, seconds):
    flink.pulls.open()
    with time_machine.travel(timezone.now() + timedelta(seconds=seconds), tick=True):
        settle(2)
    told = Watermark.named("comments").data["since"]
    assert abs(datetime.fromisoformat(told) - flink.clock.now()) < timedelta(minutes=5)
