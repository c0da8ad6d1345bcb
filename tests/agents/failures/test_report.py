"""The ticket and the comment that are ready for Jira."""

from dataclasses import replace
from datetime import date

import pytest

from agents.failures.match import Matcher, TicketFacts
from agents.failures.report import Hit, comment_text, component_of, mark, ticket_text, ticket_title
from agents.failures.reproduce import Setup

HIT = Hit("master", "test_ci core", "a" * 40, "https://ci/1", "java.lang.AssertionError: expected <1>")
KEY = "org.apache.flink.FooITCase#testBar"
DAY = date(2026, 11, 25)


@pytest.mark.parametrize(
    ("key", "message", "title"),
    [
        (KEY, "java.util.concurrent.TimeoutException: too slow", "FooITCase.testBar fails with TimeoutException"),
        (KEY, "", "FooITCase.testBar fails"),
        (KEY, "   ", "FooITCase.testBar fails"),
        (KEY, "NullPointer Cannot invoke x", "FooITCase.testBar fails with NullPointer"),
        (KEY, "org.opentest4j.AssertionFailedError", "FooITCase.testBar fails with AssertionFailedError"),
        (KEY, "expected: <1> but was: <2>", "FooITCase.testBar fails"),
        (KEY, "The forked VM crashed (exit code 239).", "FooITCase.testBar fails"),
        ("Some title of a test", "failed after 3 minutes", "Some title of a test fails"),
    ],
)
def test_a_title_is_as_flink_writes_them(key, message, title):
    assert ticket_title(key, message) == title


def test_the_failure_is_known_once_its_ticket_is_opened():
    title = ticket_title(KEY, HIT.message)
    found = Matcher([TicketFacts(1, title, closed=False)]).match(KEY)
    assert found is not None and found.is_known


@pytest.mark.parametrize(
    ("key", "module", "component"),
    [
        ("org.apache.flink.table.planner.runtime.FooITCase#a", "table", "Table SQL / Planner"),
        ("org.apache.flink.table.api.FooTest#a", "table", "Table SQL / API"),
        ("org.apache.flink.runtime.checkpoint.FooTest#a", "core", "Runtime / Checkpointing"),
        ("org.apache.flink.test.checkpointing.UnalignedCheckpointITCase#a", "tests", "Runtime / Checkpointing"),
        ("org.apache.flink.runtime.jobmaster.FooTest#a", "core", "Runtime / Coordination"),
        ("org.apache.flink.runtime.io.network.FooTest#a", "core", "Runtime / Network"),
        ("org.apache.flink.yarn.FooTest#a", "misc", "Deployment / YARN"),
        ("org.apache.flink.streaming.api.FooTest#a", "core", "API / DataStream"),
        ("pyflink.table.tests.test_a.T#test_b", "python", "API / Python"),
        ("org.apache.flink.odd.FooTest#a", "", "Tests"),
        ("Some title", "", "Tests"),
    ],
)
def test_a_component_owns_a_test_by_its_package(key, module, component):
    assert component_of(key, module) == component


def test_a_text_says_where_since_when_and_how_to_run_it_again():
    text = ticket_text(KEY, HIT, "since one of 2 commits", ["abc [FLINK-1] Change {x}"])
    for part in ("master", "[test_ci core|https://ci/1]", "expected <1>", f"-Dtest.randomization.seed={'a' * 40}"):
        assert part in text
    assert "-Dtest='FooITCase#testBar' " in text
    assert "On master since one of 2 commits.\n* abc  FLINK-1  Change  x" in text


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("org.apache.flink.Outer$Inner#testBar", "-Dtest='Outer$Inner#testBar' "),  # no shell reads $Inner
        ("org.apache.flink.FooITCase", "-Dtest='FooITCase' "),
        ("pyflink.a.test_b.T#test_c", "python -m pytest 'pyflink/a/test_b.py::T::test_c'"),
        ("org.apache.flink.S#should do it", ""),
        ("Some title of a test", ""),
    ],
)
def test_what_is_copied_from_a_ticket_runs_that_test_alone(key, told):
    text = ticket_text(key, replace(HIT, setup=Setup(options=("-Djdk17", "-Pjava17-target"))))
    assert ("Reproduce:" in text) == bool(told) and told in text
    assert not told or ("-Djdk17 -Pjava17-target" in text and text.count("{noformat}") == 2)


@pytest.mark.parametrize("words", ["x {code} h1. y", "x {noformat} y", "{code:java}", "{CODE}"])
def test_words_of_a_test_do_not_end_their_block(words):
    assert ticket_text(KEY, replace(HIT, message=words)).lower().count("{code") == 2
    assert comment_text("FLINK-7", KEY, [replace(HIT, message=words)], DAY).lower().count("{code") == 2


def test_a_comment_holds_a_days_hits_and_our_mark():
    other = replace(HIT, branch="release-2.2", url="https://ci/2", message="other")
    text = comment_text("FLINK-7", KEY, [HIT, other], DAY)
    assert "failed 2 times" in text
    assert "* master: [test_ci core|https://ci/1]\n* release-2.2: [test_ci core|https://ci/2]" in text
    assert "expected <1>" in text and "other" not in text
    assert text.endswith(mark("FLINK-7", DAY)) and "2026-11-25" in mark("FLINK-7", DAY)
    assert "and 85 more" in comment_text("FLINK-7", KEY, [HIT] * 100, DAY)


def test_no_name_mentions_a_person_or_links_elsewhere():
    hit = replace(HIT, branch="[~ada]", job="x|http://evil] [~ada", url="javascript:alert(1)")
    text = comment_text("FLINK-7", KEY, [hit], DAY)
    assert "[~" not in text and "javascript" not in text and "|http" not in text


@pytest.mark.parametrize(
    "key", ["Run [~admin] 'x' {code} !a.png! |b", "org.a.FooTest#should [link|http://x] {color:red}"]
)
def test_a_tests_name_links_nobody_and_formats_nothing(key):
    for text in (ticket_text(key, HIT), comment_text("FLINK-1", key, [HIT], DAY)):
        first = text.splitlines()[0].removeprefix("{{")
        name = first[: first.index("}}")]
        assert not set("[]{}|!~") & set(name), text
