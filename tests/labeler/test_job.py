"""The label job against the sandbox's Jira and GitHub: labels follow tickets and titles, and nothing else moves."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.management import call_command
from django.utils import timezone

from flinkci_dashboard.clients import jira
from flinkci_dashboard.clients.errors import UnavailableError
from flinkci_dashboard.clients.github.http import Transport
from flinkci_dashboard.jobs import ledger
from flinkci_dashboard.jobs.run import request, run_pass
from flinkci_dashboard.models import Action
from labeler import job as engine
from labeler.changer import KEPT
from labeler.labels import SETTLE
from labeler.models import JiraContact, LabelChange, LabelRule, LabelState, Ticket
from sync.models import PullRequest
from tests.labels import observe

REST, METRICS, TESTS = "Runtime / REST", "Runtime / Metrics", "Tests"


@pytest.fixture(autouse=True)
def quick(world, bootstrapped, monkeypatch):
    """Ask Jira without pauses; give the source a commit to open pull requests on."""
    monkeypatch.setattr(jira, "PAUSE", 0.0)
    world.commit("master")


@pytest.fixture
def ticket(world):
    """Have FLINK-123 about Runtime / REST, and a pull request for it."""
    world.jira.create("FLINK-123", [REST], "REST is slow")
    return world.pulls.open("[FLINK-123][rest] Be quicker")


def label(world, trigger="schedule"):
    """Observe, and run one pass."""
    observe(world)
    run = run_pass("label_pulls", trigger)
    assert run is not None
    return run


def labels_of(world, number):
    return sorted(world.pulls.by_number[number].labels)


def state_of(number):
    return LabelState.objects.get(pull__number=number)


def writes(world, mark=0):
    return [each for each in world.since(mark, "github") if each.method != "GET"]


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


def test_a_stale_listing_after_our_change_is_not_taken_for_drift(world, ticket):
    observe(world)
    stale = PullRequest.objects.get(number=ticket).updated_at
    run_pass("label_pulls", "schedule")
    PullRequest.objects.filter(number=ticket).update(labels=[], updated_at=stale)
    run_pass("label_pulls", "schedule")
    assert state_of(ticket).state == "right"


def test_a_new_rule_changes_the_labels_it_is_about(world, ticket):
    world.jira.create("FLINK-7", [TESTS])
    other = world.pulls.open("[FLINK-7] Test more")
    label(world)
    LabelRule.objects.create(component="Runtime*", label="component=Engine")
    label(world)
    assert labels_of(world, ticket) == ["component=Engine"]
    assert labels_of(world, other) == ["component=Tests"]
    assert LabelChange.objects.first().reason == "The rules give Runtime / REST another label."


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
