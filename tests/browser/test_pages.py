"""What a person sees: pages that move by themselves, forms that protect, and readable at any width."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from flinkci_dashboard.jobs.run import run_pass
from flinkci_dashboard.models import JobRun, JobSchedule, Worker
from flinkci_dashboard.sandbox.seed import seed
from sync.models import Mirror, MirrorBranch
from tests.machines import make_build

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
    expect(row).to_have_class("changed")


def test_a_verdict_that_changes_is_said_politely_and_marks_the_tab(page):
    Worker.objects.create(host="one", pid=1, started_at=timezone.now(), seen_at=timezone.now())
    page.goto("/")
    heard = page.locator("[data-heard]")
    expect(heard).to_have_text("")
    MirrorBranch.objects.create(mirror=Mirror.objects.get(), name="master", state="rejected", source_sha="a" * 40)
    run_pass("send_alerts", "schedule")
    expect(heard).to_contain_text("has been refused by GitHub", timeout=15_000)
    expect(page).to_have_title(re.compile("^✕ "))


def test_ages_turn_amber_then_red_and_dates_are_read_without_a_pointer(page):
    ended = timezone.now() - timedelta(seconds=5 * 15)
    JobRun.objects.create(job="sync_mirrors", outcome="ok", ended_at=ended)
    JobSchedule.objects.filter(job="sync_mirrors").update(interval=15)
    page.goto("/mirrors/")
    age = page.locator("time[data-every]").first
    expect(age).to_have_class("late")
    page.get_by_role("button", name="Dates instead of ages").press("Enter")
    expect(age).to_contain_text(str(ended.year))


def test_what_is_final_is_not_asked_for_again(page):
    build = make_build()
    page.goto(build.get_absolute_url())
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(6000)
    assert [url for url in asked if "/builds/" in url] == []


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
