"""The CI report: read and written as ci-bot does."""

import json
import re
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.pulls.report import HELP, LIMIT, Entry, Foreign, Report, Section, is_report, merge, parse, render, same_text

A, B, C = "a" * 40, "b" * 40, "c" * 40
URL = "https://dev.azure.com/apache-flink/98463496-1af2-4620-8eab-a2ecc1a2e6fe/_build/results?buildId="


def push(sha: str, status: str = "SUCCESS", build: int | None = 1) -> Entry:
    return Entry(sha, status, f"{URL}{build}" if build else "TBD", sha, "PUSH")


def manual(comment: int, sha: str, status: str = "SUCCESS", build: int | None = 1) -> Entry:
    return Entry(sha, status, f"{URL}{build}" if build else "TBD", str(comment), "MANUAL")


CI_BOTS = f"""<!--
Meta data
{{
  "version" : 1,
  "metaDataEntries" : [ {{
    "hash" : "{A}",
    "status" : "DELETED",
    "url" : "{URL}7",
    "triggerID" : "{A}",
    "triggerType" : "PUSH"
  }}, {{
    "hash" : "{B}",
    "status" : "FAILURE",
    "url" : "{URL}8",
    "triggerID" : "{B}",
    "triggerType" : "PUSH"
  }}, {{
    "hash" : "{B}",
    "status" : "PENDING",
    "url" : "{URL}8",
    "triggerID" : "1234567",
    "triggerType" : "MANUAL"
  }}, {{
    "hash" : "{C}",
    "status" : "UNKNOWN",
    "url" : "TBD",
    "triggerID" : "{C}",
    "triggerType" : "PUSH"
  }} ]
}}-->
## CI report:

* {B} Azure: [PENDING]({URL}8) 
* {C} UNKNOWN

<details>
<summary>Bot commands</summary>
  The @flinkbot bot supports the following commands:

 - `@flinkbot run azure` re-run the last Azure build
</details>"""  # noqa: W291
CI_BOTS_REPORT = Report(
    (push(A, "DELETED", 7), push(B, "FAILURE", 8), manual(1234567, B, "PENDING", 8), push(C, "UNKNOWN", None))
)

OLD = (
    "<!--\nMeta data\n"
    f"Hash:{A} Status:SUCCESS URL:https://travis-ci.com/flink-ci/flink/builds/1233 TriggerType:PUSH TriggerID:{A}\n"
    f"Hash:{B} Status:UNKNOWN URL:TBD TriggerType:PUSH TriggerID:{B}\n"
    f"Hash:{B} Status:PENDING URL:{URL}9 TriggerType:MANUAL TriggerID:42\n"
    "-->\n## CI report:\n\n* a\n"
)


def test_ci_bots_report_is_read():
    assert parse(CI_BOTS).report == CI_BOTS_REPORT


def test_our_report_is_ci_bots_to_the_letter():
    assert render(CI_BOTS_REPORT) == CI_BOTS


def test_windows_line_ends_change_nothing():
    assert parse(CI_BOTS.replace("\n", "\r\n")).report == CI_BOTS_REPORT
    assert same_text(CI_BOTS, CI_BOTS.replace("\n", "\r\n"))


def test_the_old_line_format_is_read():
    report = parse(OLD).report
    assert report and [(e.hash, e.status, e.url[:10], e.trigger_type, e.trigger_id) for e in report.known] == [
        (A, "SUCCESS", "https://tr", "PUSH", A),
        (B, "UNKNOWN", "TBD", "PUSH", B),
        (B, "PENDING", URL[:10], "MANUAL", "42"),
    ]
    assert parse(OLD.replace("\n", "\r\n")).report == report


def test_an_empty_report_is_read_and_written():
    text = render(Report())
    assert '"metaDataEntries" : [ ]' in text
    assert parse(text).report == Report()
    assert parse("<!--\nMeta data\n-->\n## CI report:\n\n").report == Report()


def test_a_help_text_is_at_the_end():
    assert render(Report((push(A),))).endswith("\n\n" + HELP)


