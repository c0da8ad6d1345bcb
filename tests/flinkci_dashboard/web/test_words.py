"""Numbers with their things."""

import pytest

from flinkci_dashboard.web.words import counted, plural, singular, tallied

NOUNS = {"job": "jobs", "branch": "branches", "reply": "replies", "day": "days", "pass": "passes", "cache": "caches"}


@pytest.mark.parametrize(("one", "many"), NOUNS.items())
def test_nouns_have_one_form_for_one_and_one_for_many(one, many):
    assert plural(one) == many
    assert singular(many) == one


@pytest.mark.parametrize(
    ("number", "thing", "words"),
    [
        (0, "job", "0 jobs"),
        (1, "job", "1 job"),
        (1200, "branch", "1,200 branches"),
        (2, "pull request", "2 pull requests"),
    ],
)
def test_things_are_counted(number, thing, words):
    assert counted(number, thing) == words


@pytest.mark.parametrize(
    ("name", "number", "words"),
    [
        ("branches_pushed", 1, "1 branch pushed"),
        ("test_failures", 1, "1 test failure"),
        ("lost_acts_settled", 1, "1 lost act settled"),
        ("lost_acts_settled", 1200, "1,200 lost acts settled"),
        ("postponed", 1, "1 postponed"),
    ],
)
def test_what_passes_count_reads_as_words(name, number, words):
    assert tallied(name, number) == words
