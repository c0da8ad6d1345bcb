"""Lists of any length: what a page of one costs does not grow with its rows, sorted by whichever head."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from flinkci_dashboard.accounts.saved import LISTS
from tests.many import add
from tests.people import with_role

pytestmark = pytest.mark.django_db
OTHERS = (
    *("overview", "infrastructure", "comparison", "branches", "agent_charts", "deliveries"),
    *("/labels/?tab=changes", "/labels/?tab=pulls", "/jobs/sync_pulls/", "/search?q=FLINK", "/agents/?host=alibaba"),
    *(
        "/pulls/?author=a",
        "/pulls/?sort=-why",
        "/builds/?sort=-ran_seconds",
        "/builds/?branch=m&state=failed",
    ),
    *("/activity/?words=job&sort=at", "/alerts/?sort=began", "/failures/?q=FLINK&sort=-hits_1d"),
)


def test_what_a_list_costs_does_not_grow_with_its_rows(bootstrapped):
    browser = with_role("admin")
    paths = [each if each.startswith("/") else reverse(each) for each in (*LISTS, *OTHERS)]
    add(1, 61)
    for path in paths:  # what is kept for all pages is read once
        assert browser.get(path).status_code == 200
    few = {path: asked(browser, path) for path in paths}
    add(61, 161)
    many = {path: asked(browser, path) for path in paths}
    assert {path: (few[path], number) for path, number in many.items() if number > few[path]} == {}
    assert max(many.values()) < 50  # the overview: all tiles of all rooms


def asked(browser: Client, path: str) -> int:
    """Return how many queries a page takes."""
    with CaptureQueriesContext(connection) as queries:
        assert browser.get(path).status_code == 200
    return len(queries)