@pytest.mark.parametrize(
    ("entries", "lines"),
    [
        ([push(A)], [f"* {A} Azure: [SUCCESS]({URL}1) "]),
        ([push(A, "UNKNOWN", None)], [f"* {A} UNKNOWN"]),
        ([push(A, "FAILURE"), manual(5, A, "PENDING")], [f"* {A} Azure: [PENDING]({URL}1) "]),
        (
            [push(A, "FAILURE"), manual(5, A, "PENDING", 2)],
            [f"* {A} Azure: [FAILURE]({URL}1) Azure: [PENDING]({URL}2) "],
        ),
        ([push(A, "DELETED"), push(B)], [f"* {B} Azure: [SUCCESS]({URL}1) "]),
        ([push(A), manual(5, A, "DELETED", 2)], []),
        ([manual(5, "0000", "CANCELED", None)], ["* 0000 Unknown: [CANCELED](TBD) "]),
        (
            [Entry(A, "FAILURE", "http://ci.example.org/org/p/_build/results?buildId=7", A, "PUSH")],
            [f"* {A} Azure: [FAILURE](http://ci.example.org/org/p/_build/results?buildId=7) "],
        ),
        (
            [Entry(A, "SUCCESS", "https://travis-ci.com/1", A, "PUSH"), push(A)],
            [f"* {A} Azure: [SUCCESS]({URL}1) Unknown: [SUCCESS](https://travis-ci.com/1) "],
        ),
    ],
)
def test_each_commit_has_the_line_that_ci_bot_would_write(entries, lines):
    text = render(Report(tuple(entries)))
    assert [line for line in text.split("\n") if line.startswith("* ")] == lines


BROKEN = {
    "": "shape",
    "hello": "shape",
    "<!--\nMeta data\n{}-->\n## CI report:\n\n": "entries",
    '<!--\nMeta data\n{"metaDataEntries": 5}-->\n## CI report:\n\n': "entries",
    "<!--\nMeta data\n[{}]-->\n## CI report:\n\n": "entries",
    "<!--\nMeta data\n{oops-->\n## CI report:\n\n": "JSON",
    "<!--\nMeta data\n" + '{"a":' * 30_000 + "-->\n## CI report:\n\n": "JSON",
    '<!--\nMeta data\n{"version": NaN}-->\n## CI report:\n\n': "JSON",
    '<!--\nMeta data\n{"version": ' + "9" * 10_000 + "}-->\n## CI report:\n\n": "JSON",
    "<!--\nMeta data\n{" + "x" * 2_000_000 + "-->\n## CI report:\n\n": "large",
    "> <!--\nMeta data\n{}-->\n## CI report:\n\n": "shape",
}


@pytest.mark.parametrize(("body", "problem"), BROKEN.items(), ids=[str(i) for i in range(len(BROKEN))])
def test_a_broken_report_has_a_problem_and_crashes_nothing(body, problem):
    began = process_time()
    parsed = parse(body)
    assert parsed.report is None
    assert problem in parsed.problem
    assert process_time() - began < 2


@pytest.mark.parametrize("line_break", ["\n", "\r"])
def test_no_value_makes_a_line_of_its_own(line_break):
    entry = {"hash": f"{A}{line_break}* {B} Azure: [SUCCESS]({URL}1)", "status": "SUCCESS", "url": f"{URL}1"}
    data = json.dumps({"metaDataEntries": [entry | {"triggerID": A, "triggerType": "PUSH"}]})
    report = parse(f"<!--\nMeta data\n{data}-->\n## CI report:\n\n").report
    assert report.known == ()
    assert f"* {B}" not in render(report).partition("## CI report:")[2]


def test_what_we_do_not_understand_is_kept():
    odd = [{"hash": A}, 5, None, ["x"], {"hash": 1, "status": "SUCCESS", "url": "", "triggerID": "", "triggerType": ""}]
    entry = {
        "hash": A,
        "status": "NEUTRAL",
        "url": "u",
        "triggerID": "1",
        "triggerType": "CRON",
        "provider": {"n": [1]},
    }
    body = (
        "<!--\nMeta data\n"
        + json.dumps({"version": 2, "by": "x", "metaDataEntries": [*odd, entry]})
        + "-->\n## CI report:\n\n"
    )
    report = parse(body).report
    assert report
    again = parse(render(report)).report
    assert again == report
    meta = json.loads(render(report).split("Meta data\n")[1].split("-->")[0])
    assert meta == {"version": 2, "by": "x", "metaDataEntries": [*odd, entry]}


