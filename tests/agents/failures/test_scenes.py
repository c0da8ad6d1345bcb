"""What is printed inside of tests that pass tells nothing: whole logs, good and misleading."""

from time import process_time

import pytest

from agents.builds.log_tail import failing_tests
from agents.failures.causes import cause_of_log

DISK = "java.io.IOException: No space left on device"
OOM = "java.lang.OutOfMemoryError: Java heap space"
PULL = 'Error response from daemon: Get "https://registry-1.docker.io/v2/": net/http: TLS handshake timeout'
FETCH = "fatal: unable to access 'https://github.com/apache/flink/': Could not resolve host: github.com"
TRANSFER = "[ERROR] Failed to execute goal on project a: Could not transfer artifact a:b:jar:1 from/to central"
EXIT = "##[error]Bash exited with code '1'."


def begin(name):
    return f"[INFO] Running org.apache.flink.{name}"


def passed(name):
    counts = "Tests run: 3, Failures: 0, Errors: 0, Skipped: 1, Time elapsed: 1.2 s"
    return f"[WARNING] {counts} -- in org.apache.flink.{name}"


def failed(name, method="testX", words="java.lang.AssertionError: boom"):
    return [
        f"[ERROR] Tests run: 3, Failures: 1, Errors: 0, Skipped: 0, Time elapsed: 4 s <<< FAILURE! -- in "
        f"org.apache.flink.{name}",
        f"[ERROR] org.apache.flink.{name}.{method} -- Time elapsed: 1 s <<< FAILURE!",
        words,
    ]


