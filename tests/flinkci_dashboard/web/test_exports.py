"""Exports: nothing that a spreadsheet runs, nothing that breaks out of its field."""

import csv

import pytest

from flinkci_dashboard.web.exports import Card, csv_lines, vcard_text


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1"])
def test_formulas_are_quoted(text):
    (row,) = list(csv.reader(csv_lines(["a"], [[text]])))[1:]
    assert row[0] == f"'{text}"


def test_quotes_commas_and_line_ends_survive():
    cells = ['say "hi"', "a,b", "one\ntwo", "", "ключ"]
    assert list(csv.reader(csv_lines(list("abcde"), [cells])))[1] == cells


def test_a_card_has_the_fields_of_the_standard():
    text = vcard_text([Card("Ada King Lovelace", "Analytical; Engines", "PMC, chair", note="one\ntwo")])
    assert text.split("\r\n") == [
        "BEGIN:VCARD",
        "VERSION:4.0",
        "N:Lovelace;Ada King;;;",
        "FN:Ada King Lovelace",
        "ORG:Analytical\\; Engines",
        "TITLE:PMC\\, chair",
        "NOTE:one\\ntwo",
        "END:VCARD",
        "",
    ]


def test_a_name_can_not_add_a_field():
    text = vcard_text([Card("Eve\r\nEMAIL:eve@example.org")])
    assert "\nEMAIL:" not in text


def test_long_lines_are_folded_between_characters():
    text = vcard_text([Card("ü" * 200)])
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    assert text.replace("\r\n ", "").count("ü") == 400
