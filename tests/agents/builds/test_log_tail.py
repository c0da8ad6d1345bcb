"""The end of a log names the failing tests, by table."""

from time import process_time

import pytest

from agents.builds.log_tail import MAX_FAILURES, Failure, failing_tests, without_case

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
            "pyflink.table.tests.test_udf.UdfTests.test_it",
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


def test_a_log_without_a_line_names_no_test():
    assert failing_tests([]) == []


def test_a_log_full_of_failures_is_cut():
    lines = [f"[ERROR]   Foo{number}Test.testBar:1 boom" for number in range(500)]
    assert len(failing_tests(lines)) == MAX_FAILURES


def test_long_nonsense_is_read_quickly():
    failing_tests(["[ERROR]   A" + "a.(" * 5000, "[ERROR] " + "a[" * 5000 + " Time elapsed: " + "<" * 5000] * 20)
    failing_tests(["[ERROR]   Foo.bar:1" + "->a" * 30_000 + "\tx", "[ERROR]   Foo.bar" + "->a" * 30_000 + "\tx"] * 20)


CLASS_LINE = "[ERROR] Tests run: 9, Failures: 1, Errors: 0, Skipped: 0, Time elapsed: 4.3 s <<< FAILURE! -- in {}"
PARAMETERIZED = "org.apache.flink.test.checkpointing.FooTest"


@pytest.mark.parametrize(
    "line",
    [
        "[ERROR] FooTest.testX(String, int)[2] -- Time elapsed: 0.012 s <<< FAILURE!",
        "[ERROR] org.apache.flink.test.checkpointing.FooTest.testX(String, int)[2] -- Time elapsed: 1 s <<< ERROR!",
        "[ERROR] testX[backend = rocksdb, buffersPerChannel = 2]  Time elapsed: 7.1 s  <<< FAILURE!",
        "[ERROR] testX[b = [a, b], (c)](org.apache.flink.test.checkpointing.FooTest)  Time elapsed: 7 s  <<< ERROR!",
        "[ERROR] FooTest.testX{String, int}[2] -- Time elapsed: 0.012 s <<< FAILURE!",
        "[ERROR]   FooTest.testX(String, int)[2]:118->check:3 expected: <1> but was: <2>",
        "[ERROR]   FooTest>BaseTest.testX:118 expected: <1> but was: <2>",
    ],
)
@pytest.mark.parametrize(
    "clock",
    [
        "",
        "Mar 02 10:11:12 ",
        "Mar 02 10:11:12 10:11:12.123 ",
        "10:11:12.123 ",
        "2026-03-02 10:11:12,123 ",
        "Mar  2 10:11:12.123 10:11:12 ",
    ],
)
def test_one_test_has_one_name_with_its_package(line, clock):
    shown = failing_tests([clock + CLASS_LINE.format(PARAMETERIZED), clock + line])
    assert [failure.test for failure in shown] == [f"{PARAMETERIZED}.testX"]


def test_the_cases_of_a_parameterized_test_are_one():
    marked = [f"[ERROR] {PARAMETERIZED}.testX(String, int)[{n}] -- Time elapsed: 1 s <<< FAILURE!" for n in range(9)]
    summed = [f"[ERROR]   FooTest.testX(String, int)[{n}]:118 boom" for n in range(9)]
    assert failing_tests([*marked, *summed]) == [Failure(f"{PARAMETERIZED}.testX", "boom")]


@pytest.mark.parametrize(
    "later",
    [
        CLASS_LINE.format("org.apache.flink.table.FooTest"),
        "\tat org.apache.flink.table.FooTest.testX(FooTest.java:118)",
        "[INFO] Running org.apache.flink.table.FooTest",
    ],
)
def test_the_package_may_be_told_after_the_test(later):
    shown = failing_tests(["[ERROR]   FooTest.testX(int)[1]:118 boom", later])
    assert [(failure.test, failure.message) for failure in shown] == [("org.apache.flink.table.FooTest.testX", "boom")]


