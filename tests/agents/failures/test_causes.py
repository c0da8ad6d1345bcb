"""The cause of a failed job, by the lines of its log."""

import time
from pathlib import Path

import pytest

from agents.failures.causes import Found, cause_of_build, cause_of_log
from agents.failures.far import cause_far_back
from agents.failures.rules import CAUSES, OF_BUILD, RULES, Cause
from agents.models import Job

LINES = [
    line.split("|", 1)
    for line in (Path(__file__).parent / "lines.txt").read_text("utf-8").splitlines()
    if not line.startswith("# ") or line.startswith("# There is")
]
WRAPPER = "##[error]Bash exited with code '1'."
WATCHDOG = "Process produced no output for 900 seconds."
FAILED = "[ERROR] org.apache.flink.FooTest.testBar -- Time elapsed: 0.02 s <<< FAILURE!"
TEST = "org.apache.flink.FooTest.testBar"


def test_there_are_lines_for_every_cause_and_many():
    assert len(LINES) >= 150
    assert {cause for cause, _ in LINES} == {*Cause, "-"}


@pytest.mark.parametrize(("cause", "line"), LINES)
def test_a_line_tells_its_cause(cause, line):
    found = cause_of_log(["before", line, "after"], first=100)
    assert (found.cause, found.number) == (("unknown", None) if cause == "-" else (cause, 101))
    assert bool(found.line) == (cause != "-")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{RULES.index(rule)}-{rule.cause}")
def test_every_rule_has_a_line_that_only_it_explains(rule):
    names = [TEST] if rule.of_test else []
    lines = [FAILED] if rule.of_test else [line for _, line in LINES]
    found = [cause_of_log([line], tests=names) for line in lines]
    assert any(rule.pattern.search(each.line) for each in found)


@pytest.mark.parametrize(
    ("lines", "cause", "number"),
    [
        ([WATCHDOG, "##[error]Bash exited with code '143'.", WRAPPER], "timeout", 1),
        (["[ERROR] COMPILATION ERROR : ", "[INFO] BUILD FAILURE", WRAPPER], "compile", 1),
        ([WRAPPER, "[ERROR] COMPILATION ERROR : "], "compile", 2),
        (["[ERROR] Process Exit Code: 137", "[ERROR] Crashed tests:", WRAPPER], "memory", 1),
        (["[ERROR] Crashed tests:", "java.io.IOException: No space left on device"], "disk", 2),
        (["##[warning]Free disk space on / is lower than 5%", "[ERROR] There are test failures."], "test", 2),
        (["curl: (28) Operation timed out", "[FAIL] 'x' failed after 1 minutes!"], "test", 2),
        (["curl: (28) Operation timed out", WRAPPER], "network", 1),
        (["We stopped hearing from agent X.", WATCHDOG], "agent", 1),
        (["[INFO] BUILD FAILURE", WRAPPER], "unknown", 1),
        ([], "unknown", None),
        # Style fails a compile job, and the script says at its end what it says of every failure.
        (
            [
                "[ERROR] src/main/java/Foo.java:[3,8] (imports) UnusedImports: Unused import.",
                "Compiling Flink failed.",
                WRAPPER,
            ],
            "style",
            1,
        ),
        (["[ERROR] Process Exit Code: 143", "[ERROR] Crashed tests:", WRAPPER], "timeout", 1),
        (["There was a timeout or other error in the fork", "[ERROR] Process Exit Code: 239", WRAPPER], "test", 2),
        # Containers are removed at the end of each end-to-end test, those that never were there, too.
        (["Error: No such container: jm-1", "[FAIL] 'A b's c' failed after 1 minutes and 2 seconds!"], "test", 2),
        (["Error response from daemon: No such container: jm-1", WRAPPER], "docker", 1),
        (
            ["[INFO] BUILD FAILURE", "a.sh: line 1: ./b.sh: No such file or directory", "exited with code '127'"],
            "unknown",
            2,
        ),
        # What a test failed with may be any words.
        (["[ERROR]   FooITCase.testX:88 » SocketTimeout Read timed out", WATCHDOG[:9], WRAPPER], "unknown", 3),
        (["[ERROR]   FooTest.testX:88 » IO x (cause) Exception: No space left on device", WRAPPER], "unknown", 2),
    ],
)
def test_the_deepest_cause_owns_what_followed_from_it(lines, cause, number):
    found = cause_of_log(lines)
    assert (found.cause, found.number) == (cause, number)


def test_the_first_of_equal_lines_is_shown():
    assert cause_of_log(["-", WATCHDOG, WATCHDOG]).number == 2


def test_a_failed_test_is_shown_by_its_own_line_and_not_by_a_flake():
    flake = "[ERROR] org.apache.flink.OtherTest.testFlaky -- Time elapsed: 0.02 s <<< ERROR!"
    assert cause_of_log([flake, FAILED, WRAPPER], tests=[TEST]) == Found(Cause.TEST, FAILED, 2)
    assert cause_of_log([flake], tests=[]).line == ""


