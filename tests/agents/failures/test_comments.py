"""Comments on tickets of known failures: once a ticket and day, where an admin wants it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from agents.failures.comments import SWITCH
from agents.failures.report import mark
from agents.models import Failure, KnownTicket, Test, TestFailure
from flinkci_dashboard.clients import jira
from flinkci_dashboard.jobs.run import run_pass
from flinkci_dashboard.models import Action, Switch
from tests.machines import make_build, make_job

NAME, KEY = "org.apache.flink.FooITCase.testBar", "FLINK-77"


@pytest.fixture(autouse=True)
def wanted(world, bootstrapped, monkeypatch):
    """Switch comments on, and ask Jira without pauses."""
    monkeypatch.setattr(jira, "PAUSE", 0.0)
    Switch.objects.filter(name=SWITCH).update(on=True)
    world.jira.create(KEY, summary="FooITCase.testBar fails", labels=["test-stability"])


def fail_test(number=1, ago=timedelta(hours=1), **build):
    row = make_build(number, result="failed", **build)
    test, _ = Test.objects.get_or_create(name=NAME)
    facts = {
        "job": make_job(row, result="failed", record_id="r"),
        "build": row,
        "at": timezone.now() - ago,
        "source": "log",
    }
    return TestFailure.objects.create(test=test, message="boom {code}", **facts)


def match(outcome="ok"):
    run = run_pass("match_failures", "schedule")
    assert run.outcome == outcome, run.error
    return run


def said(world):
    return [comment.body for comment in world.jira.find(KEY).comments]


def a_day_passes(world):
    """Let the record, and the comment, say that it was said yesterday."""
    today = timezone.now().date()
    yesterday = today - timedelta(days=1)
    for action in Action.objects.filter(kind="comment-ticket"):
        facts = {"key": f"comment:{KEY}:{yesterday}", "payload": action.payload | {"day": str(yesterday)}}
        Action.objects.filter(pk=action.pk).update(**facts)
    for comment in world.jira.find(KEY).comments:
        comment.body = comment.body.replace(mark(KEY, today), mark(KEY, yesterday))


def test_a_known_failure_is_told_once_a_day_with_its_hits(world):
    fail_test(1), fail_test(2, branch="release-2.2")
    match()
    (text,) = said(world)
    assert "failed 2 times" in text and "master: [test_ci core|" in text and "release-2.2" in text
    assert mark(KEY, timezone.now().date()) in text
    fail_test(3)
    match()
    assert len(said(world)) == 1


def test_the_next_day_tells_what_came_since(world):
    fail_test(1)
    match()
    a_day_passes(world)
    match()
    assert len(said(world)) == 1  # nothing has failed since
    fail_test(2, branch="release-2.2")
    match()
    assert len(said(world)) == 2 and "failed once" in said(world)[1] and "release-2.2" in said(world)[1]


def test_it_is_off_until_it_is_wanted(world):
    Switch.objects.filter(name=SWITCH).update(on=False)
    fail_test()
    match()
    assert said(world) == []


def test_in_observe_mode_it_is_recorded_and_nothing_said(world, settings):
    settings.SYNC_MODE = "observe"
    fail_test()
    match()
    assert said(world) == []
    (planned,) = Action.objects.filter(kind="comment-ticket")
    assert (planned.state, planned.subject) == ("planned", KEY)


@pytest.mark.parametrize("facts", [{"ago": timedelta(days=3)}, {"scope": "pull", "pull_number": 7}])
def test_old_hits_and_those_of_pull_requests_are_not_told(world, facts):
    fail_test(**facts)
    match()
    assert said(world) == []


def test_a_comment_of_the_day_is_found_again_before_a_second(world):
    world.jira.comment(KEY, f"By hand.\n{mark(KEY, timezone.now().date())}", author="ada")
    fail_test()
    match()
    assert len(said(world)) == 1
    assert Action.objects.get(kind="comment-ticket").state == "done"


def test_an_answer_that_got_lost_is_looked_for(world):
    fail_test()
    match()
    Action.objects.filter(kind="comment-ticket").update(state="pending", settled_at=None)
    match()
    assert len(said(world)) == 1 and Action.objects.get(kind="comment-ticket").state == "done"


def test_without_a_token_it_says_so_and_goes_on(world, monkeypatch):
    monkeypatch.setenv("JIRA_TOKEN", "")
    fail_test()
    run = match("partial")
    assert "no token of Jira" in run.error and said(world) == []
    assert Failure.objects.get().ticket == KnownTicket.objects.get()


def test_nothing_to_say_is_one_request(world):
    fail_test()
    match()
    match()
    mark_of_log = world.log_mark()
    match()
    assert len(world.since(mark_of_log, "jira")) == 1
