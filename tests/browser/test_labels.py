"""The labels page moves by itself, and drift is settled by its button."""

import pytest
from playwright.sync_api import expect

from flinkci_dashboard.clients import jira
from flinkci_dashboard.jobs.run import run_pass
from flinkci_dashboard.sandbox.world import PULLS

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_ticket_moves_somebody_interferes_and_the_button_settles_it(page, world, monkeypatch):
    monkeypatch.setattr(jira, "PAUSE", 0.0)
    world.commit("master")
    world.mirror_all(PULLS)
    world.jira.create("FLINK-123", ["Runtime / REST"])
    number = world.pulls.open("[FLINK-123] Seen in the browser")
    page.goto("/labels/?tab=changes")
    expect(page.get_by_text("No label has been changed yet")).to_be_visible()
    label()
    expect(page.get_by_text("FLINK-123 is about Runtime / REST.")).to_be_visible(timeout=15_000)
    world.jira.edit("FLINK-123", components=["Runtime / Metrics"])
    label()
    moved = page.get_by_text("FLINK-123 moved from Runtime / REST to Runtime / Metrics.")
    expect(moved).to_be_visible(timeout=15_000)
    world.pulls.remove_label(number, "component=Runtime/Metrics")
    label()
    page.get_by_role("link", name="Changed by hand").click()
    expect(page.get_by_text("Somebody removed component=Runtime/Metrics.")).to_be_visible()
    page.get_by_role("button", name="Settle").click()
    expect(page.get_by_text(f"The labels of #{number} will be settled")).to_be_visible()
    label()
    expect(page.get_by_text("None among the open pull requests.")).to_be_visible(timeout=15_000)
    assert world.pulls.by_number[number].labels == ["component=Runtime/Metrics"]


def label() -> None:
    for job in ("sync_pulls", "label_pulls"):
        run = run_pass(job, "schedule")
        assert run and run.outcome == "ok", run and run.error