def test_tests_that_no_line_names_are_the_cause_all_the_same():
    assert cause_of_log([WRAPPER], tests=[TEST]) == Found(Cause.TEST, TEST, None)


def test_the_words_of_a_failed_test_are_no_cause_of_their_own():
    line = "[ERROR]   FooTest.testBar:88 » SocketTimeout Read timed out: status code: 503"
    assert cause_of_log([line, WRAPPER], tests=[TEST]) == Found(Cause.TEST, line, 1)


def test_a_class_whose_machine_crashed_is_shown_by_its_own_line():
    line = "[ERROR] org.apache.flink.FooITCase"
    found = cause_of_log(["[ERROR] Crashed tests:", line, WRAPPER], tests=["org.apache.flink.FooITCase"])
    assert found == Found(Cause.TEST, line, 2)


def test_a_failed_test_does_not_hide_what_killed_it():
    assert cause_of_log([FAILED, WATCHDOG], tests=[TEST]).cause is Cause.TIMEOUT


def test_what_the_service_tells_counts_where_the_log_is_silent():
    told = ["##[error]We stopped hearing from agent X.\nVerify the machine."]
    assert cause_of_log([], told=told) == Found(Cause.AGENT, "We stopped hearing from agent X.")


def test_the_result_decides_where_nothing_else_does():
    assert cause_of_log([WRAPPER], otherwise=Cause.CANCELLED).cause is Cause.CANCELLED
    assert cause_of_log([WATCHDOG], otherwise=Cause.CANCELLED).cause is Cause.TIMEOUT


@pytest.mark.parametrize(
    ("causes", "cause"),
    [
        (["network", "test"], "test"),
        (["test", "compile", "agent"], "compile"),
        (["unknown", "cancelled"], "unknown"),
        (["agent", "agent"], "agent"),
        ([], None),
    ],
)
def test_a_build_has_the_cause_that_its_author_is_to_see_first(causes, cause):
    assert cause_of_build(causes) == cause


def test_every_cause_has_its_words_and_its_place():
    assert set(OF_BUILD) == set(Cause) == set(CAUSES) == set(dict(Job._meta.get_field("cause").choices)) - {""}


@pytest.mark.parametrize(
    "line", ["[ERROR] " * 20_000, "'" * 200_000, "[ERROR] " + "/a.java:[" * 20_000, "=" * 200_000, " at a.b" * 30_000]
)
def test_hostile_lines_take_linear_time(line):
    start = time.process_time()
    cause_of_log([line] * 200, tests=[TEST])
    assert time.process_time() - start < 2


def test_a_long_tail_is_judged_at_once():
    lines = [f"12:34:56.789 [INFO] Running org.apache.flink.generated.Test{number}" for number in range(20_000)]
    start = time.process_time()
    cause_of_log([*lines, WATCHDOG])
    assert time.process_time() - start < 2


@pytest.mark.parametrize(("cause", "line"), LINES)
def test_every_line_that_tells_a_cause_is_found_far_before_the_end_of_a_log_too(cause, line):
    [weak] = [cause_of_log([WRAPPER], first=50_000)]
    near = cause_of_log([line])
    noise = [
        "12:34:56.789 [INFO] Tests run: 3, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 1 s -- in a.FooTest"
    ] * 9
    parts = [(1, noise), (10, [*noise, line, *noise]), (40, noise)]
    found = cause_far_back([(first, "\n".join(lines).encode()) for first, lines in parts], weak)
    assert found == (weak if near.is_weak else Found(near.cause, near.line, 19))


COLOURED = "[\x1b[1;31mERROR\x1b[m] \x1b[1;31mCOMPILATION ERROR : \x1b[m\r"
PASSED = "[\x1b[1;34mINFO\x1b[m] Tests run: 1, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 1 s -- in a.b.FooTest"


def test_colours_and_the_scenes_of_tests_are_seen_far_back_too():
    weak = cause_of_log([WRAPPER], first=9000)
    scene = ["[\x1b[1;34mINFO\x1b[m] Running a.b.FooTest", "x" * 99, WATCHDOG, PASSED]
    told = cause_far_back([(1, "\n".join([*scene, "x" * 99, COLOURED]).encode())], weak)
    assert told == Found(Cause.COMPILE, "[ERROR] COMPILATION ERROR :", 6)
    assert cause_far_back([(1, "\n".join(scene).encode())], weak) == weak


def test_the_deepest_cause_of_all_parts_counts_and_what_is_weak_there_counts_for_nothing():
    weak = cause_of_log(["##[error]Bash exited with code '143'."], first=9000)
    parts = [(1, b"There are test failures."), (2, WATCHDOG.encode()), (3, b"There are test failures.")]
    assert cause_far_back(parts, weak) == Found(Cause.TIMEOUT, WATCHDOG, 2)
    assert cause_far_back([(1, f"{WRAPPER}\n[INFO] BUILD FAILURE\nKilled".encode())], weak) == weak
