"""A pass over pull requests: builds that are run again, for commands, buttons, or because one is missing."""

from datetime import timedelta

import pytest
from django.utils import timezone

from flinkci_dashboard.jobs.run import request
from flinkci_dashboard.models import Action
from flinkci_dashboard.sandbox.world import PULLS
from sync.models import CIBranch, CommandComment
from sync.pulls.report import is_report
from tests.pulls import builds, ci_branches, end, name_of, reactions, report, settle, statuses, sync


def test_a_failed_build_is_retried_once_for_each_command(flink):
    number = flink.pulls.open()
    settle(2)
    end(flink, number, "failed")
    comment = flink.pulls.comment(number, "@flinkbot run azure")
    settle(3)
    [build] = builds(flink, number)
    assert build.status == "inProgress" and max(job.attempt for job in build.jobs) == 2
    assert reactions(flink, comment) == {"+1"}
    assert [(e.trigger_id, e.status) for e in report(flink, number).known if e.trigger_type == "MANUAL"] == [
        (str(comment), "PENDING")
    ]
    end(flink, number, "failed")
    settle(2)
    assert max(job.attempt for job in builds(flink, number)[0].jobs) == 2


def test_after_a_success_a_new_build_is_queued(flink):
    number = flink.pulls.open()
    settle(2)
    end(flink, number)
    comment = flink.pulls.comment(number, "hmm @FLINKBOT run azure please")
    settle(3)
    first, second = builds(flink, number)
    assert second.reason == "manual"
    [entry] = [each for each in report(flink, number).known if each.trigger_type == "MANUAL"]
    assert entry.trigger_id == str(comment) and entry.url.endswith(f"={second.id}")
    assert reactions(flink, comment) == {"+1"}


def test_for_a_build_that_expired_a_new_one_is_queued(flink):
    number = flink.pulls.open()
    settle(2)
    end(flink, number, "failed")
    sync()
    flink.azure.expire(builds(flink, number)[0].id)
    flink.pulls.comment(number, "@flinkbot run azure")
    settle(3)
    assert [build.reason for build in builds(flink, number)] == ["manual"]


def test_with_its_branch_deleted_it_is_pushed_and_built_anew(flink):
    number = flink.pulls.open()
    settle(2)
    end(flink, number, "failed")
    sync()
    flink.delete_branch(name_of(flink, number), PULLS)
    flink.pulls.comment(number, "@flinkbot run azure")
    settle(3)
    assert ci_branches(flink) == {name_of(flink, number)}
    assert len(builds(flink, number)) == 2


def test_a_command_without_a_build_is_remembered(flink):
    flink.azure.start_builds = False
    number = flink.pulls.open()
    comment = flink.pulls.comment(number, "@flinkbot run azure")
    settle(2)
    assert CommandComment.objects.get().state == "waiting"
    assert reactions(flink, comment) == {"eyes"}
    flink.azure.queue(PULLS, name_of(flink, number), flink.pulls.by_number[number].head)
    settle(2)
    assert CommandComment.objects.get().state == "running"
    assert len(builds(flink, number)) == 1
    [entry] = [each for each in report(flink, number).known if each.trigger_type == "MANUAL"]
    assert (entry.trigger_id, entry.url) == (str(comment), "TBD")


def test_one_retry_serves_several_commands_and_a_push_supersedes_them(flink):
    number = flink.pulls.open()
    settle(2)
    end(flink, number, "failed")
    sync()
    comments = [flink.pulls.comment(number, "@flinkbot run azure") for _ in range(2)]
    settle(2)
    assert {max(job.attempt for job in build.jobs) for build in builds(flink, number)} == {2}
    assert all(reactions(flink, each) == {"+1"} for each in comments)


def test_a_command_edited_in_later_counts_and_the_bots_own_words_and_others_quotes_do_not(flink):
    number = flink.pulls.open()
    settle(2)
    end(flink, number, "failed")
    comment = flink.pulls.comment(number, "> @flinkbot run azure\n\nThis did not help.")
    flink.pulls.comment(number, "@flinkbot run azure", login="flinkbot")
    flink.pulls.review_comment(number, "@flinkbot run azure")
    settle(2)
    assert not CommandComment.objects.exists()
    flink.pulls.edit_comment(comment, "@flinkbot run azure")
    settle(2)
    assert builds(flink, number)[0].status == "inProgress"
    assert reactions(flink, comment) == {"+1"}


