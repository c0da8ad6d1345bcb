"""A pass over labels: what somebody changed by hand is shown and left alone, until it is settled."""

import pytest
from django.contrib.auth.models import User

from flinkci_dashboard.jobs import ledger
from flinkci_dashboard.jobs.run import request, run_pass
from labeler.changer import KEPT
from labeler.labels import SETTLE
from sync.models import PullRequest
from tests.labels import TESTS, label, labels_of, observe, state_of, writes

pytestmark = pytest.mark.usefixtures("quick")


def test_a_label_changed_by_hand_is_shown_and_left_alone(world, ticket):
    label(world)
    world.pulls.remove_label(ticket, "component=Runtime/REST")
    world.pulls.add_labels(ticket, ["component=Mine"])
    mark = world.log_mark()
    world.jira.edit("FLINK-123", status="Closed")  # a mere comment or state is no reason to undo it
    label(world)
    label(world)
    assert labels_of(world, ticket) == ["component=Mine"]
    assert writes(world, mark) == []
    state = state_of(ticket)
    assert (state.state, state.add, state.remove) == ("drift", ["component=Runtime/REST"], ["component=Mine"])
    assert state.reason == "Somebody removed component=Runtime/REST and added component=Mine."


@pytest.mark.parametrize("what", ["ticket", "title", "button"])
def test_drift_is_settled_by_a_change_of_ticket_or_title_or_by_a_button(world, ticket, what):
    label(world)
    world.pulls.add_labels(ticket, ["component=Mine"])
    label(world)
    asked = None
    if what == "ticket":
        world.jira.edit("FLINK-123", components=[TESTS])
    elif what == "title":
        world.pulls.edit(ticket, title="[FLINK-123][rest] Be much quicker")
    else:
        asked = request("label_pulls", User.objects.create_user("op"), SETTLE, f"#{ticket}")
    label(world)
    assert labels_of(world, ticket) == ["component=Tests" if what == "ticket" else "component=Runtime/REST"]
    assert state_of(ticket).state == "right"
    if asked:
        asked.refresh_from_db()
        assert asked.answer == "Settled: removed component=Mine."


def test_settling_what_is_right_says_so(world, ticket):
    label(world)
    asked = request("label_pulls", None, SETTLE, f"#{ticket}")
    label(world)
    asked.refresh_from_db()
    assert asked.answer.startswith("Nothing is to be settled")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"service": "github", "method": "DELETE", "status": 502}, "Nothing was changed: GitHub answers 502"),
        ({"service": "github", "method": "DELETE", "status": 422}, "Nothing was changed: GitHub refuses"),
        ({"service": "jira", "status": 503}, "Nothing was changed: Jira answers 503"),
    ],
)
def test_who_asked_to_settle_hears_why_it_did_not_work(world, ticket, fault, words):
    label(world)
    world.pulls.add_labels(ticket, ["component=Mine"])
    label(world)
    asked = request("label_pulls", None, SETTLE, f"#{ticket}")
    world.fault(**fault)
    label(world)
    asked.refresh_from_db()
    assert asked.answer.startswith(words)


def test_who_asks_to_settle_past_the_hourly_limit_hears_it(world, ticket, monkeypatch):
    label(world)
    world.pulls.add_labels(ticket, ["component=Mine"])
    label(world)
    monkeypatch.setattr(ledger, "TEXTS_AN_HOUR", KEPT)
    asked = request("label_pulls", None, SETTLE, f"#{ticket}")
    label(world)
    asked.refresh_from_db()
    assert "used up" in asked.answer
    label(world)
    assert state_of(ticket).state == "drift"


def test_a_stale_listing_after_our_change_is_not_taken_for_drift(world, ticket):
    observe(world)
    stale = PullRequest.objects.get(number=ticket).updated_at
    run_pass("label_pulls", "schedule")
    PullRequest.objects.filter(number=ticket).update(labels=[], updated_at=stale)
    run_pass("label_pulls", "schedule")
    assert state_of(ticket).state == "right"
