"""Filters wait for their button, and after Back say what the list shows."""

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("path", ["/pulls/", "/builds/", "/agents/"])
def test_a_choice_made_by_keyboard_keeps_the_focus_and_is_sent_by_the_button(page, path):
    page.goto(path)
    choice = page.locator("select[name=state]")
    choice.focus()
    page.keyboard.press("ArrowDown")
    page.wait_for_timeout(300)
    expect(choice).to_be_focused()
    assert "?" not in page.url
    chosen = choice.input_value()
    page.get_by_role("button", name="Show", exact=True).click()
    page.wait_for_url(lambda url: f"={chosen}" in url)
    page.go_back()
    expect(page.locator("select[name=state]")).not_to_have_value(chosen)
