"""How a failed job or test is run again by hand."""

import pytest

from agents.failures.reproduce import card, setup_of

SHA = "a" * 40
REPOSITORY = "https://github.com/flink-ci/flink.git"
SETUPS = [
    ("test_ci core", "azure", "master", ("core", "17", "default", "")),
    ("test_ci python", "azure", "master", ("python", "17", "default", "3.12")),
    ("test_cron_jdk11 table", "azure", "master", ("table", "11", "default", "")),
    ("test_cron_jdk21 table", "azure", "release-2.3", ("table", "21", "default", "")),
    ("test_cron_hadoop343 connect", "azure", "master", ("connect", "17", "Hadoop 3.4.3", "")),
    ("test_cron_adaptive_scheduler tests", "azure", "master", ("tests", "17", "adaptive scheduler", "")),
    ("test_ci misc", "azure", "release-1.20", ("misc", "8", "default", "")),
    ("test_ci misc", "azure", "release-2.2", ("misc", "", "default", "")),
    ("Default (Java 17) / Test (module: table)", "actions", "release-2.2", ("table", "17", "default", "")),
    ("Java 11 / Test (module: python)", "actions", "master", ("python", "11", "default", "3.9 to 3.12")),
    ("Hadoop 3.1.3 / Test (module: core)", "actions", "master", ("core", "17", "Hadoop 3.1.3", "")),
    ("AdaptiveScheduler / Test (module: core)", "actions", "master", ("core", "17", "adaptive scheduler", "")),
    ("compile_ci", "azure", "master", ("", "17", "default", "")),
]


@pytest.mark.parametrize(("job", "provider", "base", "expected"), SETUPS)
def test_a_jobs_name_tells_what_it_ran_with(job, provider, base, expected):
    found = setup_of(job, provider, base)
    assert (found.module, found.jdk, found.profile) == expected[:3]
    assert expected[3] in found.python and bool(found.python) == bool(expected[3])


def command(job="test_cron_jdk11 core", test="", sha=SHA):
    found = card(job, "azure", "master", REPOSITORY, sha, test)
    return found.command if found else ""


def test_a_test_is_run_alone_with_its_seed():
    text = command(test="org.apache.flink.FooITCase#testBar")
    assert text.startswith(f"git fetch {REPOSITORY} {SHA} && git checkout {SHA}\n./mvnw verify ")
    for part in ("-Dtest='FooITCase#testBar'", f"-Dtest.randomization.seed={SHA}", "-Djdk11 -Pjava11-target", "-pl "):
        assert part in text
    assert "'*/Outer.*'" in command(test="org.Outer$Inner#testBar")
    assert "-Dtest='FooITCase'" in command(test="org.FooITCase")


def test_a_job_is_run_by_its_module_or_group():
    assert command().endswith(
        f'PROFILE="-Djdk11 -Pjava11-target -Dtest.randomization.seed={SHA}" ./tools/ci/test_controller.sh core'
    )
    assert command("e2e_2_ci").endswith("run-nightly-tests.sh 2")
    assert command(test="Some title of an end-to-end test").endswith("test_controller.sh core")
    assert "python -m pytest 'pyflink/a/test_b.py::T::test_c'" in command(test="pyflink.a.test_b.T#test_c")


def test_what_nothing_runs_has_no_card():
    assert command("compile_ci") == ""
    assert command(sha="") == "" and command(sha="$(reboot)") == ""


HOSTILE = ["a.Foo#t'; reboot; '", "a.Foo#$(reboot)", "a.test_b#t`reboot`", "a.b\nreboot", "a.Foo#t #"]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_runs_anything(name):
    assert "reboot" not in command(test=name) and command(test=name) == command()
    assert "reboot" not in command(f"test_ci core; {name}")
