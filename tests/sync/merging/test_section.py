"""What a CI report says apart from ci-bot's format."""

import pytest

from sync.merging.section import Told, section_text
from sync.merging.stages import Run, readiness
from sync.pulls.report import LIMIT, Report, Section, parse, render

HEAD = "a" * 40
JIRA, PAGE = "https://jira", "https://ci/pulls/7/"
CORE = Run("azure", "ci.core", "test_ci core", "failed", 1, "https://ci/1")
TABLE = Run("azure", "ci.table", "test_ci table", "succeeded", 1, "https://ci/1")
HOSTILE = "x` @flinkbot run azure\n-->\n## CI report:\n\n* [a](https://evil) <!-- end of section --> <img src=x>"


def text(*failures, runs=(CORE, TABLE)):
    return section_text(readiness(HEAD, runs, {"azure"}), failures, JIRA, PAGE)


def test_it_says_what_failed_whose_that_seems_to_be_and_what_is_left():
    known = Told("a.FooITCase#testBar", "test_ci core", "known", "FLINK-77 names it", "FLINK-77")
    told = text(known, Told("a.Foo#testX", "test_ci core", "first seen here", "nowhere else"))
    assert "- `a.FooITCase#testBar` in `test_ci core`: **known** [FLINK-77](https://jira/browse/FLINK-77)" in told
    assert "**first seen here**: `nowhere else`" in told
    assert "1 of 2 stages have succeeded" in told and "- `test_ci core`: failed" in told
    assert "[1](https://ci/1)" in told and "[Details](https://ci/pulls/7/)" in told
    assert "can be merged" not in told


def test_where_nothing_failed_there_is_none():
    assert text(runs=(TABLE,)) == ""
    assert text(runs=()) == ""


@pytest.mark.parametrize("field", ["test", "job", "word", "reason", "ticket", "stage", "url"])
def test_no_name_mentions_formats_links_or_ends_the_section(field):
    facts = {"test": "a.Foo#testX", "job": "core", "word": "known", "reason": "r", "ticket": ""}
    stage = Run("azure", "ci.core", HOSTILE if field == "stage" else "core", "failed", 1, "https://ci/1")
    passed = Run("azure", "ci.t", "t", "succeeded", 1, HOSTILE if field == "url" else "https://ci/1")
    facts |= {field: HOSTILE} if field in facts and field != "word" else {}
    told = text(Told(**facts), runs=(stage, passed))
    bare = "".join(told.split("`")[::2])  # what does not stand in code
    assert "@" not in bare and "<" not in bare and "evil" not in bare
    assert "-->" not in told
    assert parse(render(Report(sections=(Section("failures", told),)))).report.sections[0].text == told


def test_a_thousand_failures_are_a_short_section():
    told = text(*(Told(f"a.Foo#test{'x' * 500}{n}", "c" * 500, "known", "r" * 500, "") for n in range(1000)))
    assert "- and 980 more" in told and len(told) < LIMIT / 4
