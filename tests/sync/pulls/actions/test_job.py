"""Commands to GitHub Actions, and decisions on who has the say, in whole passes."""

from datetime import timedelta

import pytest
from django.utils import timezone

from agents.migration.authority import PULLS, Decisions, decide
from agents.models import Authority
from flinkci_dashboard.alerts.findings import Limits
from flinkci_dashboard.jobs.run import run_pass
from flinkci_dashboard.sandbox.world import MIRROR
from flinkci_dashboard.sandbox.world import PULLS as CI
from sync.alerts import RULES, findings
from sync.models import CommandComment, PullRequest
from sync.pulls.report import is_report
from tests.pulls import ci_branches, reactions, report, settle, sync
from tests.reading import read
from tests.runs import poll, row, start

Purpose, Choice = Authority.Purpose, Authority.Choice


def say(choice, purpose=Purpose.TESTING, branch=PULLS):
    decide(branch, purpose, choice, "They agree.", "operator", timezone.now())


def answers(world, number):
    return [each.body for each in world.pulls.reports(number) if not is_report(each.body)]


def test_where_the_bot_may_not_it_answers_once_with_the_link(flink):
    number = flink.pulls.open()
    comment = flink.pulls.comment(number, "@flinkbot run gha", login=None)
    settle(3)
    (text,) = answers(flink, number)
    assert f"/pull/{number}/checks" in text
    assert reactions(flink, comment) == {"eyes"}
    assert CommandComment.objects.get().state == "answered"
    assert not [each for each in report(flink, number).known if each.trigger_type == "MANUAL"]


def test_in_our_repository_failed_jobs_run_again_once(flink):
    number = flink.pulls.open()
    sync()
    head = flink.pulls.by_number[number].head
    run = start(flink, branch=f"ci_{number}_{head}", sha=head, repo=CI)
    flink.actions.finish(run.id, "failure", {"Default (Java 17) / Test (module: core)": ()})
    poll()
    comment = flink.pulls.comment(number, "@flinkbot run gha", login=None)
    settle(3)
    assert (row(run).attempt, answers(flink, number)) == (2, [])
    assert reactions(flink, comment) == {"+1"}


def test_a_run_that_nobody_has_approved_is_waited_for_and_no_canceled_one(flink):
    number = flink.pulls.open()
    say(Choice.ACTIONS)
    sync()
    head = flink.pulls.by_number[number].head
    start(flink, sha=head, branch=f"ci_{number}_{head}", repo=CI, conclusion="action_required")
    poll()
    sync()
    pull = PullRequest.objects.get()
    assert (pull.ci_state, pull.waiting) == ("blocked", "approval")
    assert "approve its run on GitHub" in pull.why


def test_with_actions_in_charge_report_and_state_speak_of_its_runs_and_undone_they_do_not(flink):
    number = flink.pulls.open()
    sync()
    head = flink.pulls.by_number[number].head
    run = start(flink, sha=head, branch=f"ci_{number}_{head}", repo=CI)
    flink.actions.finish(run.id, "failure", {"Default (Java 17) / Compile": ()})
    poll()
    sync()
    assert report(flink, number).sections == ()
    say(Choice.ACTIONS)
    settle(2)
    (section,) = report(flink, number).sections
    assert f"/actions/runs/{run.id}" in section.text and "FAILURE" in section.text
    assert PullRequest.objects.get(number=number).ci_state == "failure"
    say(Choice.AZURE)
    settle(2)
    assert report(flink, number).sections == ()
    assert PullRequest.objects.get(number=number).ci_state != "failure"


def test_pushing_is_switched_off_and_on_again_and_nothing_is_lost(mirrored):
    say(Choice.OFF, Purpose.PUSHING)
    say(Choice.OFF, Purpose.PUSHING, "master")
    number = mirrored.pulls.open()
    mirrored.commit("master", count=3)
    mirrored.commit("release-2.2")
    sync()
    assert run_pass("sync_mirrors", "command").outcome == "ok"
    assert not ci_branches(mirrored)
    source, mirror = mirrored.heads(), mirrored.heads(MIRROR)
    assert (mirror["release-2.2"], mirror["master"] != source["master"]) == (source["release-2.2"], True)
    say(Choice.ON, Purpose.PUSHING)
    say(Choice.ON, Purpose.PUSHING, "master")
    sync()
    assert run_pass("sync_mirrors", "command").outcome == "ok"
    assert ci_branches(mirrored) == {f"ci_{number}_{mirrored.pulls.by_number[number].head}"}
    assert mirrored.heads(MIRROR)["master"] == mirrored.heads()["master"]


@pytest.mark.parametrize(("choice", "heard"), [(None, True), (Choice.AZURE, False), (Choice.ACTIONS, True)])
def test_alerts_about_a_branch_speak_of_the_service_that_has_the_say(db, choice, heard):
    if choice:
        say(choice, branch="master")
    assert Decisions().hears("master", "actions") is heard
    assert Decisions().hears("master", "actions", publishes=True)


def test_the_mirrors_page_says_who_switched_pushing_off_and_alerts_are_silent_about_it(mirrored, member):
    say(Choice.OFF, Purpose.PUSHING, "master")
    mirrored.commit("master")
    assert run_pass("sync_mirrors", "command").outcome == "ok"
    page = read(member, "mirrors")
    assert "Pushing is switched off: They agree." in page and "switches pushing on again" in page
    later, limits = timezone.now() + timedelta(days=2), Limits({rule.name: rule for rule in RULES})
    assert not [each for each in findings(later, limits) if each.rule == "mirror_lag"]
    say(Choice.ON, Purpose.PUSHING, "master")
    assert [each for each in findings(later, limits) if each.rule == "mirror_lag"]