@pytest.mark.parametrize(
    "case",
    [
        "(String, int)[1] a, b",
        "[name = 'it\"s ] (x']",
        "(String)[\"a 'b' (c\"]",
        "[Format = CSV, mode = {a, (b)}, path = file:/x y/z.txt]",
        "[1: a=1, b=[x]]",
    ],
)
@pytest.mark.parametrize("end", ["", "\r", "\x1b[m"])
def test_the_values_of_a_case_may_be_anything(case, end):
    line = f"[\x1b[1;31mERROR\x1b[m] {PARAMETERIZED}.testX{case} -- Time elapsed: 1,234.5 s <<< ERROR!{end}"
    [failure] = failing_tests([line, "boom"])
    assert (failure.test, failure.case) == (f"{PARAMETERIZED}.testX", case)


def test_the_cases_that_failed_are_kept_beside_the_name():
    [failure] = failing_tests(
        [
            f"[ERROR] {PARAMETERIZED}.testX(a b, [1, 2])[2] -- Time elapsed: 1 s <<< FAILURE!",
            "boom",
            "[ERROR]   FooTest.testX(a b, [1, 2])[2]:118 boom",
            "[ERROR]   FooTest.testX(c, [3, 4])[3]:118 boom",
        ]
    )
    assert (failure.test, failure.case) == (f"{PARAMETERIZED}.testX", "(a b, [1, 2])[2], (c, [3, 4])[3]")


@pytest.mark.parametrize(
    ("line", "test"),
    [
        (
            "[FAIL] 'Run a user's jar' failed after 1 minutes and 2 seconds! Test exited with exit code 1",
            "Run a user's jar",
        ),
        ("ERROR pyflink/table/tests/test_udf.py - ImportError: no module", "pyflink.table.tests.test_udf"),
        ("FAILED pyflink/test_udf.py::Tests::test_all[a b-1, 2] - boom", "pyflink.test_udf.Tests.test_all"),
    ],
)
def test_titles_with_apostrophes_and_files_that_can_not_be_read_are_told(line, test):
    assert [failure.test for failure in failing_tests([line])] == [test]


def test_the_class_of_a_crashed_vm_has_failed():
    lines = """
    [ERROR] ExecutionException The forked VM terminated without properly saying goodbye. VM crash or System.exit called?
    [ERROR] Process Exit Code: 239
    [ERROR] Crashed tests:
    [ERROR] org.apache.flink.test.recovery.ClusterEntrypointITCase
    [ERROR] at org.apache.maven.plugin.surefire.booterclient.ForkStarter.fork(ForkStarter.java:641)
    [ERROR] org.apache.flink.NoTest
    """
    assert failing_tests(line.strip() for line in lines.splitlines()) == [
        Failure("org.apache.flink.test.recovery.ClusterEntrypointITCase", "The forked VM crashed (exit code 239).")
    ]


FLAKY = """
[ERROR] Tests run: 2, Failures: 1, Errors: 0, Time elapsed: 1.2 s <<< FAILURE! -- in org.apache.flink.FooTest
[ERROR] org.apache.flink.FooTest.testFlaky -- Time elapsed: 0.5 s <<< FAILURE!
java.lang.AssertionError
[ERROR] org.apache.flink.FooTest.testBroken -- Time elapsed: 0.5 s <<< FAILURE!
java.lang.AssertionError: twice
[INFO] Results:
[WARNING] Flakes:
[WARNING] org.apache.flink.FooTest.testFlaky
[ERROR]   Run 1: FooTest.testFlaky:55 boom
[INFO]   Run 2: PASS
"""
BROKEN = """
[ERROR] Failures:
[ERROR] org.apache.flink.FooTest.testBroken
[ERROR]   Run 1: FooTest.testBroken:60 boom
[ERROR]   Run 2: FooTest.testBroken:60 boom
[ERROR] Tests run: 2, Failures: 1, Errors: 0, Skipped: 0, Flakes: 1
"""


@pytest.mark.parametrize("log", [FLAKY + BROKEN, BROKEN + FLAKY], ids=["flakes first", "flakes last"])
def test_what_passed_on_the_second_run_is_no_failure(log):
    shown = failing_tests(log.splitlines())
    assert [failure.test for failure in shown] == ["org.apache.flink.FooTest.testBroken"]
    assert shown[0].message in ("java.lang.AssertionError: twice", "boom")


