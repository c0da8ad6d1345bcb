"""The label job against the sandbox's Jira and GitHub: labels follow tickets and titles, and nothing else moves."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from flinkci_dashboard.jobs import ledger
from flinkci_dashboard.jobs.run import request, run_pass
from flinkci_dashboard.models import Action
from labeler.changer import KEPT
from labeler.labels import SETTLE
from labeler.models import JiraContact, LabelChange, LabelRule, Ticket
from sync.models import PullRequest
from tests.labels import METRICS, REST, TESTS, label, labels_of, observe, state_of, writes

pytestmark = pytest.mark.usefixtures("quick")


def test_a_pull_request_gets_the_labels_of_its_tickets_components(world, ticket):
    world.jira.edit("FLINK-123", components=[REST, "Formats (JSON, Avro, Parquet, ORC, SequenceFile)"])
    world.pulls.add_labels(ticket, ["community-reviewed"])
    run = label(world)
    assert (run.outcome, run.error) == ("ok", "")
    assert labels_of(world, ticket) == ["community-reviewed", "component=Formats", "component=Runtime/REST"]
    assert {each.color for each in world.pulls.labels.values() if each.name.startswith("component=")} == {"175fb7"}
    assert state_of(ticket).state == "right"
    change = LabelChange.objects.get()
    assert change.reason == ("FLINK-123 is about Runtime / REST and Formats (JSON, Avro, Parquet, ORC, SequenceFile).")


def test_the_second_pass_finds_nothing_to_do(world, ticket):
    label(world)
    mark = world.log_mark()
    run = label(world)
    assert (run.outcome, run.counts) == ("ok", {})
    assert writes(world, mark) == []


def test_an_idle_pass_costs_one_jira_query_and_nothing_else(world, ticket):
    world.jira.create("FLINK-9", [TESTS])
    world.pulls.open("[hotfix] Typo")
    world.pulls.open("[FLINK-404] No such ticket")
    label(world)
    label(world)
    mark = world.log_mark()
    label(world)
    assert [(each.service, each.path) for each in world.since(mark)] == [("jira", "/rest/api/2/search")]


def test_a_ticket_that_moves_to_another_component_moves_the_label_in_two_writes(world, ticket):
    label(world)
    world.pulls.create_label("component=Runtime/Metrics", "175fb7")
    world.clock.advance(minutes=30)
    world.jira.edit("FLINK-123", components=[METRICS])
    mark = world.log_mark()
    label(world)
    assert labels_of(world, ticket) == ["component=Runtime/Metrics"]
    assert len(writes(world, mark)) == 2
    assert LabelChange.objects.first().reason == "FLINK-123 moved from Runtime / REST to Runtime / Metrics."


def test_many_labels_to_remove_cost_no_more_writes(world, ticket):
    world.jira.edit("FLINK-123", components=[REST, TESTS, "fs"])
    world.pulls.add_labels(ticket, ["bug", "component=Build"])
    label(world)
    world.pulls.create_label("component=Runtime/Metrics", "175fb7")
    world.jira.edit("FLINK-123", components=[METRICS])
    mark = world.log_mark()
    label(world)
    assert labels_of(world, ticket) == ["bug", "component=Runtime/Metrics"]
    assert len(writes(world, mark)) <= 2


def test_a_new_title_brings_the_other_tickets_labels(world, ticket):
    world.jira.create("FLINK-124", [TESTS])
    label(world)
    world.pulls.edit(ticket, title="[FLINK-124][rest] Be quicker")
    label(world)
    assert labels_of(world, ticket) == ["component=Tests"]
    assert LabelChange.objects.first().reason == "The title names FLINK-124 instead of FLINK-123."


def test_backports_share_their_tickets_labels(world, ticket):
    backport = world.pulls.open("[BP-2.2][FLINK-123][rest] Be quicker")
    label(world)
    assert labels_of(world, backport) == labels_of(world, ticket) == ["component=Runtime/REST"]
    assert Ticket.objects.count() == 1


def test_closed_pull_requests_are_labelled_too(world, ticket):
    world.pulls.close(ticket, merge=True)
    label(world)
    assert labels_of(world, ticket) == ["component=Runtime/REST"]


@pytest.mark.parametrize(
    ("title", "state"), [("[hotfix] Be quicker", "no_ticket"), ("[FLINK-404] Be quicker", "unknown")]
)
def test_without_a_ticket_that_jira_knows_nothing_is_touched(world, title, state):
    number = world.pulls.open(title)
    world.pulls.add_labels(number, ["component=Old", "bug"])
    label(world)
    assert labels_of(world, number) == ["bug", "component=Old"]
    assert state_of(number).state == state
    assert writes(world) == []


def test_a_ticket_that_appears_later_is_noticed(world):
    number = world.pulls.open("[FLINK-500] Early bird")
    label(world)
    assert state_of(number).state == "unknown"
    world.jira.create("FLINK-500", [TESTS])
    label(world)
    assert labels_of(world, number) == ["component=Tests"]


def test_a_number_that_no_ticket_has_is_not_asked_for(world):
    number = world.pulls.open(f"[FLINK-{'9' * 60}] Typo")
    label(world)
    assert state_of(number).state == "no_ticket"
    assert len(world.since(0, "jira")) == 1, "what changed, and no more"


def test_a_moved_ticket_is_followed(world, ticket):
    label(world)
    world.jira.move("FLINK-123", "FLINK-900")
    world.jira.edit("FLINK-900", components=[METRICS])
    label(world)
    assert labels_of(world, ticket) == ["component=Runtime/Metrics"]
    assert state_of(ticket).reason == "FLINK-123, now FLINK-900, is about Runtime / Metrics."
    assert Ticket.objects.get().web_url.endswith("/browse/FLINK-900")


def test_unknown_keys_do_not_hold_up_the_others(world):
    world.jira.many(150, start=1)
    numbers = [world.pulls.open(f"[FLINK-{n}] Fix") for n in (3, 77, 140)]
    unknown = world.pulls.open("[FLINK-8000] Fix")
    label(world)
    assert [state_of(number).state for number in numbers] == ["right"] * 3
    assert state_of(unknown).state == "unknown"


def test_labels_that_differ_in_case_alone_are_right(world, ticket):
    world.pulls.create_label("Component=runtime/rest")
    world.pulls.add_labels(ticket, ["Component=runtime/rest"])
    label(world)
    assert labels_of(world, ticket) == ["Component=runtime/rest"]
    assert writes(world) == []


def test_a_label_that_exists_in_another_case_is_used_as_it_is(world, ticket):
    world.pulls.create_label("Component=Runtime/rest", "ffffff")
    label(world)
    assert labels_of(world, ticket) == ["Component=Runtime/rest"]
    assert state_of(ticket).state == "right"


def test_a_label_is_created_once(world, ticket):
    for number in (1, 2, 3):
        world.pulls.open(f"[FLINK-123] Part {number}")
    label(world)
    created = [each for each in writes(world) if each.path.endswith("/flink/labels")]
    assert len(created) == 1
    assert len(writes(world)) == 5


def test_observe_mode_shows_the_difference_and_changes_nothing(world, ticket, settings):
    settings.SYNC_MODE = "observe"
    asked = request("label_pulls", None, SETTLE, f"#{ticket}")
    run = label(world)
    assert run.counts["planned"] == 1
    assert label(world).counts == {}
    assert writes(world) == []
    state = state_of(ticket)
    assert (state.state, state.add) == ("change", ["component=Runtime/REST"])
    assert Action.objects.get().state == "planned"
    asked.refresh_from_db()
    assert "only observes" in asked.answer
    settings.SYNC_MODE = "active"
    label(world)
    assert labels_of(world, ticket) == ["component=Runtime/REST"]
    assert [action.state for action in Action.objects.all()] == ["done"]


def test_a_plan_stays_the_same_while_other_things_change(world, ticket, settings):
    settings.SYNC_MODE = "observe"
    label(world)
    before = Action.objects.get().pk
    world.pulls.comment(ticket, "Nice")
    assert label(world).counts == {}
    assert Action.objects.get().pk == before


def test_a_plan_that_was_overtaken_is_forgotten(world, ticket, settings):
    settings.SYNC_MODE = "observe"
    label(world)
    world.pulls.edit(ticket, title="[hotfix] Be quicker")
    label(world)
    assert not Action.objects.exists()


def test_a_new_rule_changes_the_labels_it_is_about(world, ticket):
    world.jira.create("FLINK-7", [TESTS])
    other = world.pulls.open("[FLINK-7] Test more")
    label(world)
    LabelRule.objects.create(component="Runtime*", label="component=Engine")
    label(world)
    assert labels_of(world, ticket) == ["component=Engine"]
    assert labels_of(world, other) == ["component=Tests"]
    assert LabelChange.objects.first().reason == "The rules give Runtime / REST another label."


def test_reports_and_answers_go_before_labels_where_github_limits_both(world, ticket, monkeypatch):
    monkeypatch.setattr(ledger, "TEXTS_AN_HOUR", KEPT + 3)
    reports = ledger.Ledger("sync_pulls", timezone.now())
    for number in range(3):
        reports.begin(ledger.Intent(f"report:{number}", "create-report", f"#{number}", texts=1))
    assert label(world).counts["postponed"] == 1
    assert labels_of(world, ticket) == []
    Action.objects.filter(job="sync_pulls").update(tried_at=datetime(2026, 1, 1, tzinfo=UTC))
    label(world)
    assert labels_of(world, ticket) == ["component=Runtime/REST"]


def test_every_ticket_is_asked_for_again_once_a_week_in_parts(world, ticket):
    world.jira.many(150, start=1000)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(1000, 1150):
        PullRequest.objects.create(
            number=number, title=f"[FLINK-{number}] x", base="master", head_sha="0" * 40, created_at=at, updated_at=at
        )
    observe(world)
    run_pass("label_pulls", "schedule")
    due = JiraContact.load().check_at
    assert timedelta(days=3) < due - JiraContact.load().answered_at < timedelta(days=4)
    world.jira.by_id[world.jira.ids["FLINK-123"]].components = (TESTS,)  # nothing tells of it
    for _ in range(2):
        JiraContact.objects.update(check_at=at)
        run_pass("label_pulls", "schedule")
    assert labels_of(world, ticket) == ["component=Tests"]
    oldest = Ticket.objects.order_by("fetched_at").first().fetched_at
    assert oldest > due - timedelta(days=4)


def test_hostile_texts_pass_through(world):
    world.jira.create("FLINK-666", ["<script>alert(1)</script>", "a" * 300, "\u202eevil", "x,y/z?#%"], "\x00 <b>")
    number = world.pulls.open("[FLINK-666] \u202e <img src=x onerror=alert(1)> \x01")
    assert label(world).outcome == "ok"
    assert state_of(number).state == "right"
    world.jira.edit("FLINK-666", components=[TESTS])
    label(world)
    assert labels_of(world, number) == ["component=Tests"]


def test_the_command_runs_a_pass(world, ticket, capsys):
    observe(world)
    with pytest.raises(SystemExit) as end:
        call_command("label_pulls", verbosity=2)  # less would silence the log of the tests after this one
    assert end.value.code == 0
    assert '"job": "label_pulls", "outcome": "ok"' in capsys.readouterr().out


def test_together_with_the_pull_request_job_everything_comes_to_rest(world, ticket):
    """Both jobs write to GitHub and to the same rows; neither wakes the other for ever."""
    world.mirror_all("flink-ci/flink")
    for _ in range(4):
        assert run_pass("sync_pulls", "command").outcome == "ok"
        assert run_pass("label_pulls", "command").outcome == "ok"
    assert labels_of(world, ticket) == ["component=Runtime/REST"]
    mark = world.log_mark()
    run_pass("sync_pulls", "command")
    assert run_pass("label_pulls", "command").counts == {}
    assert writes(world, mark) == []
    world.pulls.add_labels(ticket, ["component=Mine"])
    run_pass("sync_pulls", "command")
    run_pass("label_pulls", "command")
    assert state_of(ticket).state == "drift"
    world.pulls.remove_label(ticket, "component=Mine")
    run_pass("sync_pulls", "command")
    run_pass("label_pulls", "command")
    assert state_of(ticket).state == "right"
