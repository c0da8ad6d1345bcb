"""Every table of every page: sorted by its heads, counted, and given as a file; so that no new one is forgotten."""

import html
import json
import re

import pytest
from django.test import Client

from tests.busy import examples, fill, plain_pages
from tests.people import with_role

pytestmark = pytest.mark.django_db
TABLE = re.compile(r"<table\b[^>]*>(.*?)</table>", re.DOTALL)
HEAD = re.compile(r"<thead>.*?</thead>", re.DOTALL)
WORDS = re.compile(r"<th[^>]*>(.*?)</th>", re.DOTALL)
FILES = re.compile(r'<a href="([^"]+)" download')
# What is no list: a few fixed lines, a form, a part of a list that has a page of its own, a drawing's figures.
NO_LISTS = {
    *("State Means What to do", "word what it means here", "Address Filters Fields", "Of What Holds Since Change"),
    *("Foundation's limit Used Limit Share", "Foundation's limit Now Then Limit Share"),
    *("Outcome Started Took Did Asked", "Job Outcome Started Took Did", "Outcome Started Took Did", "Stage Stands By"),
    *("Service Set up Last delivery Refused How to set it up", "Branch State Since", "What Last pass Ended"),
    *("Branch Failures", "Service Failures", "JDK and profile Failures", "Machine Failures"),
}


@pytest.fixture
def browser(bootstrapped, settings) -> Client:
    """Return a browser of an admin, with every page full of rows."""
    settings.REQUIRE_SECOND_FACTOR, settings.PUBLIC_STATUS = False, True
    fill()
    return with_role("admin")


def test_every_table_is_sorted_by_its_heads_and_given_as_files(browser):
    pages = plain_pages(browser) | {path: browser.get(path).content.decode() for path in examples()}
    found = [f"{path}: {each}" for path, page in pages.items() for each in unsorted(page)]
    assert not found, "\n".join(found)
    files = {path + html.unescape(url) for path, page in pages.items() for url in FILES.findall(page)}
    assert len(files) > 80
    for address in {each for each in files if "format=json" in each}:
        assert json.loads(browser.get(address.partition("?")[0] + "?" + address.rpartition("?")[2]).getvalue()), address


def unsorted(page: str) -> list[str]:
    """Return the tables of a page, by their heads, that no head sorts, or that no file follows."""
    found = []
    for table in TABLE.finditer(page):
        head = HEAD.search(table[1])
        words = " ".join(re.sub(r"<[^>]+>|\s+", " ", each).strip() for each in WORDS.findall(head[0] if head else ""))
        is_list = head and re.search(r'href="\?[^"]*sort=', head[0]) and FILES.search(page, table.end())
        is_figure = "job-grid" in table[0] or "As a table" in page[: table.start()][-200:]
        if not is_list and not is_figure and words not in NO_LISTS:
            found.append(words)
    return found
