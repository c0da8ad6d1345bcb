"""A pass over labels: Jira or GitHub fail, answers get lost, passes are killed."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache

from flinkci_dashboard.clients.errors import UnavailableError
from flinkci_dashboard.clients.github.http import Transport
from flinkci_dashboard.jobs import ledger
from flinkci_dashboard.jobs.run import run_pass
from flinkci_dashboard.models import Action
from labeler import job as engine
from labeler.changer import KEPT
from labeler.models import JiraContact, LabelChange, LabelState, Ticket
from sync.models import PullRequest
from tests.labels import METRICS, TESTS, label, labels_of, state_of, writes

pytestmark = pytest.mark.usefixtures("quick")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"status": 503}, "Jira answers 503"),
        ({"status": 200, "body": "<html>"}, "a web page instead of tickets"),
        ({"status": 401, "body": "<html>"}, "refuses access"),
        ({"status": 429, "body": "", "headers": {"Retry-After": "600"}}, "left alone for 600 s"),
        ({"reset": True}, "does not answer"),
    ],
)
def test_when_jira_is_silent_the_labels_stay_and_the_page_can_say_since_when(world, ticket, fault, words):
    label(world)
    world.jira.edit("FLINK-123", components=[TESTS])
    world.pulls.open("[FLINK-123] Another")
    mark = world.log_mark()
    world.fault(service="jira", times=None, **fault)
    run = label(world)
    assert run.outcome == "failed"
    assert words in run.error
    contact = JiraContact.load()
    since = contact.silent_since
    assert words in contact.problem
    label(world)
    assert JiraContact.load().silent_since == since
    assert writes(world, mark) == []
    world.clear_faults()
    cache.clear()
    label(world)
    assert labels_of(world, ticket) == ["component=Tests"]
    assert JiraContact.load().silent_since is None


def test_jira_is_left_alone_for_as_long_as_it_asked(world, ticket):
    world.fault(service="jira", status=429, body="", headers={"Retry-After": "600"})
    label(world)
    mark = world.log_mark()
    run = label(world)
    assert world.since(mark) == []
    assert "left alone for" in run.error
    assert run.outcome == "failed"


def test_what_was_fetched_before_jira_fell_silent_is_not_fetched_again(world):
    world.jira.many(250, start=1)
    world.clock.advance(hours=1)
    for number in range(1, 251):
        at = datetime(2026, 1, 1, tzinfo=UTC)
        PullRequest.objects.create(
            number=number, title=f"[FLINK-{number}] x", base="master", head_sha="0" * 40, created_at=at, updated_at=at
        )
    world.fault(service="jira", path="/search", times=2)  # nothing happens to the first two
    world.fault(service="jira", path="/search", status=503, times=1)
    run_pass("label_pulls", "schedule")
    assert Ticket.objects.exclude(known=None).count() == 100
    assert LabelState.objects.count() == 0
    mark = world.log_mark()
    assert run_pass("label_pulls", "schedule").counts["tickets_fetched"] == 150
    assert len(world.since(mark, "jira")) == 3


def test_a_refusal_of_one_does_not_stop_the_others_and_is_not_tried_at_once_again(world, ticket):
    other = world.pulls.open("[FLINK-123] Another")
    world.fault(service="github", method="POST", path=f"/issues/{ticket}/labels", status=422, times=None)
    run = label(world)
    assert (run.outcome, run.counts["pulls_labelled"]) == ("partial", 1)
    assert f"#{ticket}: GitHub refuses (422)" in run.error
    assert labels_of(world, other) == ["component=Runtime/REST"]
    state = state_of(ticket)
    assert (state.state, state.tries) == ("change", 1)
    mark = world.log_mark()
    assert label(world).outcome == "ok"
    assert writes(world, mark) == []
    world.clear_faults()
    LabelState.objects.update(retry_at=state.retry_at - timedelta(hours=1))
    label(world)
    assert labels_of(world, ticket) == ["component=Runtime/REST"]
    assert state_of(ticket).problem == ""
    assert [(each.state, each.attempts) for each in Action.objects.filter(subject=f"#{ticket}")] == [("done", 2)]


@pytest.mark.parametrize("fault", [{"status": 502}, {"reset": True}, {"rate_limit": "primary"}, {"status": 401}])
def test_when_github_fails_the_pass_stops_and_a_later_one_goes_on(world, ticket, fault, monkeypatch):
    world.pulls.open("[FLINK-123] Another")
    world.pulls.create_label("component=Runtime/REST", "175fb7")
    world.fault(service="github", method="POST", times=None, headers={"retry-after": "900"}, **fault)
    run = label(world)
    assert run.outcome == "partial"  # Jira answered
    assert len(run.error.splitlines()) == 1
    assert len(writes(world)) == 1
    world.clear_faults()
    cache.clear()
    run = label(world)
    assert run.outcome == "ok"
    assert {tuple(labels_of(world, number)) for number in world.pulls.by_number} == {("component=Runtime/REST",)}


def test_a_change_whose_answer_was_lost_is_found_done_and_not_repeated(world, ticket):
    world.pulls.create_label("component=Runtime/REST", "175fb7")
    world.fault(service="github", method="POST", truncate=5)
    assert label(world).outcome == "partial"
    assert labels_of(world, ticket) == ["component=Runtime/REST"]
    assert Action.objects.get().state == "pending"
    mark = world.log_mark()
    run = label(world)
    assert run.counts["lost_changes_settled"] == 1
    assert writes(world, mark) == []
    assert (Action.objects.get().state, LabelChange.objects.count()) == ("done", 1)
    assert state_of(ticket).state == "right"


@pytest.mark.parametrize("step", ["before", "between", "after"])
def test_a_killed_pass_is_finished_by_the_next_one(world, ticket, monkeypatch, step):
    label(world)
    world.jira.edit("FLINK-123", components=[METRICS])
    client = engine.Labels
    target = {"before": (client, "add"), "between": (client, "remove"), "after": (engine.Records, "settle")}[step]

    def die(*args, **more):
        raise SystemExit("killed")

    with monkeypatch.context() as patch:
        patch.setattr(*target, die)
        with pytest.raises(SystemExit):
            label(world)
    label(world)
    assert labels_of(world, ticket) == ["component=Runtime/Metrics"]
    assert state_of(ticket).state == "right"
    assert LabelChange.objects.count() == 2
    assert not Action.objects.filter(state="pending").exists()


@pytest.mark.parametrize("error", [UnavailableError("Lost."), SystemExit("killed")], ids=["lost", "killed"])
@pytest.mark.parametrize("carried_out", [True, False])
@pytest.mark.parametrize("place", range(5))
def test_whichever_write_ends_badly_the_world_comes_right_and_history_tells_it_once(
    world, ticket, monkeypatch, place, carried_out, error
):
    """Five writes: a label is created; on two pull requests it is added, and another one removed."""
    other = world.pulls.open("[FLINK-123] Another")
    world.pulls.add_labels(ticket, ["bug"])
    label(world)
    world.jira.edit("FLINK-123", components=[METRICS])
    write, calls = Transport.write, iter(range(100))

    def failing(self, *what):
        if next(calls) != place:
            return write(self, *what)
        if carried_out:
            write(self, *what)
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(Transport, "write", failing)
        with suppress(SystemExit):
            label(world)
    for _ in range(2):
        label(world)
    assert labels_of(world, ticket) == ["bug", "component=Runtime/Metrics"]
    assert labels_of(world, other) == ["component=Runtime/Metrics"]
    moved = LabelChange.objects.filter(reason="FLINK-123 moved from Runtime / REST to Runtime / Metrics.")
    assert sorted(moved.values_list("pull__number", flat=True)) == [ticket, other]
    assert not Action.objects.filter(state="pending").exists()
    assert label(world).counts == {}


def test_writes_stop_at_the_hourly_limit_and_go_on_later(world, monkeypatch):
    world.jira.create("FLINK-1", [TESTS])
    world.pulls.create_label("component=Tests", "175fb7")
    numbers = [world.pulls.open(f"[FLINK-1] Part {n}") for n in range(4)]
    monkeypatch.setattr(ledger, "TEXTS_AN_HOUR", KEPT + 3)
    run = label(world)
    assert (run.outcome, run.counts) == ("ok", {"tickets_changed": 1, "pulls_labelled": 3, "postponed": 1})
    assert labels_of(world, numbers[0]) == []  # the newest went first
    assert label(world).counts == {"postponed": 1}
    Action.objects.update(tried_at=datetime(2026, 1, 1, tzinfo=UTC))
    label(world)
    assert labels_of(world, numbers[0]) == ["component=Tests"]
