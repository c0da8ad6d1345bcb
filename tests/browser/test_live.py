"""Live fragments leave alone what a person is doing."""

import pytest
from playwright.sync_api import expect

from flinkci_dashboard.models import JobRun
from sync.models import Mirror, MirrorBranch

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_what_a_person_opened_and_typed_survives_a_change_of_the_page(page):
    MirrorBranch.objects.create(mirror=Mirror.objects.get(), name="master", state="diverged")
    page.goto("/mirrors/")
    page.get_by_text("Reset to the source…").click()
    field, button = page.get_by_label("to confirm"), page.get_by_role("button", name="Reset master")

    run = JobRun.objects.create(job="sync_mirrors", progress={"phase": "Counting objects", "percent": 10})
    expect(page.locator(".progress")).to_contain_text("Counting objects", timeout=15_000)
    expect(field).to_be_visible()
    expect(button).to_be_disabled()

    field.fill("master")
    field.blur()
    JobRun.objects.filter(pk=run.pk).update(progress={"phase": "Writing objects", "percent": 20})
    expect(page.locator(".progress")).to_contain_text("Writing objects", timeout=15_000)
    expect(field).to_be_visible()
    expect(field).to_have_value("master")
    expect(button).to_be_enabled()


def test_what_a_person_closed_stays_closed(page):
    MirrorBranch.objects.create(mirror=Mirror.objects.get(), name="master", state="diverged")
    page.goto("/mirrors/")
    page.get_by_text("Reset to the source…").click(click_count=1)
    page.get_by_text("Reset to the source…").click(click_count=1)
    JobRun.objects.create(job="sync_mirrors", progress={"phase": "Counting objects", "percent": 10})
    expect(page.locator(".progress")).to_contain_text("Counting objects", timeout=15_000)
    expect(page.get_by_label("to confirm")).to_be_hidden()
