"""Tables: sorted by their heads, counted, paged, and given as files of the very same rows."""

import csv
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.test import RequestFactory

from flinkci_dashboard.jobs.lists import RUNS
from flinkci_dashboard.models import AuditEvent, JobRun
from flinkci_dashboard.web import tables
from flinkci_dashboard.web.exports import file_of
from flinkci_dashboard.web.tables import Column, Table

WORDS = Table(
    "words",
    (
        Column("word", "Word", lambda word: word, lambda word: word),
        Column("length", "#Length", len, len, falling=True),
        Column("last", "Last", lambda word: word[-1:]),
    ),
    per_page=2,
)
EVENTS = Table(
    "events",
    (
        Column("subject", "Subject", lambda row: row.subject, "subject"),
        Column("address", "From", lambda row: row.address, "address", nullable=True),
    ),
    "-subject",
    anchor="id",
    per_page=2,
)
LIST = ["pear", "fig", "banana", "apple"]


def shown(table, rows, address="", prefix=""):
    return table.of(RequestFactory().get(f"/x/{address}"), rows, prefix)


@pytest.mark.parametrize(
    ("address", "lines", "counted"),
    [
        ("", ["pear", "fig"], "1–2 of 4"),
        ("?page=2", ["banana", "apple"], "3–4 of 4"),
        ("?page=9", ["banana", "apple"], "3–4 of 4"),
        ("?page=-1", ["pear", "fig"], "1–2 of 4"),
        ("?sort=word", ["apple", "banana"], "1–2 of 4"),
        ("?sort=-length", ["banana", "apple"], "1–2 of 4"),
        ("?sort=last", ["pear", "fig"], "1–2 of 4"),  # not to be sorted by
    ],
)
def test_an_address_says_order_and_place(address, lines, counted):
    found = shown(WORDS, LIST, address)
    assert (list(found.lines), found.counted) == (lines, counted)
    assert found.misunderstood == (address == "?sort=last")


def test_a_head_sorts_and_turns_the_order_and_keeps_the_filter():
    heads = {head.column.name: head for head in shown(WORDS, LIST, "?q=a&sort=-length&page=2").heads}
    assert (heads["word"].url, heads["word"].state) == ("?q=a&sort=word", "")
    assert (heads["length"].url, heads["length"].state) == ("?q=a&sort=length", "descending")
    assert heads["last"].url == ""


def test_rows_are_sorted_by_what_is_worked_out_of_them(db):
    for job, seconds in (("a", 5), ("b", 9), ("c", None)):
        start = datetime(2026, 11, 1, tzinfo=UTC)
        ended = start + timedelta(seconds=seconds) if seconds else None
        JobRun.objects.create(job=job, started_at=start, ended_at=ended)
    runs = JobRun.objects.all()
    assert [run.job for run in shown(RUNS, runs, "?sort=-seconds").lines] == ["b", "a", "c"]
    assert [run.job for run in shown(RUNS, runs, "?sort=seconds").lines] == ["a", "b", "c"]


def test_two_tables_of_a_page_have_their_own_order_and_place():
    second = shown(WORDS, LIST, "?page=7&sort=word&more-page=2", "more-")
    assert list(second.lines) == ["banana", "apple"]
    assert second.previous == "?page=7&sort=word"


def test_empty_values_stand_last_in_both_directions():
    assert shown(WORDS, ["b", "", "a"], "?sort=word").rows == ["a", "b", ""]
    assert shown(WORDS, ["b", "", "a"], "?sort=-word").rows == ["b", "a", ""]


@pytest.fixture
def events(db):
    for number in range(5):
        AuditEvent.objects.create(subject=str(number), address=f"203.0.113.{number}" if number % 2 else None)
    return AuditEvent.objects.all()


@pytest.mark.parametrize(("sort", "subjects"), [("address", "1"), ("-address", "3")])
def test_empty_fields_of_the_database_stand_last(events, sort, subjects):
    assert shown(EVENTS, events, f"?sort={sort}").lines[0].subject == subjects


def test_what_arrives_meanwhile_moves_nothing_on_the_pages_that_follow(events):
    following = shown(EVENTS, events).next
    AuditEvent.objects.create(subject="9")
    assert [row.subject for row in shown(EVENTS, events, following).lines] == ["2", "1"]
    assert [row.subject for row in shown(EVENTS, events).lines] == ["9", "4"]
    assert shown(EVENTS, events, following).previous == "?"


@pytest.mark.parametrize("upto", ["x", "9" * 40, "%00"])
def test_a_place_that_makes_no_sense_is_the_whole_list(events, upto):
    assert shown(EVENTS, events, f"?upto={upto}").lines[0].subject == "4"


def test_a_long_list_is_not_counted_to_its_end(events, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(tables, "MANY", 3)
    with django_assert_num_queries(2):
        assert shown(EVENTS, events).counted == "1–2 of more than 3"
    with django_assert_num_queries(1):  # the end is in sight
        assert shown(EVENTS, events, "?page=3").counted == "5–5 of 5"


def answer(table, rows, address):
    return file_of(RequestFactory().get(f"/x/{address}"), {"table": shown(table, rows, address), "other": 1})


def test_a_file_has_all_rows_in_the_order_of_the_page():
    found = answer(WORDS, LIST, "?sort=word&page=2&format=csv")
    rows = list(csv.reader(found.getvalue().decode().splitlines()))
    assert rows == [["word", "length", "last"], *([word, str(len(word)), word[-1]] for word in sorted(LIST))]
    assert found["Content-Disposition"].startswith('attachment; filename="words-')
    objects = json.loads(answer(WORDS, LIST, "?sort=-word&format=json").getvalue())
    assert objects[0] == {"word": "pear", "length": 4, "last": "r"}
    assert json.loads(answer(WORDS, [], "?format=json").getvalue()) == []


def test_an_address_without_a_kind_that_exists_is_a_page():
    assert answer(WORDS, LIST, "") is None
    assert answer(WORDS, LIST, "?format=exe") is None


def test_times_in_files_are_of_the_readers_zone(client, reader):
    AuditEvent.objects.create(actor_name="pmc", subject="x", at=datetime(2026, 11, 25, 23, 30, tzinfo=UTC))
    reader.cookies["zone"] = "Asia/Tokyo"
    (row,) = json.loads(reader.get("/activity/?since=2026-11-26&format=json").getvalue())
    assert row["at"] == "2026-11-26T08:30:00+09:00"
    reader.cookies["zone"] = "../nowhere"
    assert json.loads(reader.get("/activity/?since=2026-11-26&format=json").getvalue()) == []
