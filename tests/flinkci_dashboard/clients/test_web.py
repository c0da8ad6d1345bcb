"""The door that all answers come in by: text is repaired there, and nowhere else."""

import json

import pytest

from flinkci_dashboard.clients.web import read_json


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ('"plain"', "plain"),
        (r'"half \ud83d"', "half \ufffd"),
        (r'"\uDE00 other half"', "\ufffd other half"),
        (r'"whole \ud83d\ude00"', "whole 😀"),
        (r'"turned \ude00\ud83d"', "turned \ufffd\ufffd"),
        (r'"no \u0000 here"', "no  here"),
        ('"raw \0 and \x01"', "raw  and \x01"),
        (r'"written \\ud83d"', r"written \ud83d"),
        (r'{"\ud83d": ["\ud83d", {"a": "\udfff"}, 1, null]}', {"\ufffd": ["\ufffd", {"a": "\ufffd"}, 1, None]}),
        ("\ufeff[]", []),
    ],
)  # fmt: skip
def test_text_that_no_database_takes_is_repaired(sent, read):
    assert read_json(sent.encode()) == read
    json.dumps(read_json(sent.encode()), ensure_ascii=False).encode()


def test_bytes_that_are_no_text_are_repaired_too():
    assert read_json(b'"\xff\xed\xa0\xbd"').strip("\ufffd") == ""


@pytest.mark.parametrize("sent", [b"", b"<html>", b'{"a": ', b"[" * 100_000, b"{'a': 1}"], ids=repr)
def test_what_is_no_json_is_one_kind_of_error(sent):
    with pytest.raises(ValueError):
        read_json(sent)
