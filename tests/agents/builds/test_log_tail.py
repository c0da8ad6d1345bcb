"""The end of a log names the failing tests, by table."""

import pytest

from agents.builds.log_tail import MAX_FAILURES, Failure, failing_tests

SUREFIRE = """
Nov 23 22:01:02 [INFO] Running org.apache.flink.runtime.FooTest
Nov 23 22:01:03 [ERROR] Tests run: 3, Failures: 1, Errors: 1, Time elapsed: 1.2 s <<< FAILURE! - in o.a.f.FooTest
Nov 23 22:01:03 [ERROR] org.apache.flink.runtime.FooTest.testBar(int)[2]  Time elapsed: 0.5 s  <<< FAILURE!
Nov 23 22:01:03 org.opentest4j.AssertionFailedError: expected: <1>
Nov 23 22:01:03 	at org.apache.flink.runtime.FooTest.testBar(FooTest.java:55)
Nov 23 22:01:03 [ERROR] org.apache.flink.runtime.BazITCase.testHang -- Time elapsed: 60.0 s <<< ERROR!
Nov 23 22:01:03 java.util.concurrent.TimeoutException
Nov 23 22:01:09 [INFO] Results:
Nov 23 22:01:09 [ERROR] Failures:
Nov 23 22:01:09 [ERROR]   FooTest.testBar:55 expected: <1> but was: <2>
Nov 23 22:01:09 [ERROR] Errors:
Nov 23 22:01:09 [ERROR]   BazITCase.testHang:12->helper:99 » Timeout
Nov 23 22:01:09 [ERROR]   QuxTest>BaseTest.testBase:12 » NullPointer Cannot invoke
Nov 23 22:01:09 [ERROR] Tests run: 30, Failures: 1, Errors: 2, Skipped: 0
"""


def test_surefires_marks_and_summary_are_one_list():
    assert failing_tests(SUREFIRE.splitlines()) == [
        Failure("org.apache.flink.runtime.FooTest.testBar", "org.opentest4j.AssertionFailedError: expected: <1>"),
        Failure("org.apache.flink.runtime.BazITCase.testHang", "java.util.concurrent.TimeoutException"),
        Failure("QuxTest.testBase", "NullPointer Cannot invoke"),
    ]


@pytest.mark.parametrize(
    "line, test, message",
    [
        (
            "[ERROR] testBar(org.apache.flink.FooTest)  Time elapsed: 0.5 s  <<< FAILURE!",
            "org.apache.flink.FooTest.testBar",
            "",
        ),
        (
            "2026 [no] \x1b[31mFAILED pyflink/table/tests/test_udf.py::UdfTests::test_it - AssertionError: 1 != 2",
            None,
            None,
        ),
        (
            "\x1b[31mFAILED pyflink/table/tests/test_udf.py::UdfTests::test_it - AssertionError: 1 != 2",
            "pyflink/table/tests/test_udf.py::UdfTests::test_it",
            "AssertionError: 1 != 2",
        ),
        (
            "Nov 23 22:01:03 [FAIL] 'Running HA dataset end-to-end test' failed after 3 minutes and 2 seconds! "
            "Test exited with exit code 1",
            "Running HA dataset end-to-end test",
            "failed after 3 minutes and 2 seconds. Test exited with exit code 1",
        ),
        ("[ERROR]   FooTest.testBar:12 boom", "FooTest.testBar", "boom"),
        ("[ERROR]   Run 1: FooTest.testBar:12 boom", "FooTest.testBar", "boom"),
        ("##[error][ERROR]   FooTest.testBar:12 boom", "FooTest.testBar", "boom"),
        ("[ERROR] Failed to execute goal org.apache.maven.plugins:maven-compiler-plugin", None, None),
        ("[ERROR] /agent/_work/1/s/Foo.java:[1,2] cannot find symbol", None, None),
        ("[ERROR] Tests run: 3, Failures: 1, Errors: 0, Skipped: 0", None, None),
        ("##[error]Bash exited with code '1'.", None, None),
        ("", None, None),
    ],
)
def test_one_line(line, test, message):
    expected = [] if test is None else [Failure(test, message)]
    assert failing_tests([line]) == expected


def test_a_log_full_of_failures_is_cut():
    lines = [f"[ERROR]   Foo{number}Test.testBar:1 boom" for number in range(500)]
    assert len(failing_tests(lines)) == MAX_FAILURES


def test_long_nonsense_is_read_quickly():
    failing_tests(["[ERROR]   A" + "a.(" * 5000, "[ERROR] " + "a[" * 5000 + " Time elapsed: " + "<" * 5000] * 20)
    failing_tests(["[ERROR]   Foo.bar:1" + "->a" * 30_000 + "\tx", "[ERROR]   Foo.bar" + "->a" * 30_000 + "\tx"] * 20)
