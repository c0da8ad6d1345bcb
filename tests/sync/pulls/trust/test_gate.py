"""The trust gate over the sandbox: what waits, who lets it run, and what the world sees of that."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from flinkci_dashboard.clients.github.reading import Account, CommentFacts
from flinkci_dashboard.jobs.run import request
from flinkci_dashboard.models import Action
from flinkci_dashboard.sandbox.world import PULLS
from sync.models import ApprovedHead, Approver, CommandComment, PullRequest, TrustedAuthor, TrustGate
from sync.pulls.rows import save_comment
from tests.pulls import builds, ci_branches, end, name_of, reactions, reports, run, settle, sync

APPROVE, TRUST = "@flinkbot approve", "@flinkbot trust"
POM = {"pom.xml": "<project/>\n"}


@pytest.fixture
def gated(flink):
    """A sandbox whose gate is on; mallory is a stranger there, grace a member."""
    TrustGate.objects.update(mode="on")
    flink.pulls.accounts.associate("FIRST_TIME_CONTRIBUTOR", "mallory")
    flink.pulls.accounts.associate("MEMBER", "grace")
    return flink


def held(gated, login: str | None = "mallory", **facts) -> int:
    number = gated.pulls.open("[FLINK-7] Free coins", login=login, **facts)
    settle(2)
    assert not ci_branches(gated), "the gate let it run"
    return number


def row(number: int) -> PullRequest:
    return PullRequest.objects.get(number=number)


def runs(gated, number: int) -> bool:
    return name_of(gated, number) in ci_branches(gated)


def deeds(number: int) -> set[str]:
    return set(Action.objects.filter(subject=f"#{number}", state="done").values_list("kind", flat=True))


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


def test_who_may_not_approve_is_refused_once_whatever_they_write(gated):
    gated.pulls.accounts.associate("NONE", "trudy")
    gated.pulls.accounts.associate("MEMBER", "grace[bot]")
    number = held(gated)
    claim = f"I am a MEMBER, author_association: OWNER\n{APPROVE}"
    words = [(APPROVE, "mallory"), (TRUST, "trudy"), (claim, "trudy"), (APPROVE, "grace[bot]")]
    comments = [gated.pulls.comment(number, body, login=login) for body, login in words]
    settle(2)
    assert [reactions(gated, comment) for comment in comments] == [{"-1"}] * 4 and not runs(gated, number)
    mark = gated.log_mark()
    for comment, (body, _) in zip(comments, words, strict=True):
        gated.pulls.edit_comment(comment, f"{body}\n\nPlease!")
    settle(2)
    assert not [each for each in gated.since(mark, "github") if each.method != "GET"]
    assert "deny-approval" in deeds(number) and not ApprovedHead.objects.exists() | TrustedAuthor.objects.exists()


def test_a_push_between_looking_and_writing_is_not_approved(gated):
    number = held(gated)
    comment = gated.pulls.comment(number, APPROVE, login="grace")
    gated.pulls.push(number)
    settle(2)
    assert not runs(gated, number) and not ci_branches(gated)
    assert reactions(gated, comment) == {"confused"}
    head = gated.pulls.by_number[number].head
    assert any(f"@flinkbot approve {head}" in each.body for each in gated.pulls.reports(number))
    gated.pulls.edit_comment(comment, f"{APPROVE} {head}")
    sync()
    assert runs(gated, number) and "+1" in reactions(gated, comment)


def test_a_push_while_the_approved_head_is_fetched_is_not_pushed(gated):
    number = held(gated)
    gated.pulls.comment(number, APPROVE, login="grace")
    gated.fault(service="git", path="info/refs.*upload-pack", times=1, skip=1, before=partial(gated.pulls.push, number))
    run()
    settle(2)
    assert not runs(gated, number)


def test_an_approval_lasts_for_its_commit_however_often_it_comes_and_goes(gated):
    number = held(gated)
    first = gated.pulls.by_number[number].head
    gated.pulls.comment(number, APPROVE, login="grace")
    sync()
    second = gated.pulls.push(number)
    settle(2)
    assert f"ci_{number}_{second}" not in ci_branches(gated)
    gated.delete_branch(f"ci_{number}_{first}", PULLS)
    gated.pulls.set_head(number, first)
    settle(2)
    assert runs(gated, number)
    gated.pulls.set_head(number, second)
    settle(2)
    assert f"ci_{number}_{second}" not in ci_branches(gated)


def test_a_comment_that_is_edited_into_an_approval_lets_nothing_run_nor_does_one_that_was_taken_back(gated):
    numbers = [held(gated), held(gated)]
    edited = gated.pulls.comment(numbers[0], "Nice.", login="grace")
    sync()
    gated.pulls.edit_comment(edited, APPROVE)
    gated.pulls.delete_comment(gated.pulls.comment(numbers[1], APPROVE, login="grace"))
    settle(2)
    assert not ci_branches(gated) and reactions(gated, edited) == {"confused"}


def test_an_approval_that_is_edited_before_it_is_looked_at_means_the_commit_that_it_names_last(gated):
    pull, at = row(held(gated)), timezone.now()
    said = CommentFacts(5, pull.number, "grace", f"{APPROVE} {'a' * 40}", at, at, Account(7, "MEMBER", is_bot=False))
    heads = []
    for body in (said.body, f"{APPROVE} {'b' * 40}", APPROVE):
        at += timedelta(seconds=1)
        save_comment(pull, replace(said, body=body, updated_at=at), "flinkbot")
        heads.append(CommandComment.objects.get(comment_id=5).head_sha)
    assert heads == ["a" * 40, "b" * 40, ""]


def test_a_trusted_author_is_known_by_the_account_and_not_by_its_login(gated):
    number = held(gated)
    gated.pulls.comment(number, TRUST, login="grace")
    sync()
    assert runs(gated, number)
    gated.pulls.rename("mallory", "malory")
    again = gated.pulls.open(login="malory")
    thief = gated.pulls.open(login="mallory")
    gated.pulls.accounts.associate("NONE", "mallory")
    settle(2)
    assert runs(gated, again) and not runs(gated, thief)


def test_an_admins_list_says_who_else_may_approve_and_holds_the_account_fast(gated):
    Approver.objects.create(login="Linus")
    number = held(gated)
    gated.pulls.comment(number, APPROVE, login="linus")
    sync()
    assert runs(gated, number)
    assert Approver.objects.get().account_id == gated.pulls.accounts.id_of("linus")
    gated.pulls.rename("linus", "torvalds")
    gated.pulls.push(number)
    sync()
    stolen = gated.pulls.comment(number, APPROVE, login="linus")
    gated.pulls.accounts.associate("NONE", "linus")
    settle(2)
    assert not runs(gated, number) and reactions(gated, stolen) == {"-1"}
    gated.pulls.comment(number, APPROVE, login="torvalds")
    sync()
    assert runs(gated, number)


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


def test_an_operators_button_lets_the_head_run_that_was_looked_at(gated):
    number = held(gated)
    asked = request("sync_pulls", None, "approve-head", str(number), {"sha": "f" * 40})
    sync()
    asked.refresh_from_db()
    assert "newer head" in asked.answer and not runs(gated, number)
    asked = request("sync_pulls", None, "approve-head", str(number), {"sha": gated.pulls.by_number[number].head})
    sync()
    asked.refresh_from_db()
    assert asked.answer == "Done." and runs(gated, number)
    gated.pulls.push(number)
    sync()
    request("sync_pulls", None, "trust-author", str(number))
    sync()
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


def test_a_comment_and_a_button_at_once_are_one_grant_each_recorded_and_what_is_taken_back_is_gone(gated, admin):
    number = held(gated)
    comment = gated.pulls.comment(number, f"{TRUST}\n{APPROVE}", login="grace")
    request("sync_pulls", None, "approve-head", str(number), {"sha": gated.pulls.by_number[number].head})
    request("sync_pulls", None, "trust-author", str(number))
    sync()
    assert runs(gated, number) and reactions(gated, comment) == {"+1"}
    assert ApprovedHead.objects.count() == TrustedAuthor.objects.count() == 1
    granted = Action.objects.filter(kind__in=("approve-head", "trust-author"), state="done")
    assert sorted(granted.values_list("kind", flat=True)) == ["approve-head", "trust-author", "trust-author"]
    settle(2)
    assert len(builds(gated, number)) == 1
    TrustedAuthor.objects.all().delete()
    gated.pulls.edit_comment(comment, f"{TRUST}\n{APPROVE}\nWell done.")
    gated.pulls.push(number)
    settle(2)
    assert not runs(gated, number) and not TrustedAuthor.objects.exists()


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
