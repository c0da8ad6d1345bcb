"""Keys: where they lead, and that they leave typing alone."""

import re
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from sync.models import PullRequest

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
AT = datetime(2026, 11, 1, tzinfo=UTC)


def make_pulls(*numbers):
    for number in numbers:
        facts = {"title": f"Mend part {number}", "base": "master", "head_sha": f"{number:040x}"}
        PullRequest.objects.create(number=number, created_at=AT, updated_at=AT, **facts)


def test_a_slash_searches_and_what_is_typed_there_does_nothing_else(page):
    make_pulls(7)
    page.goto("/mirrors/")
    page.keyboard.press("/")
    field = page.locator("[data-search]")
    expect(field).to_be_focused()
    page.keyboard.type("gp/?jk 7")
    expect(field).to_have_value("gp/?jk 7")
    field.fill("Mend part")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/pulls/7/$"))


def test_g_and_a_letter_lead_to_a_page(page):
    page.goto("/")
    page.keyboard.press("g")
    page.keyboard.press("a")
    expect(page).to_have_url(re.compile("/agents/$"))


def test_a_letter_alone_or_with_a_modifier_leads_nowhere(page):
    page.goto("/mirrors/")
    page.keyboard.press("a")
    page.keyboard.press("g")
    page.keyboard.press("Control+b")
    expect(page).to_have_url(re.compile("/mirrors/$"))


def test_j_and_k_walk_a_list_and_enter_opens(page):
    make_pulls(1, 2, 3)
    page.goto("/pulls/")
    for key in "jjjk":
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/pulls/2/$"))


def test_the_sheet_opens_names_the_pages_and_closes(page):
    page.goto("/")
    page.keyboard.press("?")
    sheet = page.locator("[data-keys]")
    expect(sheet).to_be_visible()
    expect(sheet).to_contain_text("Pull requests")
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