def test_a_case_that_passed_on_the_second_run_does_not_hide_one_that_failed():
    lines = [
        "[ERROR] org.apache.flink.FooTest.testX[1] -- Time elapsed: 1 s <<< FAILURE!",
        "[ERROR] org.apache.flink.FooTest.testX[2] -- Time elapsed: 1 s <<< FAILURE!",
        "[ERROR] Failures: ",
        "[ERROR]   FooTest.testX[2]:9 boom",
        "[WARNING] Flakes: ",
        "[WARNING] org.apache.flink.FooTest.testX[1]",
    ]
    assert [failure.test for failure in failing_tests(lines)] == ["org.apache.flink.FooTest.testX"]


@pytest.mark.parametrize(
    "line, test, message",
    [
        ("FAILED pyflink/a/test_b.py::Tests::test_all[1 2] - ValueError: x", "pyflink.a.test_b.Tests.test_all", 0),
        ("FAILED pyflink/a/test_b.py::test_all[a - b]", "pyflink.a.test_b.test_all", 1),
        ("FAILED pyflink/a/test_b.py::test_all[x[0]-1] - ValueError: x", "pyflink.a.test_b.test_all", 0),
    ],
)
def test_pytests_cases_are_one_test(line, test, message):
    assert failing_tests([line]) == [Failure(test, ("ValueError: x", "")[message])]


@pytest.mark.parametrize(
    "lines, tests",
    [
        (["[ERROR] testX[1]  Time elapsed: 1 s  <<< FAILURE!"], []),  # of which class?
        (["[INFO] Running org.apache.flink.FooTest", "[ERROR] FooTest -- Time elapsed: 1 s <<< ERROR!"], ["FooTest"]),
        (["[INFO] org.apache.flink.FooTest.testX -- Time elapsed: 1 s"], []),
        (["[ERROR]   FooTest.testX:1 one", "[ERROR]   BarTest.testX:1 two"], ["FooTest.testX", "BarTest.testX"]),
        (["[ERROR] org.apache.flink.FooTest.should do it -- Time elapsed: 1 s <<< FAILURE!"], ["FooTest.should do it"]),
    ],
)
def test_odd_lines(lines, tests):
    shown = [failure.test.removeprefix("org.apache.flink.") for failure in failing_tests(lines)]
    assert shown == tests


@pytest.mark.parametrize(
    "name, bare",
    [
        ("org.apache.flink.FooTest.testX(String, int)[2]", "org.apache.flink.FooTest.testX"),
        ("org.apache.flink.FooTest.testX(int) [2] 3", "org.apache.flink.FooTest.testX"),
        ("org.apache.flink.FooTest.testX [1]", "org.apache.flink.FooTest.testX"),
        ("org.apache.flink.FooTest.should fail [1]", "org.apache.flink.FooTest.should fail [1]"),
        ("pyflink.table.tests.test_udf.Tests.test_all[1 2]", "pyflink.table.tests.test_udf.Tests.test_all"),
        ("org.apache.flink.FooTest.testX", "org.apache.flink.FooTest.testX"),
        ("Running HA dataset (x) test", "Running HA dataset (x) test"),
        ("[1] a=b", "[1] a=b"),
        ("", ""),
    ],
)
def test_a_name_is_told_from_its_case(name, bare):
    assert without_case(name) == bare


@pytest.mark.parametrize(
    "line",
    [
        "[ERROR] " + " " * 100_000 + "Time elapsed: 1 s <<< FAILURE!",
        "[ERROR] a" + "(" * 100_000 + " Time elapsed: 1 s <<< FAILURE!",
        "[ERROR] a" + "[]" * 50_000 + " Time elapsed: 1 s <<< FAILURE!",
        "[ERROR]   A.b" + "([{" * 30_000,
        "FAILED a.py::b" + "[" * 100_000,
        "10:11:12 " * 20_000,
        "[ERROR] Tests run: " + "1, " * 30_000 + " -- in a.b",
        "a." * 50_000,
    ],
    ids=lambda line: line[:20],
)
def test_hostile_lines_are_read_in_linear_time(line):
    before = process_time()
    failing_tests(["[ERROR] Failures:", line] * 20)
    assert process_time() - before < 4
