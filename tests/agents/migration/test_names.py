"""Jobs of both services and their groups."""

import time

import pytest

from agents.migration.defaults import RULES
from agents.migration.names import JobMap, Pattern, Rule, problem_of, split

JOBS = JobMap(RULES)


@pytest.mark.parametrize(
    ("names", "group"),
    [
        (["compile_ci"], "compile"),
        (["license_check_ci"], "licences"),
        (["license_check", "license_check"], "licences"),
        (["license_check", "ci.license_check_cron_jdk11"], "Java 11: licences"),
        (["test_ci core"], "test core"),
        (["test_ci python"], "test python"),
        (["test_cron_adaptive_scheduler table"], "adaptive scheduler: test table"),
        (["test_cron_hadoop343 misc"], "Hadoop 3: test misc"),
        (["e2e_4_ci"], "e2e 4"),
        (["e2e_1_cron_jdk21"], "Java 21: e2e 1"),
        (["docs_404_check"], "docs 404"),
        (["build_wheels Linux"], "wheels linux"),
        (["cron_snapshot_deployment_maven"], "cron_snapshot_deployment_maven"),
    ],
)
def test_azures_jobs_have_groups(names, group):
    assert JOBS.of_azure(*names).group == group


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("Default (Java 17) / Compile", "compile"),
        ("Default (Java 8) / Compile", "compile"),
        ("Default (Java 17) / Test packaging/licensing", "licences"),
        ("Pre-compile Checks / Basic QA", "licences"),
        ("Default (Java 17) / Test (module: table)", "test table"),
        ("Java 11 / E2E (group 3)", "Java 11: e2e 3"),
        ("Hadoop 3.1.3 / Test (module: core)", "Hadoop 3: test core"),
        ("Build Python Wheels on linux", "wheels linux"),
        ("Docs 404 check", "docs 404"),
        ("Java 25 / Compile", "Java 25 / Compile"),
    ],
)
def test_jobs_of_actions_have_groups_whatever_the_branch_calls_them(name, group):
    assert JOBS.of_actions(name).group == group


def test_a_job_that_no_rule_knows_has_no_counterpart():
    assert not JOBS.of_azure("cron_snapshot_deployment_binary").has_counterpart
    assert not JOBS.of_azure("compile_cron_azure").has_counterpart
    assert JOBS.of_azure("test_ci core").has_counterpart


def test_a_matrix_that_was_never_filled_in_stands_for_all_of_its_jobs():
    place = JOBS.of_actions("Default (Java 17) / Test (module: ${{ matrix.module }})")
    assert (place.group, place.everywhere) == ("test {part}", True)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Default (Java 17) / Test packaging/licensing", ("Default (Java 17)", "Test packaging/licensing")),
        ("A / B / C", ("A", "B / C")),
        ("packaging/licensing", ("", "packaging/licensing")),
    ],
)
def test_names_are_split_at_the_first_slash_between_spaces(name, parts):
    assert split(name) == parts


def test_the_first_rule_counts():
    jobs = JobMap([Rule("special", "test_ci core"), Rule("any {part}", "test_ci {part}", "Test {part}")])
    assert jobs.of_azure("test_ci core").group == "special"
    assert jobs.of_azure("test_ci misc").group == jobs.of_actions("Test misc").group == "any misc"


@pytest.mark.parametrize(("pattern", "sound"), [("a*b*c*d*", True), ("*****", False), ("{part}{part}", False)])
def test_patterns_that_could_be_slow_or_mean_two_things_are_refused(pattern, sound):
    assert (problem_of(pattern) == "") is sound


@pytest.mark.parametrize(
    ("pattern", "name", "part"),
    [
        ("compile_ci", "compile_ci", ""),
        ("compile_ci", "compile_ci2", None),
        ("", "", ""),
        ("", "a", None),
        ("*", "", ""),
        ("{part}", "", None),
        ("{part}", "a", "a"),
        ("Hadoop *", "Hadoop 3.4.3", ""),
        ("e2e_{part}_ci", "e2e_4_ci", "4"),
        ("e2e_{part}_ci", "e2e__ci", None),
        ("e2e_{part}_ci", "e2e_ci", None),
        ("e2e_{part}_ci", "e2e_1_ci_ci", "1_ci"),  # the end is the name's
        ("{part}_cron_*", "a_cron_b_cron_c", "a"),
        ("*_{part}", "a_b_c", "b_c"),
        ("*a{part}", "bab", "b"),
        ("a*a", "a", None),  # one letter can't be both ends
        ("a*a", "aa", ""),
        ("*ab*ba", "aba", None),
        ("*ab*ba", "xabyba", ""),
        ("Test (module: {part})", "Test (module: a.*+?[)", "a.*+?["),  # nothing in a name is a rule's
        ("Test [{part}]", "Test [1]", "1"),
        ("Test {part}", "Test a\nb", "a\nb"),
    ],
)
def test_patterns_match_whole_names(pattern, name, part):
    assert Pattern(pattern).part_of(name) == part


@pytest.mark.parametrize("pattern", ["*a*a*a*a", "*aa*{part}aab", "{part}a*a*a*b"])
def test_no_name_takes_long_to_match(pattern):
    began = time.process_time()
    for _ in range(100):
        Pattern(pattern).part_of("a" * 255)
    assert time.process_time() - began < 0.1
