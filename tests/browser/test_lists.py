"""Lists by keyboard: sorted, filtered, left and come back to, and kept under a name."""

import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from sync.models import PullRequest

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def pulls(db) -> None:
    """Make more pull requests than a page shows."""
    now = timezone.now()
    PullRequest.objects.bulk_create(
        PullRequest(number=n, title=f"Mend {n}", base="master", author=f"ada{n % 2}", created_at=now, updated_at=now)
        for n in range(1, 140)
    )


def test_heads_sort_by_keyboard_and_back_restores_list_filter_and_place(page, pulls):
    page.goto("/pulls/")
    page.get_by_role("columnheader", name="Pull request").get_by_role("link").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("sort=number"))
    expect(page.get_by_role("columnheader", name="Pull request")).to_have_attribute("aria-sort", "ascending")
    page.locator("input[name=author]").fill("ada1")
    page.keyboard.press("Enter")
    expect(page.get_by_text("1–50 of 70")).to_be_visible()
    assert "sort=number" in page.url
    shown = page.locator("tbody th a").all_text_contents()
    page.locator("tbody th a").nth(40).scroll_into_view_if_needed()
    place = page.evaluate("scrollY")
    assert place > 300
    page.locator("tbody th a").nth(40).focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/pulls/81/$"))
    page.go_back()
    expect(page.locator("input[name=author]")).to_have_value("ada1")
    assert page.locator("tbody th a").all_text_contents() == shown
    page.wait_for_function(f"Math.abs(scrollY - {place}) < 80")


def test_a_view_that_was_saved_is_where_its_member_starts(page, pulls):
    page.goto("/pulls/?author=ada1&sort=number")
    page.get_by_text("Save this view").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Name").fill("Ada's")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.get_by_role("button", name="Save", exact=True).press("Enter")
    expect(page.get_by_role("status").filter(has_text="is your start page")).to_be_visible()
    page.goto("/")
    expect(page).to_have_url(re.compile("author=ada1"))
    expect(page.get_by_role("link", name="Ada's")).to_have_attribute("aria-current", "page")
