"""What a person sees: pages that move by themselves, forms that protect, and readable at any width."""

import re

import pytest
from playwright.sync_api import expect

from flinkci_dashboard.jobs.run import run_pass
from flinkci_dashboard.models import JobRun
from flinkci_dashboard.sandbox.seed import seed
from sync.models import MirrorBranch

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_mirrors_page_changes_by_itself_after_a_commit(page, world):
    seed(world, commits=1)
    run_pass("sync_mirrors", "schedule")
    page.goto("/mirrors/")
    row = page.locator("tr", has=page.get_by_role("link", name="master"))
    expect(row).to_contain_text("in sync")
    head = world.commit("master", "[FLINK-1][runtime] Seen in the browser")
    run_pass("sync_mirrors", "schedule")
    expect(row).to_contain_text("Seen in the browser", timeout=15_000)
    expect(row.get_by_role("link", name=head[:10])).to_have_count(2)


def test_progress_appears_and_goes(page, world):
    page.goto("/mirrors/")
    run = JobRun.objects.create(
        job="sync_mirrors", progress={"phase": "Receiving objects", "percent": 45, "megabytes": 12.3}
    )
    expect(page.locator(".progress")).to_contain_text("Receiving objects", timeout=15_000)
    run.delete()
    expect(page.get_by_text("Receiving objects")).to_have_count(0, timeout=15_000)


def test_a_reset_wants_the_branch_s_name(page, world):
    world.commit()
    run_pass("sync_mirrors", "schedule")
    MirrorBranch.objects.update(state="diverged")
    page.goto("/mirrors/")
    page.get_by_text("Reset to the source…").click()
    button = page.get_by_role("button", name="Reset master")
    expect(button).to_be_disabled()
    page.get_by_label("to confirm").fill("master")
    expect(button).to_be_enabled()
    page.wait_for_timeout(5_000)  # two polls: what is being typed stays
    expect(page.get_by_label("to confirm")).to_have_value("master")


def test_times_stay_true_without_a_request(page):
    JobRun.objects.create(job="prune", outcome="failed", counts={"x": 1})
    page.goto("/jobs/")
    shown = page.locator("#job-prune time").first
    expect(shown).to_have_text(re.compile(r"\d+ s ago"))
    before = shown.text_content()
    expect(shown).not_to_have_text(before, timeout=5_000)


def test_the_keyboard_reaches_the_content_first(page):
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_the_theme_is_chosen_and_kept(page):
    page.emulate_media(color_scheme="light")
    page.goto("/")
    page.get_by_role("button", name="Switch between light and dark").click()
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_a_page_says_that_it_is_not_live_and_recovers(page, complaints):
    page.goto("/jobs/")
    notice = page.get_by_role("alert").filter(has_text="This page is not live")
    expect(notice).to_be_hidden()
    page.route("**/jobs/", lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>"))
    expect(notice).to_be_visible(timeout=15_000)
    expect(page.get_by_text("Bad gateway")).to_have_count(0)
    page.unroute("**/jobs/")
    expect(notice).to_be_hidden(timeout=15_000)
    assert all("502" in said for said in complaints)
    complaints.clear()


def test_an_open_page_leads_to_the_sign_in_once_its_session_ended(page):
    page.goto("/jobs/")
    page.context.clear_cookies()
    page.wait_for_url("**/accounts/login/**", timeout=15_000)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