def test_an_unknown_command_gets_one_reply(flink):
    number = flink.pulls.open()
    comment = flink.pulls.comment(number, "@flinkbot run travis", login=None)
    settle(3)
    replies = [each.body for each in flink.pulls.reports(number) if not is_report(each.body)]
    assert len(replies) == 1 and "@flinkbot run azure" in replies[0]
    assert reactions(flink, comment) == {"confused"}
    assert not [each for each in report(flink, number).known if each.trigger_type == "MANUAL"]


@pytest.mark.parametrize("heard", [True, False])
def test_an_unknown_command_that_is_edited_is_looked_at_again(flink, heard):
    number = flink.pulls.open()
    settle(2)
    end(flink, number, "failed")
    comment = flink.pulls.comment(number, "@flinkbot run travis")
    settle(2 if heard else 0)
    flink.pulls.edit_comment(comment, "@flinkbot run jenkins")
    settle(2)
    flink.pulls.edit_comment(comment, "Sorry, I meant:\n@flinkbot run azure")
    settle(3)
    assert max(job.attempt for job in builds(flink, number)[0].jobs) == 2
    assert "+1" in reactions(flink, comment)
    held = [each.trigger_id for each in report(flink, number).known if each.trigger_type == "MANUAL"]
    assert held == [str(comment)]
    assert len([each for each in flink.pulls.reports(number) if not is_report(each.body)]) == 1


def put_back(world, number: int, sha: str) -> None:
    """Make an earlier commit the head again, by force."""
    world.repositories.set_ref("apache/flink", f"refs/pull/{number}/head", sha)
    world.pulls.by_number[number].head = sha
    world.pulls.edit(number)


@pytest.mark.parametrize("command", [False, True])
@pytest.mark.parametrize("delay", [0, 3600])
def test_a_head_that_comes_back_while_its_build_is_cancelled_has_its_build_back_once(flink, command, delay):
    number = flink.pulls.open()
    settle(2)
    first = flink.pulls.by_number[number].head
    flink.azure.cancel_delay = timedelta(seconds=delay)
    flink.pulls.push(number)
    settle(1)
    put_back(flink, number, first)
    if command:
        flink.pulls.comment(number, "@flinkbot run azure")
    settle(1)
    [build] = builds(flink, number)
    if build.status == "cancelling":
        flink.azure.finish(build.id, "canceled")
    settle(3)
    assert (build.status, max(job.attempt for job in build.jobs)) == ("inProgress", 2)
    end(flink, number, "canceled")  # by a person, in Azure's page
    settle(3)
    assert max(job.attempt for job in build.jobs) == 2


def test_a_head_that_is_back_within_the_pass_that_cancels_its_build_has_its_build_back(flink):
    number = flink.pulls.open()
    settle(2)
    first = flink.pulls.by_number[number].head
    flink.pulls.push(number)
    flink.fault(service="azure", method="PATCH", before=lambda: put_back(flink, number, first))
    settle(1)
    [build] = builds(flink, number)
    if build.status == "cancelling":
        flink.azure.finish(build.id, "canceled")
    settle(3)
    assert (build.status, max(job.attempt for job in build.jobs)) == ("inProgress", 2)


def test_without_a_build_for_fifteen_minutes_one_is_queued(flink):
    flink.azure.start_builds = False
    number = flink.pulls.open()
    settle(2)
    assert not builds(flink, number)
    CIBranch.objects.update(pushed_at=timezone.now() - timedelta(minutes=16))
    settle(3)
    assert [build.reason for build in builds(flink, number)] == ["manual"]
    assert Action.objects.filter(kind="queue-missing").count() == 1


def test_a_rerun_in_azures_own_page_is_seen(flink):
    number = flink.pulls.open()
    settle(2)
    end(flink, number, "failed")
    sync()
    flink.azure.retry(builds(flink, number)[0].id)
    sync()
    assert list(statuses(flink, number).values()) == ["PENDING"]
    end(flink, number)
    sync()
    assert list(statuses(flink, number).values()) == ["SUCCESS"]


@pytest.mark.parametrize("act", ["retry", "cancel"])
def test_buttons_retry_and_cancel(flink, act):
    number = flink.pulls.open()
    settle(2)
    if act == "retry":
        end(flink, number, "failed")
    wish = request("sync_pulls", None, act, str(number))
    sync()
    wish.refresh_from_db()
    assert wish.answer == "Done."
    assert builds(flink, number)[0].status == ("inProgress" if act == "retry" else "completed")


def test_no_command_is_lost_among_many_comments(flink):
    number = flink.pulls.open()
    settle(2)
    end(flink, number, "failed")
    settle(1)
    for _ in range(130):
        flink.pulls.comment(number, "Nice.")
    settle(1)
    comment = flink.pulls.comment(number, "@flinkbot run azure")
    settle(1)
    assert reactions(flink, comment) == {"+1"}
