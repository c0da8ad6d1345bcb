"""Only what changed is written, and many rows by few queries."""

import pytest

from agents.models import Watermark
from flinkci_dashboard.models.writing import ALIKE, Changes

pytestmark = pytest.mark.django_db
ALL = ALIKE + 5


def written(notes, django_assert_num_queries, queries):
    Watermark.objects.bulk_create(Watermark(name=f"{n}", note="old") for n in range(ALL))
    changes = Changes()
    for row, note in zip(Watermark.objects.filter(note="old").order_by("pk"), notes, strict=True):
        changes.put(row, {"note": note})
    with django_assert_num_queries(queries):
        count = changes.write()
    assert (
        list(Watermark.objects.filter(name__in=map(str, range(ALL))).order_by("pk").values_list("note", flat=True))
        == notes
    )
    return count


def test_what_is_right_costs_nothing(django_assert_num_queries):
    assert written(["old"] * ALL, django_assert_num_queries, 0) == 0


def test_rows_that_change_alike_are_updated_together(django_assert_num_queries):
    assert written(["new"] * ALL, django_assert_num_queries, 1) == ALL


def test_each_row_keeps_what_is_its_own(django_assert_num_queries):
    assert written([f"new {n}" for n in range(ALL)], django_assert_num_queries, 1) == ALL


def test_some_alike_and_some_not(django_assert_num_queries):
    assert written(["new"] * ALIKE + ["a", "b", "old", "old", "old"], django_assert_num_queries, 2) == ALIKE + 2
