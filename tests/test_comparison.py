"""Beside the old bots: the page counts how far they and we agree, and explains each difference."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from flinkci_dashboard.comparison import Agreement, agreements
from flinkci_dashboard.jobs.run import run_pass
from tests.old_bots import OldBots

JOBS = ("sync_mirrors", "sync_pulls", "poll_builds", "label_pulls")


def observe(times: int = 2) -> None:
    for _ in range(times):
        for job in JOBS:
            assert run_pass(job, "command").outcome == "ok"


def compared(after: timedelta = timedelta(hours=1)) -> dict[str, Agreement]:
    return {each.title: each for each in agreements(timezone.now() + after)}


@pytest.fixture
def beside(flink, settings) -> OldBots:
    """Observe a world in which the old bots work."""
    settings.SYNC_MODE = "observe"
    flink.jira.create("FLINK-1", ["Runtime / REST"])
    for _ in range(3):
        flink.pulls.open("[FLINK-1][rest] Change", login="ada")
    bots = OldBots(flink)
    bots.turn()
    bots.turn()
    return bots


def test_where_the_old_bots_did_what_we_would_all_agrees(beside, member):
    observe()
    found = compared()
    assert {name: each.share for name, each in found.items() if each.of} == {
        "Mirrored branches": 100.0,
        "Branches of open pull requests": 100.0,
        "CI reports": 100.0,
        "Labels": 100.0,
    }
    page = member.get("/comparison/").content.decode()
    assert "git-repo-sync, observed" in page
    assert page.count("100.0 %") == 4


def test_what_they_leave_out_is_named_with_its_reason(beside):
    world = beside.world
    observe()
    _, second, third = sorted(world.pulls.by_number)
    world.commit("master")
    world.pulls.push(second)
    world.pulls.remove_label(third, "component=Runtime/REST")
    observe()
    young, old = compared(timedelta(0)), compared()
    assert all(each.differ == 0 for each in young.values())
    assert young["Mirrored branches"].moving == 1
    assert [each.subject for each in old["Mirrored branches"].differences] == ["master"]
    assert [each.subject for each in old["Branches of open pull requests"].differences] == [f"#{second}"]
    assert "push branch" in old["Branches of open pull requests"].differences[0].reason.text
    assert "by hand" in old["Labels"].differences[0].reason.text
    beside.turn()
    beside.turn()
    observe()
    assert all(each.differ == 0 for name, each in compared().items() if name != "Labels")


def test_strangers_see_nothing(client: Client, bootstrapped):
    assert client.get("/comparison/").status_code == 302


def test_with_nothing_to_compare_it_says_so(member, bootstrapped):
    assert "nothing to compare yet" in member.get("/comparison/").content.decode()
