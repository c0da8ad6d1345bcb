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
ROW = re.compile(r"<tr(?![^>]* id=)[^>]*>\s*<th scope=\"row\">\s*<a[^>]*>.*?</a>", re.DOTALL)
LIVE = ("/pulls/", "/builds/", "/agents/", "/failures/", "/migration/", "/mirrors/", "/jobs/", "/alerts/", "/labels/")
FILES = re.compile(r'<a href="([^"]+)" download')
NO_LISTS = {  # their heads → why no file is wanted of them
    "State Means What to do": "help, and no data",
    "word what it means here": "help, and no data",
    "Address Filters Fields": "the API's description, which /api/v1/openapi.json gives whole",
    "Of What Holds Since Change": "a form; its lines are in the list of decisions below it",
    "Foundation's limit Used Limit Share": "three fixed lines; what they add up is in the file of minutes",
    "Foundation's limit Now Then Limit Share": "three fixed lines, reckoned for one question",
    "Outcome Started Took Did Asked": "one line: a pass on its own page, and in the file of its job's passes",
    "Job Outcome Started Took Did": "the head of lists of passes that have files, on each job's page",
    "Outcome Started Took Did": "its file follows, but its order is one: quiet passes between two are counted",
    "Service Set up Last delivery Refused How to set it up": "two fixed lines, on how to set up",
    "Branch Failures": "counts of the list of failures below them, which has files",
    "Service Failures": "the same",
    "JDK and profile Failures": "the same",
    "Machine Failures": "the same",
}


@pytest.fixture
def browser(bootstrapped, settings) -> Client:
    """Return a browser of an admin, with every page full of rows."""
    settings.REQUIRE_SECOND_FACTOR, settings.PUBLIC_STATUS = False, True
    fill()
    return with_role("admin")


def test_every_table_is_sorted_by_its_heads_given_as_files_and_keeps_the_focus(browser):
    pages = plain_pages(browser) | {path: browser.get(path).content.decode() for path in examples()}
    found = [f"{path}: {each}" for path, page in pages.items() for each in unsorted(page)]
    found += [
        f"{path}: a row that a new one above it would take the focus from: {each}"
        for path in LIVE
        for each in ROW.findall(pages[path])
    ]
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
        if not (is_list(table, page) or is_figure(table, page)) and words not in NO_LISTS:
            found.append(words)
    return found


def is_list(table: re.Match, page: str) -> bool:
    """Tell whether its heads sort it and files follow it; a grid has its order from its builds."""
    is_sorted = "job-grid" in table[0] or re.search(r'<thead>.*href="\?[^"]*sort=', table[1], re.DOTALL)
    return bool(is_sorted and FILES.search(page[table.end() :].partition("<table")[0]))


def is_figure(table: re.Match, page: str) -> bool:
    """Tell whether it has nothing, or says a drawing's figures."""
    return "<td" not in table[1] or "As a table" in page[: table.start()][-200:]
