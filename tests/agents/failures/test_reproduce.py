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
    ("test_cron_hadoop313 connect", "azure", "release-2.3", ("connect", "17", "Hadoop 3.2.3", "")),
    ("test_cron_jdk11 python", "azure", "master", ("python", "11", "default", "3.9 to 3.12")),
    ("test_ci python", "azure", "release-1.20", ("python", "8", "default", "3.11")),
    ("Default (Java 17) / Test (module: python)", "actions", "release-2.0", ("python", "17", "default", "3.8 to 3.11")),
    ("test_cron_adaptive_scheduler tests", "azure", "master", ("tests", "17", "adaptive scheduler", "")),
    ("test_ci misc", "azure", "release-1.20", ("misc", "8", "default", "")),
    ("test_ci misc", "azure", "release-2.2", ("misc", "17", "default", "")),
    ("test_ci misc", "azure", "", ("misc", "", "default", "")),
    ("Default (Java 17) / Test (module: table)", "actions", "release-2.2", ("table", "17", "default", "")),
    ("Java 11 / Test (module: python)", "actions", "master", ("python", "11", "default", "3.9 to 3.12")),
    ("Hadoop 3.1.3 / Test (module: core)", "actions", "master", ("core", "17", "Hadoop 3.2.3", "")),
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
    assert "'*/org/Outer.*'" in command(test="org.Outer$Inner#testBar")
    assert "-Dtest='FooITCase'" in command(test="org.FooITCase")


def test_a_job_is_run_by_its_module_or_group():
    assert command().endswith(
        f'PROFILE="-Djdk11 -Pjava11-target -Dtest.randomization.seed={SHA}" ./tools/ci/test_controller.sh core'
    )
    assert command("e2e_2_ci").endswith("run-nightly-tests.sh 2")
    assert command(test="Some title of an end-to-end test").endswith("test_controller.sh core")
    assert "python -m pytest 'pyflink/a/test_b.py::T::test_c'" in command(test="pyflink.a.test_b.T#test_c")


@pytest.mark.parametrize(
    ("job", "provider", "base", "options"),
    [
        ("test_ci core", "azure", "master", "-Djdk17 -Pjava17-target"),
        ("test_cron_jdk21 core", "azure", "release-2.3", "-Djdk21 -Pjava21-target"),
        ("test_cron_jdk21 core", "azure", "release-1.20", "-Djdk11 -Djdk17 -Djdk21 -Pjava21-target"),
        ("test_ci core", "azure", "release-1.20", ""),
        ("test_cron_hadoop313 core", "azure", "release-1.20", "-Dflink.hadoop.version=3.2.3 -Phadoop3-tests,hive3"),
        ("Default (Java 17) / Test (module: core)", "actions", "", "-Djdk17 -Pjava17-target -Dinclude_hadoop_aws"),
        (
            "Hadoop 3.4.3 / Test (module: core)",
            "actions",
            "master",
            "-Djdk17 -Pjava17-target -Dflink.hadoop.version=3.4.3 -Phadoop3-tests,hive3",
        ),
        (
            "AdaptiveScheduler / Test (module: core)",
            "actions",
            "master",
            "-Djdk17 -Pjava17-target -Penable-adaptive-scheduler",
        ),
    ],
)
def test_maven_is_told_what_the_branchs_pipelines_tell_it(job, provider, base, options):
    assert " ".join(setup_of(job, provider, base).options) == options


def test_a_job_that_compiles_is_run_by_maven_alone():
    told = "./mvnw clean test-compile -Dfast -Djdk17 -Pjava17-target"
    assert command("compile_ci").endswith(told)
    found = card("Java 17 / Compile", "actions", "master", REPOSITORY, SHA)
    assert found is not None and found.command.endswith(f"{told} -Dinclude_hadoop_aws")


def test_what_runs_a_whole_flink_builds_it_first_and_has_its_profile():
    build = (
        f"./mvnw install -DskipTests -Dfast -Pskip-webui-build -Djdk11 -Pjava11-target -Dtest.randomization.seed={SHA}"
    )
    assert f"\n{build}\ncd flink-python && " in command(test="pyflink.a.test_b.T#test_c")
    text = command("e2e_2_cron_jdk11")
    assert f"\n{build}\n" in text and 'FLINK_DIR=$PWD/build-target PROFILE="-Djdk11 -Pjava11-target ' in text


def test_what_nothing_runs_has_no_card():
    assert command("docs_404_check") == "" and command("license_check_ci") == ""
    assert command(sha="") == "" and command(sha="$(reboot)") == ""


HOSTILE = ["a.Foo#t'; reboot; '", "a.Foo#$(reboot)", "a.test_b#t`reboot`", "a.b\nreboot", "a.Foo#t #"]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_runs_anything(name):
    assert "reboot" not in command(test=name) and command(test=name) == command()
    assert "reboot" not in command(f"test_ci core; {name}")
