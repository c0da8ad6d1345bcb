"""Lengths of time in words, by table."""

from datetime import timedelta

import pytest

from flinkci_dashboard.web.durations import Lasting, duration, told


@pytest.mark.parametrize(
    "length, words",
    [
        (None, "–"),
        ("", "–"),
        (-5, "0 s"),
        (0.0, "0 s"),
        (0.34, "0.3 s"),
        (4, "4 s"),
        (9.97, "10 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (85, "1 min 25 s"),
        (3_600, "1 h"),
        (3_605, "1 h"),
        (7_500, "2 h 5 min"),
        (86_400, "1 d"),
        (100_000, "1 d 3 h"),
        (timedelta(minutes=12), "12 min"),
    ],
)
def test_duration(length, words):
    assert duration(length) == words


@pytest.mark.parametrize(
    "form, seconds, words",
    [
        ("ago", 0.4, "now"),
        ("ago", 85, "1 min ago"),
        ("ago", 7_500, "2 h 5 min ago"),
        ("ago", -30, "in 30 s"),
        ("since", 59, "59 s"),
        ("due", 3, "now"),
        ("due", -90_000, "in 1 d 1 h"),
    ],
)
def test_told(form, seconds, words):
    assert told(form, seconds) == words


@pytest.mark.parametrize(
    "text, head, cause",
    [
        ("it is red", "it is red", ""),
        ("red for {time} (a / Test (module: b), since c)", "red for {time}", " (a / Test (module: b), since c)"),
        ("(x) is red (y)", "(x) is red", " (y)"),
        ("fails more (97 jobs) than others", "fails more (97 jobs) than others", ""),
        ("odd) brackets)", "odd) brackets)", ""),
        ("", "", ""),
    ],
)
def test_a_cause_in_brackets_stands_apart_for_phones(text, head, cause):
    assert Lasting(text).halves == (head, cause)
