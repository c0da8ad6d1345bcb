"""Said once when it begins, once when it ends; what flaps is one alert; what a cause explains is not told."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from flinkci_dashboard.alerts.episodes import (
    Changes,
    Episode,
    Event,
    Place,
    Quiet,
    changes,
    due,
    news_for,
    overdue,
)
from flinkci_dashboard.alerts.findings import Severity

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
BAD, WARN = Severity.BAD, Severity.WARN


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


def episode(**facts) -> Episode:
    began = facts.pop("began_at", ago(60))
    defaults = {"pk": 1, "key": "red:master", "severity": BAD, "began_at": began, "changed_at": began}
    return Episode(**defaults | facts)


ALL = Place("channel:1", ago(10_000))


@pytest.mark.parametrize(
    ("stands", "folded", "last", "expected"),
    [
        (["a"], [], [], Changes(begin=("a",))),
        (["a"], [], [episode(key="a")], Changes()),  # it lasts
        ([], [], [episode(key="a")], Changes(end=(1,))),
        ([], ["a"], [episode(key="a")], Changes()),  # explained by a cause: nobody knows whether it is over
        ([], ["a"], [], Changes()),  # and it does not begin either
        (["a"], [], [episode(key="a", ended_at=ago(5))], Changes(come_back=(1,))),
        (["a"], [], [episode(key="a", ended_at=ago(31))], Changes(begin=("a",))),
        ([], [], [episode(key="a", ended_at=ago(5))], Changes()),
    ],
)
def test_what_becomes_of_alerts(stands, folded, last, expected):
    assert changes(stands, folded, last, NOW) == expected


def told(*events: Event, severity: Severity = BAD) -> dict:
    return {"channel:1": dict.fromkeys(events, severity)}


B, E, F, S = Event.BEGAN, Event.ENDED, Event.FLAPS, Event.SETTLED


@pytest.mark.parametrize(
    ("alert", "expected"),
    [
        (episode(), [B]),
        (episode(told=told(B)), []),  # once
        (episode(told=told(B), ended_at=ago(1)), [E]),
        (episode(told=told(B, E), ended_at=ago(1)), []),
        (episode(ended_at=ago(1)), [B, E]),  # over before anybody was told: one message says both
        (episode(told=told(B, E), turns=2), [F]),  # came back
        (episode(told=told(B, E, F), turns=3), []),  # and again: nothing more
        (episode(told=told(B, E, F), turns=3, ended_at=ago(5)), []),  # gone, perhaps for a moment
        (episode(told=told(B, E, F), turns=3, ended_at=ago(31)), [S]),
        (episode(told=told(B, E, F, S), turns=3, ended_at=ago(31)), []),
        (episode(told=told(B, severity=WARN)), []),  # it got worse, which pages show
        (episode(severity=WARN, told=told(B)), []),  # it got better, and is not over
        (episode(silenced=True), []),
        (episode(silenced=True, told=told(B), ended_at=ago(1)), [E]),  # who was told is told that it is over
        (episode(ended_at=ago(25 * 60)), []),  # old news
    ],
)
def test_what_is_due(alert, expected):
    assert due(alert, "channel:1", NOW) == expected


@pytest.mark.parametrize(
    ("place", "alert", "expected"),
    [
        (ALL, episode(), True),
        (ALL, episode(severity=Severity.INFO), False),
        (replace(ALL, areas=frozenset({"mirrors"})), episode(area="builds"), False),
        (replace(ALL, areas=frozenset({"builds"})), episode(area="builds"), True),
        (replace(ALL, severities=frozenset({"bad"})), episode(severity=WARN), False),
        (ALL, episode(tags=frozenset({"channel:1"})), False),  # its own failure
        (Place("channel:2", ago(10_000)), episode(tags=frozenset({"channel:1"})), True),  # through another
        (replace(ALL, since=ago(1)), episode(ended_at=ago(5)), False),  # before it was there
        (replace(ALL, tags=frozenset({"branch:master"})), episode(tags=frozenset({"branch:master"})), True),
        (replace(ALL, tags=frozenset({"branch:master"})), episode(tags=frozenset({"branch:x"})), False),
        (replace(ALL, tags=frozenset({"area:builds"})), episode(area="builds", severity=Severity.INFO), True),
    ],
)
def test_who_wants_what(place, alert, expected):
    assert place.wants(alert) is expected


def test_what_begins_together_is_one_message_and_waits_for_others():
    first, second = episode(pk=1, began_at=ago(0.2)), episode(pk=2, key="b", began_at=ago(0.1))
    assert news_for(ALL, [first, second], NOW) == []
    later = NOW + timedelta(seconds=5)
    assert [each.episode.pk for each in news_for(ALL, [first, second], later)] == [1, 2]


def test_quiet_hours_hold_everything_and_a_digest_follows():
    quiet = replace(ALL, quiet=Quiet(time(22), time(7), "Europe/Berlin"))
    night, morning = datetime(2026, 11, 25, 2, tzinfo=UTC), datetime(2026, 11, 25, 6, 1, tzinfo=UTC)
    over = episode(pk=1, began_at=night - timedelta(hours=3), ended_at=night - timedelta(hours=1))
    lasting = episode(pk=2, key="b", began_at=night)
    assert news_for(quiet, [over, lasting], night) == []
    told_then = [(each.episode.pk, each.event) for each in news_for(quiet, [over, lasting], morning)]
    assert told_then == [(1, B), (2, B), (1, E)]


@pytest.mark.parametrize(
    ("begin", "end", "at", "expected"),
    [(22, 7, 23, True), (22, 7, 6, True), (22, 7, 7, False), (9, 17, 12, True), (9, 17, 8, False)],
)
def test_hours_may_go_past_midnight(begin, end, at, expected):
    assert Quiet(time(begin), time(end)).covers(NOW.replace(hour=at)) is expected


@pytest.mark.parametrize(
    ("alert", "minutes", "expected"),
    [
        (episode(), 59, True),
        (episode(), 61, False),
        (episode(), None, False),
        (episode(acknowledged=True), 1, False),
        (episode(silenced=True), 1, False),
        (episode(ended_at=ago(1)), 1, False),
    ],
)
def test_the_backup_is_told_of_what_nobody_acknowledged(alert, minutes, expected):
    assert overdue(alert, minutes, NOW) is expected


def test_who_was_told_of_an_escalation_hears_its_end():
    backup = Place("mail:b@example.org", ago(10_000), tags=frozenset())
    alert = episode(told={"mail:b@example.org": {Event.ESCALATED: BAD}}, ended_at=ago(2), changed_at=ago(2))
    assert [each.event for each in news_for(backup, [alert], NOW)] == [E]
