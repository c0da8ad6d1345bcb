"""The ledger of acts: when one is begun, waits, is done again or never again, and what is left of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext

from flinkci_dashboard.jobs.ledger import TEXTS_AN_HOUR, Intent, Ledger, acts_for, forget, texts_left
from flinkci_dashboard.models import Action

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
PUSH = Intent("push:a", "push-branch", "#1", "The head has no branch yet.", {"branch": "a"})
SOON = timedelta(minutes=1)


def ledger(after: timedelta = timedelta(0), **options) -> Ledger:
    return Ledger("sync_pulls", NOW + after, **options)


def fail(intent: Intent = PUSH, tries: int = 1) -> Action:
    """Let an act fail some times, the last one at NOW."""
    for _ in range(tries):
        action = ledger(forced=True).begin(intent)
        ledger().failed(action, answer="No.")
        Action.objects.filter(pk=action.pk).update(settled_at=NOW)
    return action


def test_an_act_is_recorded_before_it_is_tried_and_settled_after():
    action = ledger().begin(PUSH)
    row = Action.objects.get()
    assert (row.state, row.subject, row.attempts, row.created_at) == ("pending", "#1", 1, NOW)
    ledger().done(action, answer="ok")
    row.refresh_from_db()
    assert (row.state, row.answer) == ("done", "ok")
    assert row.settled_at


@pytest.mark.parametrize(("tries", "minutes"), [(1, 2), (2, 10), (3, 60), (9, 60)])
def test_a_failed_act_waits_ever_longer(tries, minutes):
    fail(tries=tries)
    assert ledger(timedelta(minutes=minutes) - SOON).begin(PUSH) is None
    assert ledger(timedelta(minutes=minutes) - SOON).waiting([PUSH]) == {PUSH.key: NOW + timedelta(minutes=minutes)}
    again = ledger(timedelta(minutes=minutes)).begin(PUSH)
    assert (again.state, again.attempts, again.answer) == ("pending", tries + 1, "")


@pytest.mark.parametrize(
    ("options", "intent"),
    [({"forced": True}, PUSH), ({"asked": {"#1"}}, PUSH), ({}, replace(PUSH, patient=False))],
)
def test_who_waits_for_an_act_or_knows_when_it_is_due_lifts_its_back_off(options, intent):
    fail()
    assert ledger(SOON, **options).begin(intent)


def test_somebody_who_asks_for_another_subject_lifts_nothing():
    fail()
    assert ledger(SOON, asked={"#2"}).begin(PUSH) is None


def test_another_token_does_not_wait_for_the_former_ones_back_off():
    fail(replace(PUSH, token="old"))
    assert ledger(SOON).begin(replace(PUSH, token="old")) is None
    assert ledger(SOON).begin(replace(PUSH, token="new"))


def test_a_failure_that_a_wrong_clock_dates_into_the_future_holds_nothing_back():
    Action.objects.filter(pk=fail().pk).update(settled_at=NOW + timedelta(days=3))
    assert ledger().begin(PUSH)


def test_what_an_earlier_pass_left_open_is_not_begun_until_somebody_has_looked():
    lost = ledger().begin(PUSH)
    later = ledger(SOON)
    assert later.begin(PUSH) is None
    assert later.unsettled() == [lost]
    later.settle_lost(lost, False)
    assert later.begin(PUSH).attempts == 2  # at once: the outside has not seen it


def test_what_was_found_done_is_done():
    lost = ledger().begin(PUSH)
    ledger(SOON).settle_lost(lost, True)
    lost.refresh_from_db()
    assert (lost.state, lost.answer) == (
        "done",
        "The pass that tried this ended before it knew the answer; it was done.",
    )


def test_a_pass_that_is_killed_after_it_has_looked_does_not_make_the_next_one_wait():
    lost = ledger().begin(PUSH)
    ledger(SOON).settle_lost(lost, False)
    assert ledger(SOON + timedelta(seconds=1)).begin(PUSH)


def test_an_act_done_again_is_a_new_row_under_the_same_key():
    for _ in range(3):
        book = ledger()
        book.done(book.begin(PUSH))
    assert Action.objects.get(key="push:a").pk == max(Action.objects.values_list("pk", flat=True))
    assert Action.objects.filter(kind="push-branch", state="done").count() == 3


def test_what_must_happen_once_is_never_begun_again():
    mail = replace(PUSH, once=True)
    book = ledger()
    book.done(book.begin(mail))
    assert ledger(timedelta(days=400)).begin(mail) is None


@pytest.mark.parametrize("state", ["done", "failed"])
def test_what_was_settled_for_a_request_is_not_done_for_it_again(state):
    asked = replace(PUSH, causes=("request-1",))
    action = ledger().begin(asked)
    ledger().done(action) if state == "done" else ledger().failed(action, answer="No.")
    assert ledger(timedelta(days=1), forced=True).begin(asked) is None
    assert acts_for("request-1", "#1") == [action]
    assert acts_for("request-2", "#1") == []
    assert ledger(timedelta(days=1)).begin(replace(PUSH, causes=("request-1", "request-2")))
    assert [each.pk for each in acts_for("request-1", "#1")][:1] == [action.pk]


def test_many_acts_cost_few_queries():
    intents = [replace(PUSH, key=f"push:{number}") for number in range(200)]
    book = ledger()
    book.done(*book.begin_all(intents[:100]))
    with CaptureQueriesContext(
        connection,
    ) as queries:
        begun = ledger().begin_all(intents)
    assert len(queries) <= 8
    assert all(begun) and Action.objects.count() == 300


def test_the_same_act_twice_in_one_go_is_begun_once():
    assert [bool(each) for each in ledger().begin_all([PUSH, PUSH])] == [True, False]


def test_long_keys_that_begin_alike_are_told_apart():
    one, two = (replace(PUSH, key=f"push:{'x' * 300}{end}") for end in "ab")
    assert all(ledger().begin_all([one, two]))


def test_no_secret_stays_in_an_answer():
    action = ledger().begin(PUSH)
    ledger().failed(action, answer=f"bad token ghp_{'a' * 36}")
    assert "ghp_" not in Action.objects.get().answer


def test_plans_are_kept_while_they_hold_and_dropped_when_they_do_not():
    other = replace(PUSH, key="push:b")
    book = ledger(scope={"mirror": 1})
    assert book.plan([PUSH, other]) == 2
    before = Action.objects.get(key="push:a")
    assert (book.plan([PUSH]), book.unplanned([PUSH]), book.unplanned([other])) == (0, False, True)
    assert list(Action.objects.all()) == [before]
    assert ledger(scope={"mirror": 2}).plan() == 0
    assert Action.objects.count() == 1, "another part of the job has its own plans"
    assert (before.state, before.attempts) == ("planned", 0)
    act = book.begin(PUSH)
    assert (act.pk, act.state, act.attempts) == (before.pk, "pending", 1)


def test_what_was_done_once_can_be_planned_again():
    book = ledger()
    book.done(book.begin(PUSH))
    assert book.plan([PUSH]) == 1
    assert sorted(Action.objects.values_list("state", flat=True)) == ["done", "planned"]


def test_all_jobs_share_one_budget_of_texts_an_hour():
    for job, texts in (("sync_pulls", 1), ("label_pulls", 3)):
        Ledger(job, NOW - timedelta(minutes=30)).begin(replace(PUSH, key=job, texts=texts))
    Ledger("sync_pulls", NOW - timedelta(minutes=61)).begin(replace(PUSH, key="old", texts=100))
    assert texts_left(NOW) == TEXTS_AN_HOUR - 4
    assert texts_left(NOW, kept=TEXTS_AN_HOUR) == 0


def test_each_try_of_a_text_counts():
    text = replace(PUSH, texts=1)
    for minutes in (0, 5, 20):
        book = Ledger("sync_pulls", NOW + timedelta(minutes=minutes), forced=True)
        book.failed(book.begin(text), answer="Busy.")
    assert texts_left(NOW + timedelta(minutes=20)) == TEXTS_AN_HOUR - 3


def test_old_acts_are_forgotten_but_not_open_ones_nor_those_that_happen_once():
    book = ledger()
    kept = [book.begin(replace(PUSH, key="open")), book.begin(replace(PUSH, key="once", once=True))]
    gone = [book.begin(replace(PUSH, key=key)) for key in ("done", "failed")]
    book.done(kept[1], gone[0])
    book.failed(gone[1], answer="No.")
    Action.objects.exclude(key="open").update(settled_at=NOW - timedelta(days=200))
    assert forget(NOW - timedelta(days=180)) == 2
    assert set(Action.objects.all()) == set(kept)


def test_turns_of_an_older_database_are_named_anew():
    facts = {"job": "sync_pulls", "kind": "retry-build", "subject": "#1", "state": "done"}
    first = Action.objects.create(key="retry:1", payload={"turns": 3}, **facts)
    second = Action.objects.create(key="retry:1#2", **facts)
    third = Action.objects.create(key="retry:1#3", **facts)
    migration = import_module("flinkci_dashboard.migrations.0006_one_ledger")
    migration.name_turns(apps, None)
    assert Action.objects.get(key="retry:1") == third
    assert Action.objects.count() == 3
    again = ledger().begin(replace(PUSH, key="retry:1"))
    assert again.pk not in {first.pk, second.pk, third.pk}


def test_what_an_older_database_did_once_is_kept_and_not_done_again():
    Action.objects.create(key="mail:token", job="probe_credentials", kind="mail", subject="It expires", state="done")
    migration = import_module("flinkci_dashboard.migrations.0006_one_ledger")
    migration.keep_what_happens_once(apps, None)
    Action.objects.update(settled_at=NOW - timedelta(days=400))
    assert forget(NOW) == 0
    assert ledger().begin(replace(PUSH, key="mail:token", once=True)) is None
