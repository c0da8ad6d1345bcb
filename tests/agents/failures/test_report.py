"""The ticket that is ready to be copied."""

import pytest

from agents.failures.match import Matcher, TicketFacts
from agents.failures.report import Hit, ticket_text, ticket_title

HIT = Hit("master", "test_ci core", "a" * 40, "https://ci/1", "java.lang.AssertionError: expected <1>")
KEY = "org.apache.flink.FooITCase#testBar"


@pytest.mark.parametrize(
    ("key", "message", "title"),
    [
        (KEY, "java.util.concurrent.TimeoutException: too slow", "FooITCase.testBar fails with TimeoutException"),
        (KEY, "", "FooITCase.testBar fails"),
        (KEY, "   ", "FooITCase.testBar fails"),
        ("Some title of a test", "failed after 3 minutes", "Some title of a test fails with failed"),
    ],
)
def test_a_title_is_as_flink_writes_them(key, message, title):
    assert ticket_title(key, message) == title


def test_the_failure_is_known_once_its_ticket_is_opened():
    title = ticket_title(KEY, HIT.message)
    found = Matcher([TicketFacts(1, title, closed=False)]).match(KEY)
    assert found is not None and found.is_known


def test_a_text_says_where_and_how_to_run_it_again():
    text = ticket_text(KEY, HIT)
    for part in ("master", "test_ci core", "https://ci/1", "expected <1>", f"-Dtest.randomization.seed={'a' * 40}"):
        assert part in text
    assert "-Dtest=FooITCase#testBar " in text


def test_words_of_a_test_do_not_end_their_block():
    hit = Hit("b", "j", "a" * 40, "u", "x {noformat} h1. y")
    assert ticket_text(KEY, hit).count("{noformat}") == 2
