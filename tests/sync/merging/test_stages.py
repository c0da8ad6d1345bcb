"""Flink's rule of merging: each stage has succeeded at least once on the head, over all builds and attempts."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sync.merging.stages import Run, readiness

HEAD = "a" * 40
AT = datetime(2026, 11, 1, tzinfo=UTC)


def run(key, state="succeeded", build=1, attempt=1, provider="azure", **facts):
    facts = {"url": f"https://ci/{build}", "queued_at": AT.replace(hour=build % 24), "seconds": 3000} | facts
    return Run(provider, f"ci.{key}", facts.pop("name", key), state, build, attempt=attempt, **facts)


def judged(*runs):
    return readiness(HEAD, runs, {"azure"})


def standings(*runs):
    return {stage.name: str(stage.standing) for stage in judged(*runs).stages}


STANDINGS = {
    "a success": ([run("core")], "succeeded"),
    "a failure": ([run("core", "failed")], "failed"),
    "a success in an earlier attempt": ([run("core"), run("core", "failed", attempt=2)], "succeeded"),
    "a success in a later build": ([run("core", "failed"), run("core", build=2)], "succeeded"),
    "a success in an earlier build": ([run("core"), run("core", "failed", build=2)], "succeeded"),
    "a failure that runs again": ([run("core", "failed"), run("core", "running", attempt=2)], "running"),
    "one that waits": ([run("core", "queued")], "running"),
    "a success with issues": ([run("core", "partial")], "failed"),
    "given up by its service": ([run("core", "abandoned")], "failed"),
    "all known": ([run("core", "failed", known=True)], "failed, all known"),
    "known before, and not any more": ([run("core", "failed", known=True), run("core", "failed", 2)], "failed"),
    "known at last": ([run("core", "failed"), run("core", "failed", 2, known=True)], "failed, all known"),
    "canceled": ([run("core", "canceled")], "missing"),
    "canceled after a failure": ([run("core", "failed"), run("core", "canceled", 2)], "failed"),
    "skipped, since compiling failed": ([run("core", "skipped", build_state="failed")], "missing"),
    "skipped by a build that succeeded": ([run("core", "skipped", build_state="succeeded")], "not needed"),
    "skipped in one of two": (
        [run("core", "skipped", build_state="failed"), run("core", "skipped", 2, build_state="succeeded")],
        "missing",
    ),
    "ended without a result": ([run("core", "finished")], "missing"),
}


@pytest.mark.parametrize(("runs", "standing"), STANDINGS.values(), ids=STANDINGS)
def test_a_stage_stands_by_all_its_runs(runs, standing):
    assert standings(*runs) == {"core": standing}
    assert standings(*reversed(runs)) == {"core": standing}


def test_all_stages_count_and_what_is_missing_is_named():
    found = judged(run("compile"), run("core", "failed", known=True), run("table", "running"))
    assert not found.is_complete
    assert found.sentence == (
        "2 of 3 stages have not succeeded yet on this head: core (failed, all known), table (running)."
    )
    assert [stage.name for stage in found.known_red] == ["core"]


def test_what_is_not_needed_is_not_missing():
    found = judged(run("compile"), run("docs", "skipped", build_state="succeeded"))
    assert found.is_complete and "Each of the 2 stages" in found.sentence


def test_without_any_job_nothing_is_complete():
    found = judged()
    assert not found.is_complete and found.sentence == "No job of this head is known yet."


def test_few_builds_are_linked():
    first = [run("compile"), run("core"), run("table", "failed")]
    second = [run("compile", build=2), run("core", "failed", 2), run("table", build=2)]
    third = [run("compile", build=3), run("core", build=3), run("table", "failed", 3)]
    links = {each.build: names for each, names in judged(*first, *second, *third).links}
    assert links == {2: ["table"], 3: ["compile", "core"]}
    assert {each.build for each, _ in judged(*first, run("core", build=4), run("table", build=4)).links} == {1, 4}


def test_what_is_posted_links_each_build_once_and_says_what_is_left():
    text = judged(run("compile", order=1), run("core", order=2), run("table", "failed", order=3)).text
    assert text == f"CI of {HEAD}:\n\n* https://ci/1 (compile, core)\n* not succeeded: table (failed) https://ci/1"
    assert "merge" not in text


def test_landed_since_the_first_linked_build():
    assert judged(run("core", "failed", 1), run("core", build=5), run("table", build=3)).since == AT.replace(hour=3)
    assert judged(run("core", "failed")).since is None


def test_another_service_is_shown_and_does_not_decide():
    found = judged(run("core"), run("Test (core)", "failed", provider="actions", build=9))
    assert found.is_complete
    assert [(stage.name, str(stage.standing)) for stage in found.others] == [("Test (core)", "failed")]
    both = readiness(HEAD, [run("core"), run("core", "failed", provider="actions")], {"azure", "actions"})
    assert not both.is_complete and len(both.stages) == 2


MATRIX = run("m", "skipped", name="Default / Test (module: ${{ matrix.module }})", build_state="failed")


def test_a_matrix_without_names_is_one_missing_stage_until_its_jobs_have_names():
    assert standings(run("compile", "failed"), MATRIX) == {"compile": "failed", "Default / Test (module": "missing"}
    named = run("t", build=2, name="Default / Test (module: table)")
    assert standings(run("compile", "failed"), MATRIX, named, run("compile", build=2)) == {
        "compile": "succeeded",
        "Default / Test (module: table)": "succeeded",
    }


@pytest.mark.parametrize(
    ("facts", "brief"),
    [
        ({"seconds": 40}, True),
        ({"seconds": 400}, False),
        ({"seconds": None}, False),
        ({"seconds": 40, "name": "compile_ci"}, False),
        ({"seconds": 40, "state": "failed"}, False),
    ],
)
def test_tests_that_were_over_at_once_are_told(facts, brief):
    (stage,) = judged(replace(run("e2e", name="e2e_1_ci"), **facts)).stages
    assert stage.is_brief is brief


@pytest.mark.parametrize(
    ("files", "docs"),
    [
        (["docs/content/a.md", "README.md"], True),
        (["docs/content/a.md", "flink-core/pom.xml"], False),
        (["flink-docs/src/a.java"], False),
        ([], False),
    ],
)
def test_a_head_that_changes_documentation_alone_is_told(files, docs):
    assert readiness(HEAD, [run("core")], {"azure"}, files).docs_only is docs
