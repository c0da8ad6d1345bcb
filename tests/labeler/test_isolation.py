"""One sick ticket or pull request never ends the pass, nor holds up the others; nor does a killed pass's recovery."""

import pytest

from flinkci_dashboard.clients import jira
from flinkci_dashboard.jobs.run import run_pass
from flinkci_dashboard.models import Action
from flinkci_dashboard.sandbox.jira import api
from labeler.models import LabelState
from tests.labels import observe

RIGHT = ["component=Runtime/REST"]


@pytest.fixture
def pulls(world, bootstrapped, monkeypatch):
    """Have three pull requests, each with a ticket of its own, and the label that all of them get."""
    monkeypatch.setattr(jira, "PAUSE", 0.0)
    world.commit("master")
    world.pulls.create_label(RIGHT[0], "175fb7")
    for number in (1, 2, 3):
        world.jira.create(f"FLINK-{number}", ["Runtime / REST"])
    return [world.pulls.open(f"[FLINK-{number}] Fix") for number in (1, 2, 3)]


def label(world, outcome: str):
    observe(world)
    run = run_pass("label_pulls", "schedule")
    assert run and run.outcome == outcome, run and run.error
    return run


def labelled(world) -> list[int]:
    return [number for number, pull in sorted(world.pulls.by_number.items()) if pull.labels == RIGHT]


def test_a_ticket_that_can_not_be_read_is_named_and_the_others_go_on(world, pulls, monkeypatch):
    shape = api.component_json
    monkeypatch.setattr(api, "component_json", lambda name: shape(name) if name != "Odd" else {})
    world.jira.edit("FLINK-2", components=["Odd"])
    run = label(world, "partial")
    assert "FLINK-2: " in run.error
    assert labelled(world) == [pulls[0], pulls[2]]
    world.jira.edit("FLINK-2", components=["Runtime / REST"])
    label(world, "ok")
    assert labelled(world) == pulls


def test_a_ticket_on_which_jira_fails_is_named_and_the_others_go_on(world, pulls):
    world.jira.move("FLINK-2", "FLINK-20")
    world.fault(service="jira", path="/issue/FLINK-2", status=500, times=None)
    run = label(world, "partial")
    assert "FLINK-2: Jira answers 500" in run.error
    assert labelled(world) == [pulls[0], pulls[2]]


def test_a_pull_request_that_can_not_be_decided_about_is_named_and_the_others_go_on(world, pulls):
    label(world, "ok")
    LabelState.objects.filter(pull__number=pulls[2]).update(basis={"title": "of another version"})
    world.jira.edit("FLINK-1", components=["Tests"])
    world.jira.edit("FLINK-3", components=["Tests"])
    run = label(world, "partial")
    assert f"#{pulls[2]}: KeyError" in run.error
    assert world.pulls.by_number[pulls[0]].labels == ["component=Tests"]


def test_a_pull_request_on_which_github_fails_each_time_holds_up_the_others_once(world, pulls):
    world.fault(service="github", method="POST", path=f"/issues/{pulls[2]}/labels", status=502, times=None)
    for _ in range(3):
        observe(world)
        run_pass("label_pulls", "schedule")
    assert labelled(world) == pulls[:2]


@pytest.mark.parametrize("status", [404, 422, 502])
def test_the_recovery_of_one_change_holds_up_no_other(world, pulls, status):
    world.fault(service="github", method="POST", truncate=5, times=3)  # each was made, and no answer came
    for _ in range(3):
        observe(world)
        run_pass("label_pulls", "schedule")
        world.fault(service="github", method="GET", path=f"/issues/{pulls[2]}/labels", status=status, times=1)
    world.clear_faults()
    for _ in range(2):
        observe(world)
        run_pass("label_pulls", "schedule")
    assert labelled(world) == pulls
    assert not Action.objects.filter(state="pending").exists()
    assert set(LabelState.objects.values_list("state", flat=True)) == {"right"}
