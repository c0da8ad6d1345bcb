"""Which ticket a failing test is: by its whole name, or by class and method; a class alone is no proof."""

import time

import pytest

from agents.failures.match import Level, Matcher, TicketFacts, in_pytest_form, name_of

TEST = "org.apache.flink.runtime.FooITCase.testBar"
TITLE = "Resuming Savepoint (hashmap, async) end-to-end test"


@pytest.mark.parametrize(
    ("test", "key"),
    [
        (TEST, "org.apache.flink.runtime.FooITCase#testBar"),
        ("org.apache.flink.runtime.FooITCase#testBar", "org.apache.flink.runtime.FooITCase#testBar"),
        ("org.apache.flink.Outer$Inner.test", "org.apache.flink.Outer$Inner#test"),
        ("org.apache.flink.runtime.FooITCase", "org.apache.flink.runtime.FooITCase"),
        ("pyflink/test_udf.py::EmbeddedTests::test_open", "pyflink.test_udf.EmbeddedTests#test_open"),
        ("pyflink.test_udf.EmbeddedTests.test_open", "pyflink.test_udf.EmbeddedTests#test_open"),
        ("flink-python/pyflink/a/test_udf.py::test_open", "pyflink.a.test_udf#test_open"),
        ("pyflink.a.test_udf.test_open", "pyflink.a.test_udf#test_open"),
        ("pyflink/a/test_udf.py", "pyflink.a.test_udf"),
        ("pyflink.a.test_udf", "pyflink.a.test_udf"),
        ("org.apache.flink.t.ScalaTest.should do it, when [1]", "org.apache.flink.t.ScalaTest#should do it, when [1]"),
        ("org.apache.flink.t.ScalaTest#should do it", "org.apache.flink.t.ScalaTest#should do it"),
        ("Run a.b.Foo.main of a user's jar", "Run a.b.Foo.main of a user's jar"),
        ("Running Kerberized YARN test (default input)", "Running Kerberized YARN test (default input)"),
        ("", ""),
        (".", "."),
        ("a..b", "a..b"),
    ],
)
def test_one_test_has_one_key(test, key):
    assert name_of(test).key == name_of(key).key == key


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("pyflink.a.test_b.T#test_c", "pyflink/a/test_b.py::T::test_c"),
        ("pyflink.a.test_b#test_c", "pyflink/a/test_b.py::test_c"),
        ("pyflink.a.test_b", "pyflink/a/test_b.py"),
        ("org.apache.flink.FooTest#test_open", ""),
        ("Some title of test_b", ""),
        ("test_b", ""),
    ],
)
def test_pytest_is_told_a_test_in_its_own_form(key, told):
    assert in_pytest_form(key) == told


@pytest.mark.parametrize(
    ("test", "summary", "level"),
    [
        (TEST, "org.apache.flink.runtime.FooITCase.testBar failed on Azure", Level.EXACT),
        (TEST, "org.apache.flink.runtime.FooITCase#testBar is unstable", Level.EXACT),
        (TEST, "FooITCase.testBar fails with TimeoutException", Level.NAMED),
        (TEST, "FooITCase#testBar fails on AZP", Level.NAMED),
        (TEST, "FooITCase fails: testBar runs out of time", Level.NAMED),
        (TEST, "Test testBar in FooITCase failed", Level.NAMED),
        (TEST, "FooITCase.testBar(String) times out", Level.NAMED),
        (TEST, "FooITCase.testBar[1] times out", Level.NAMED),
        (TEST, "FooITCase is unstable", Level.MAYBE),
        (TEST, "FooITCase.testBarAndMore fails", Level.MAYBE),
        (TEST, "FooITCase.testOther fails", Level.MAYBE),
        (TEST, "BigFooITCase.testBar fails", None),
        (TEST, "FooITCaseBase.testBar fails", None),
        (TEST, "OtherITCase.testBar fails", None),
        (TEST, "testBar fails", None),
        (TEST, "fooitcase.testbar fails", None),
        (TEST, "", None),
        ("a.FooITCase.test", "FooITCase.test fails", Level.NAMED),
        ("a.FooITCase.test", "FooITCase: a test fails", Level.MAYBE),
        ("a.FooITCase.recovery", "FooITCase fails in recovery", Level.MAYBE),
        ("a.FooITCase", "FooITCase crashes with exit code 239", Level.MAYBE),
        ("a.FooITCase", "a.FooITCase crashes", Level.MAYBE),
        ("a.Outer$Inner.testBar", "Inner.testBar fails", Level.NAMED),
        ("a.Outer$Inner.testBar", "Outer$Inner.testBar fails", Level.NAMED),
        ("pyflink/tests/test_udf.py::EmbeddedTests::test_open", "EmbeddedTests.test_open failed", Level.NAMED),
        ("pyflink/tests/test_udf.py::EmbeddedTests::test_open", "test_open in test_udf failed", Level.NAMED),
        ("pyflink/tests/test_udf.py::test_open", "test_udf.py::test_open failed", Level.NAMED),
        ("pyflink/tests/test_udf.py::EmbeddedTests::test_open", "test_open failed", None),
        ("pyflink.tests.test_udf.EmbeddedTests.test_open", "test_open in test_udf failed", Level.NAMED),
        ("pyflink.tests.test_udf.T.test_x", "pyflink/tests/test_udf.py::T::test_x failed", Level.EXACT),
        (
            TITLE,
            f"{TITLE} fails",
            Level.EXACT,
        ),
        (TITLE, "Resuming Savepoint fails", None),
        ("wordcount", "wordcount fails", None),
    ],
)
def test_a_summary_names_a_test(test, summary, level):
    found = Matcher([TicketFacts(1, summary, closed=False)]).match(test)
    assert (found.level if found else None) == level


@pytest.mark.parametrize(
    ("tickets", "best"),
    [
        ([(1, "FooITCase is bad", False), (2, "FooITCase.testBar fails", True)], 2),
        ([(1, "FooITCase.testBar fails", False), (2, "FooITCase.testBar fails", True)], 1),
        ([(1, "FooITCase.testBar fails", False), (2, "FooITCase.testBar fails", False)], 2),
        ([(1, f"{TEST} fails", True), (2, "FooITCase.testBar fails", False)], 1),
    ],
)
def test_the_surest_ticket_wins_then_an_open_one_then_the_newest(tickets, best):
    found = Matcher([TicketFacts(*ticket) for ticket in tickets]).match(TEST)
    assert found is not None and found.ticket == best


def test_a_class_alone_is_never_known():
    found = Matcher([TicketFacts(1, "FooITCase is unstable", closed=False)]).match(TEST)
    assert found is not None and not found.is_known


def test_many_tests_and_tickets_take_little_time():
    matcher = Matcher(TicketFacts(n, f"Class{n}ITCase.testBar fails with {'x.' * 100}", False) for n in range(4000))
    start = time.process_time()
    found = [matcher.match(f"org.apache.flink.Class{n}ITCase.testBar") for n in range(4000)]
    assert time.process_time() - start < 3
    assert [match.ticket for match in found if match] == list(range(4000))
