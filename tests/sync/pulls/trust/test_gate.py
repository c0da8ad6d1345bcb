"""The trust gate over the sandbox: what waits, and what the world sees of that."""

from functools import partial

from sync.models import ApprovedHead, CommandComment, TrustedAuthor, TrustGate
from tests.gate import APPROVE, TRUST, deeds, held, row, runs
from tests.pulls import builds, ci_branches, end, reactions, reports, run, settle, sync

POM = {"pom.xml": "<project/>\n"}


def test_a_strangers_head_waits_and_everybody_is_told_and_a_members_word_lets_it_run(gated, admin):
    number = held(gated)
    assert (row(number).ci_state, row(number).waiting) == ("blocked", "approval")
    page = admin.get(f"/pulls/{number}/").content.decode()
    assert "waits for approval for" in page and "Let this head run" in page
    told = admin.get(f"/api/v1/pulls/{number}").json()
    assert told["ci_state"] == "blocked" and "mallory is no member" in told["why"] and told["branch"] is None
    assert "waits for approval" in admin.get("/pulls/?waiting=approval").content.decode()
    assert "**Waits for approval:**" in reports(gated, number)[0]
    mark = gated.log_mark()
    assert not sync().counts
    assert not [each for each in gated.since(mark, "github") if each.charged]
    comment = gated.pulls.comment(number, f"Looks good.\n{APPROVE}", login="grace")
    sync()
    assert runs(gated, number) and reactions(gated, comment) == {"+1"}
    settle(2)
    assert "Waits" not in reports(gated, number)[0] and len(builds(gated, number)) == 1
    assert deeds(number) >= {"hold-head", "approve-head", "push-branch"}
    assert "grace (MEMBER)" in admin.get("/activity/").content.decode()
    gated.pulls.push(number)
    settle(2)
    assert not runs(gated, number) and row(number).waiting == "approval"


def test_who_has_something_merged_runs_and_nobody_is_everybody(gated):
    merged = gated.pulls.open(login="mallory")
    gated.pulls.close(merged, merge=True)
    gated.pulls.close(gated.pulls.open(login=None), merge=True)
    number, ghost = gated.pulls.open(login="mallory"), gated.pulls.open(login=None)
    settle(2)
    assert runs(gated, number) and not runs(gated, ghost)
    gated.pulls.comment(ghost, TRUST, login="grace")
    gated.pulls.comment(ghost, APPROVE, login=None)
    settle(2)
    assert not runs(gated, ghost) and not TrustedAuthor.objects.exists()


def test_build_files_wait_whoever_changed_them_and_are_read_once(gated):
    TrustGate.objects.update(hold_files=True)
    plain = gated.pulls.open(login="grace", files={"README.md": "Hello\n"})
    number = gated.pulls.open(login="grace", files=POM)
    mark = gated.log_mark()
    settle(3)
    assert runs(gated, plain) and not runs(gated, number)
    assert len([each for each in gated.since(mark, "github") if "/files" in each.path]) == 2
    assert "pom.xml" in row(number).why
    gated.pulls.comment(number, TRUST, login="grace")
    settle(2)
    assert not runs(gated, number)
    gated.pulls.comment(number, APPROVE, login="grace")  # a member may, of her own
    sync()
    assert runs(gated, number)


def test_files_of_another_head_are_not_taken_for_this_ones(gated):
    TrustGate.objects.update(hold_files=True)
    number = gated.pulls.open(login="grace", files=POM)
    first = gated.pulls.by_number[number].head
    harmless = partial(gated.pulls.push, number, {"README.md": "Hello\n"}, True)
    gated.fault(service="github", path=rf"/pulls/{number}/files", times=1, before=harmless)
    run()
    assert f"ci_{number}_{first}" not in ci_branches(gated)
    settle(2)
    assert runs(gated, number)


def test_the_gate_that_only_observes_says_what_it_would_have_held(flink, admin):
    TrustGate.objects.update(mode="observe")
    flink.pulls.accounts.associate("NONE", "mallory")
    flink.azure.start_builds = False
    number = flink.pulls.open(login="mallory")
    sync()
    assert runs(flink, number) and "would-hold-head" in deeds(number)
    assert "Waits for approval" not in "".join(reports(flink, number))
    assert "would have held the head" in admin.get(f"/pulls/{number}/").content.decode()


def test_a_head_that_runs_when_the_gate_is_turned_on_stays_and_the_next_push_waits(gated, admin):
    TrustGate.objects.update(mode="off")
    number = gated.pulls.open(login="mallory")
    settle(2)
    TrustGate.objects.update(mode="on", hold_files=True)
    settle(2)
    assert runs(gated, number) and len(builds(gated, number)) == 1 and builds(gated, number)[0].result is None
    page = admin.get(f"/pulls/{number}/").content.decode()
    assert "had its branch before the trust gate came" in page and "the next push waits: its author mallory" in page
    assert "Waits for approval" not in "".join(reports(gated, number))
    end(gated, number, "failed")
    again = gated.pulls.comment(number, "@flinkbot run azure")
    settle(2)
    assert reactions(gated, again) == {"+1"}
    gated.pulls.push(number)
    settle(2)
    assert not runs(gated, number) and row(number).waiting == "approval"


def test_without_the_gate_nothing_is_held_and_an_approval_is_only_seen(flink):
    flink.pulls.accounts.associate("NONE", "mallory")
    number = flink.pulls.open(login="mallory")
    comment = flink.pulls.comment(number, APPROVE)
    settle(3)
    assert runs(flink, number) and reactions(flink, comment) == {"eyes"}
    assert CommandComment.objects.get().state == "needless" and not ApprovedHead.objects.exists()


def test_a_command_on_a_held_head_waits_for_the_build_that_an_approval_brings(gated):
    number = held(gated)
    comment = gated.pulls.comment(number, "@flinkbot run azure", login="mallory")
    settle(2)
    assert not runs(gated, number) and reactions(gated, comment) == {"eyes"}
    gated.pulls.comment(number, APPROVE, login="grace")
    settle(3)
    assert len(builds(gated, number)) == 1 and CommandComment.objects.get(comment_id=comment).state == "running"
    end(gated, number)
    settle(2)
    assert len(builds(gated, number)) == 1
