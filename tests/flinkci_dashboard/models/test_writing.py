"""Only what changed is written, and many rows by few queries."""

import pytest
from django.utils import timezone

from agents.models import Agent, Pool, Watermark
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


def test_rows_that_name_others_of_the_same_name_are_not_alike():
    pools = [Pool.objects.create(external_id=n, name="Default", seen_at=timezone.now()) for n in (1, 2, 3)]
    agents = [Agent(pool=pools[2], name=f"{n}", seen_at=timezone.now()) for n in range(2 * ALIKE)]
    changes = Changes()
    for n, agent in enumerate(Agent.objects.bulk_create(agents)):
        changes.put(agent, {"pool": pools[n % 2]})
    changes.write()
    assert [agent.pool_id for agent in Agent.objects.order_by("pk")] == [pools[n % 2].pk for n in range(2 * ALIKE)]


def test_some_alike_and_some_not(django_assert_num_queries):
    assert written(["new"] * ALIKE + ["a", "b", "old", "old", "old"], django_assert_num_queries, 2) == ALIKE + 2