LOGS = {
    "a passing test prints that the disk is full": (
        [begin("ATest"), DISK, passed("ATest"), begin("BTest"), *failed("BTest"), EXIT],
        ("test", ["BTest.testX"]),
    ),
    "and nothing else fails": ([begin("ATest"), DISK, passed("ATest"), EXIT], ("unknown", [])),
    "the class in which it stands fails": (
        [begin("ATest"), DISK, *failed("ATest"), EXIT],
        ("disk", ["ATest.testX"]),
    ),
    "the class in which it stands never ends": ([begin("ATest"), OOM, EXIT], ("memory", [])),
    "it stands after the tests": ([begin("ATest"), passed("ATest"), f"cp: x: {DISK[21:]}", EXIT], ("disk", [])),
    "two classes run at once, and one of them fails": (
        [begin("ATest"), begin("BTest"), DISK, passed("ATest"), *failed("BTest"), EXIT],
        ("disk", ["BTest.testX"]),
    ),
    "two classes run at once, and both pass": (
        [begin("ATest"), begin("BTest"), DISK, passed("BTest"), passed("ATest"), begin("CTest"), *failed("CTest")],
        ("test", ["CTest.testX"]),
    ),
    "a failure is told while another class runs that passes": (
        [begin("ATest"), begin("BTest"), *failed("BTest"), passed("ATest"), EXIT],
        ("test", ["BTest.testX"]),
    ),
    "an end-to-end test passes although it met a full disk": (
        ["Running 'A b's c'", "curl: (7) Failed to connect", DISK]
        + ["[PASS] 'A b's c' passed after 1 minutes and 2 seconds! Test exited with exit code 0."]
        + ["Running 'D'", "[FAIL] 'D' failed after 0 minutes and 2 seconds! Test exited with exit code 1", EXIT],
        ("test", ["D"]),
    ),
    "an end-to-end test fails by it": (
        ["Running 'D'", DISK, "[FAIL] 'D' failed after 0 minutes and 2 seconds! Test exited with exit code 1", EXIT],
        ("disk", ["D"]),
    ),
    "a test prints BUILD FAILURE": (
        [begin("ATest"), "[INFO] BUILD FAILURE", "BUILD FAILURE", passed("ATest"), begin("B"), *failed("B"), EXIT],
        ("test", ["B.testX"]),
    ),
    "a test prints what a compiler says": (
        [begin("ATest"), "Compiling Flink failed.", passed("ATest"), begin("BTest"), *failed("BTest")],
        ("test", ["BTest.testX"]),
    ),
    "documentation speaks of compilation failures": (
        ["Section 'Compilation failure' of docs/x.md", "Compilation failure is told so: COMPILATION ERROR", EXIT],
        ("unknown", []),
    ),
    "the failed test's own words are of the disk": (
        [begin("ATest"), *failed("ATest", words="expected: <No space left on device> but was: <ok>"), EXIT],
        ("test", ["ATest.testX"]),
    ),
    "two causes: the compiler, and what followed": (
        ["[ERROR] COMPILATION ERROR : ", "[INFO] BUILD FAILURE", "[ERROR] There are test failures.", EXIT],
        ("compile", []),
    ),
    "two causes: the watchdog killed what had failed before": (
        [begin("ATest"), *failed("ATest"), begin("BTest"), "Process produced no output for 900 seconds."]
        + ["Killing process with pid=4711", "##[error]Bash exited with code '143'."],
        ("timeout", ["ATest.testX"]),
    ),
    "an image was pulled again, and a test failed": (
        [PULL, "Docker pull failed with exit code 1, back off 3.3 seconds before retry.", "Status: Downloaded"]
        + [begin("ATest"), *failed("ATest"), EXIT],
        ("test", ["ATest.testX"]),
    ),
    "the code was fetched again, and does not compile": (
        [FETCH, "[INFO] Scanning for projects...", "[ERROR] COMPILATION ERROR : ", EXIT],
        ("compile", []),
    ),
    "a package was fetched again, and a test of Python failed": (
        ["E: Failed to fetch http://archive.ubuntu.com/x  503", "=========== test session starts ==========="]
        + ["FAILED pyflink/a/test_b.py::T::test_c - x", EXIT],
        ("test", ["pyflink.a.test_b.T.test_c"]),
    ),
    "the code could not be fetched": ([FETCH, FETCH, EXIT], ("network", [])),
    "Maven could not fetch": (
        [FETCH, "[INFO] Scanning for projects...", TRANSFER, EXIT],
        ("network", []),
    ),
    "an image could not be pulled in the test that failed": (
        ["Running 'D'", PULL, "[FAIL] 'D' failed after 0 minutes and 2 seconds! Test exited with exit code 1", EXIT],
        ("docker", ["D"]),
    ),
    "Maven could not fetch in an end-to-end test that failed": (
        ["Running 'Q x test'", "[INFO] Scanning for projects...", TRANSFER]
        + ["[FAIL] 'Q x test' failed after 0 minutes and 2 seconds! Test exited with exit code 1", "Running 'R x test'"]
        + ["[PASS] 'R x test' passed after 0 minutes and 2 seconds! Test exited with exit code 0.", EXIT],
        ("network", ["Q x test"]),
    ),
    "Maven could not fetch in an end-to-end test that passed": (
        ["Running 'Q x test'", "[INFO] Scanning for projects...", TRANSFER]
        + ["[PASS] 'Q x test' passed after 0 minutes and 2 seconds! Test exited with exit code 0."]
        + ["Running 'R x test'", "[FAIL] 'R x test' failed after 0 minutes and 2 seconds! Test exited", EXIT],
        ("test", ["R x test"]),
    ),
    "a download was tried again, and a test failed": (
        ["curl: (28) Operation timed out", "curl: (28) Operation timed out", begin("ATest"), *failed("ATest"), EXIT],
        ("test", ["ATest.testX"]),
    ),
    "parameters with blanks, commas and brackets": (
        [begin("ATest"), *failed("ATest", "testX[a = [b, c], (d) e]"), EXIT],
        ("test", ["ATest.testX"]),
    ),
    "a class that failed before its tests began, by the summary alone": (
        [begin("ATest"), passed("ATest"), "[ERROR] Errors: ", "[ERROR]   ATest » ContainerLaunch no container", EXIT],
        ("test", ["ATest"]),
    ),
    "such words outside of a summary": ([begin("ATest"), "[ERROR]   ATest » Timeout", EXIT], ("unknown", [])),
    "a Python job, as it ends": (
        ["64.15s call     pyflink/a/test_b.py::T::test_s", "FAILED pyflink/a/test_b.py::T::test_c - OSError: x"]
        + ["ERROR:   py39-cython: commands failed", "============tox checks... [FAILED]============"]
        + ["./flink-python/dev/lint-python.sh: line 593: deactivate: command not found"]
        + ["Process exited with EXIT CODE: 1.", EXIT],
        ("test", ["pyflink.a.test_b.T.test_c"]),
    ),
    "a Python job that fails by its style": (
        ["./pyflink/a.py:12:80: E501 line too long", "============flake8 checks... [FAILED]===========", EXIT],
        ("style", []),
    ),
    "a nested class": ([begin("Outer$Inner"), *failed("Outer$Inner"), EXIT], ("test", ["Outer$Inner.testX"])),
    "a Scala test's title": (
        [begin("ScalaTest"), *failed("ScalaTest", "should do it, when asked"), EXIT],
        ("test", ["ScalaTest.should do it, when asked"]),
    ),
    "a pytest with parameters": (
        ["FAILED pyflink/a/test_b.py::T::test_c[x y-1, (2)] - AssertionError: No space left on device", EXIT],
        ("test", ["pyflink.a.test_b.T.test_c"]),
    ),
}  # fmt: skip
PREFIXES = {
    "plain": "",
    "of GitHub": "2026-08-21T12:34:56.1234567Z ",
    "of the watchdog and Maven": "2026-08-21T12:34:56.1234567Z Aug 21 12:34:56 12:34:56.789 ",
    "in colours": "\x1b[0;33m",
}


@pytest.mark.parametrize("prefix", PREFIXES.values(), ids=PREFIXES)
@pytest.mark.parametrize(("lines", "expected"), LOGS.values(), ids=LOGS)
def test_a_log_tells_cause_and_tests(lines, expected, prefix):
    told = [f"{prefix}{line}\r" if prefix else line for line in lines]
    tests = [failure.test for failure in failing_tests(told)]
    assert [name.removeprefix("org.apache.flink.") for name in tests] == expected[1]
    assert cause_of_log(told, tests=tests).cause == expected[0]


def test_where_the_beginning_is_not_there_a_class_that_passes_takes_with_it_what_stands_before():
    assert cause_of_log([DISK, passed("ATest"), EXIT], first=100).cause == "unknown"
    assert cause_of_log([DISK, *failed("ATest"), EXIT], first=100).cause == "disk"
    assert cause_of_log([DISK, EXIT], first=100).cause == "disk"


def test_many_classes_that_run_at_once_are_followed_in_little_time():

    lines = [line for n in range(3000) for line in (begin(f"T{n}"), DISK)] + [passed(f"T{n}") for n in range(3000)]
    began = process_time()
    cause_of_log(lines)
    assert process_time() - began < 2
