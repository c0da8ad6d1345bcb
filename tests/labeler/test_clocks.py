"""The clock of the machine is wrong, and Jira's is right: no change of a ticket is missed."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from flinkci_dashboard.clients import jira
from flinkci_dashboard.jobs.run import run_pass
from labeler.models import JiraContact, LabelState
from sync.models import PullRequest
from tests.labels import observe

AHEAD = timedelta(days=3)


@pytest.fixture
def ticket(world, bootstrapped, monkeypatch):
    """Have FLINK-123, which has no component, and a pull request for it."""
    monkeypatch.setattr(jira, "PAUSE", 0.0)
    world.commit("master")
    world.jira.create("FLINK-123", [], "REST is slow")
    return world.pulls.open("[FLINK-123][rest] Be quicker")


def label(world):
    observe(world)
    done = run_pass("label_pulls", "schedule")
    assert done and done.outcome == "ok", done and done.error


def test_a_ticket_that_changed_while_the_clock_was_ahead_has_its_labels(world, ticket):
    with time_machine.travel(timezone.now() + AHEAD, tick=True):
        label(world)
        world.jira.edit("FLINK-123", components=["Runtime / REST"])
        world.clock.advance(hours=1)
    label(world)
    assert world.pulls.by_number[ticket].labels == ["component=Runtime/REST"]


@pytest.mark.parametrize("wrong", [AHEAD, -AHEAD])
def test_the_mark_is_of_jiras_clock(world, ticket, wrong):
    with time_machine.travel(timezone.now() + wrong, tick=True):
        label(world)
    assert abs(JiraContact.load().asked_at - world.clock.now()) < timedelta(minutes=1)


def test_a_clock_that_fell_behind_asks_for_all_that_changed_since(world, ticket):
    label(world)
    world.jira.edit("FLINK-123", components=["Runtime / REST"])
    world.clock.advance(hours=5)
    label(world)
    assert world.pulls.by_number[ticket].labels == ["component=Runtime/REST"]


def test_a_mark_of_an_older_version_from_the_future_is_moved_back(world, ticket):
    label(world)
    JiraContact.objects.update(asked_at=timezone.now() + AHEAD, check_at=timezone.now() + 3 * AHEAD)
    world.jira.edit("FLINK-123", components=["Runtime / REST"])
    world.clock.advance(hours=5)
    label(world)
    assert world.pulls.by_number[ticket].labels == ["component=Runtime/REST"]
    contact = JiraContact.load()
    assert contact.asked_at <= world.clock.now() and contact.check_at < timezone.now() + 2.5 * AHEAD


def test_a_refused_change_does_not_wait_for_days(world, ticket):
    label(world)
    LabelState.objects.update(retry_at=timezone.now() + AHEAD)
    world.jira.edit("FLINK-123", components=["Runtime / REST"])
    label(world)
    assert world.pulls.by_number[ticket].labels == ["component=Runtime/REST"]
    assert PullRequest.objects.get(number=ticket).labels