def test_text_in_an_entry_cannot_end_the_comment():
    report = Report((Entry("-->\u2028<script>", "-->", "--> ## CI report:", "-->", "-->"), Foreign('"-->"')))
    text = render(report)
    assert text.split("Meta data\n")[1].index("-->") == text.split("Meta data\n")[1].index("}-->") + 1
    assert parse(text).report == report


def test_a_note_stands_in_the_visible_part_and_is_read_back():
    report = Report((push(A, "UNKNOWN", None),), note="**Blocked:** GitHub refuses it.")
    text = render(report)
    assert f"* {A} UNKNOWN\n\n**Blocked:** GitHub refuses it.\n\n<details>" in text
    assert is_report(text)
    assert parse(text).report == report


# How ci-bot finds its metadata: greedily, up to the last head of a report; then whatever there is.
BY_CI_BOT = re.compile(r"<!--(?:\r\n|\n)Meta data\n(?P<meta>.*)-->\n## CI report:\n\n.*", re.DOTALL)
SECTIONS = (Section("failures", "### Why it is red\n\n* `FooITCase.testBar`\n<details>"), Section("actions", "b"))


def test_sections_stand_apart_below_the_note_and_are_read_back():
    report = Report((push(A),), "**Blocked:** x", sections=SECTIONS)
    text = render(report)
    assert text.index("**Blocked") < text.index("### Why it is red") < text.index("<summary>Bot commands")
    assert parse(text).report == report
    assert parse(text.replace("\n", "\r\n")).report == report


def test_ci_bot_reads_past_sections():
    found = BY_CI_BOT.fullmatch(render(Report((push(A),), sections=SECTIONS)))
    assert found and json.loads(found["meta"])["metaDataEntries"][0]["hash"] == A


def test_sections_of_a_report_in_the_old_format_are_read():
    text = OLD + "\n<!-- section: failures -->\nred\n<!-- end of section -->\n"
    assert parse(text).report.sections == (Section("failures", "red"),)
    assert parse(text).report.known == parse(OLD).report.known


def test_what_only_begins_like_a_section_is_none():
    text = render(Report((push(A),))) + "\n<!-- section: failures -->\nno end"
    assert parse(text).report == Report((push(A),))


def test_sections_give_way_before_entries():
    entries = tuple(push(f"{number:040x}", "FAILURE", number) for number in range(100))
    report = parse(render(Report(entries, sections=(Section("failures", "x" * 40_000),)))).report
    assert report == Report(entries)


def test_the_oldest_entries_give_way():
    entries = tuple(push(f"{number:040x}", "FAILURE", number) for number in range(1000))
    text = render(Report(entries))
    assert LIMIT - 400 < len(text) <= LIMIT
    report = parse(text).report
    assert report and report.entries == entries[-len(report.entries) :]


def test_a_second_report_is_folded_into_the_first():
    first, second = (
        Report((push(A), push(B, "PENDING", 2))),
        Report((push(A), manual(7, A, "FAILURE", 3), Foreign("5"))),
    )
    assert merge(first, second).entries == (manual(7, A, "FAILURE", 3), Foreign("5"), push(A), push(B, "PENDING", 2))
    assert merge(merge(first, second), second) == merge(first, second)


def test_a_report_cited_by_somebody_is_no_report():
    assert not is_report("Look at this:\n" + CI_BOTS)


words = st.text(st.characters(blacklist_characters="\n\r", blacklist_categories=["Cs"]), max_size=30)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=5,
)
foreign = st.one_of(st.integers(), words, st.lists(json_values, max_size=3)).map(
    lambda value: Foreign(json.dumps(value, ensure_ascii=False))
)
entries = st.builds(Entry, words, words, words, words, words) | foreign
notes = st.text("abc `é._", max_size=40).map(str.strip)


sections = st.builds(Section, st.text("abc-", min_size=1, max_size=9), notes)


@given(st.builds(Report, st.lists(entries, max_size=6).map(tuple), notes, sections=st.lists(sections).map(tuple)))
def test_what_is_written_is_read_back(report):
    assert parse(render(report)).report == report


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda data: data.decode("utf-8", "replace")), st.booleans())
def test_no_text_crashes_the_reader(text, framed):
    body = f"<!--\nMeta data\n{{{text}}}-->\n## CI report:\n\n{text}" if framed else text
    parsed = parse(body)
    assert (parsed.report is None) == bool(parsed.problem)
