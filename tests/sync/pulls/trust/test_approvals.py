"""Who lets a head run that the trust gate holds: by comments, grants and buttons, and never by accident."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

from django.utils import timezone

from flinkci_dashboard.clients.github.reading import Account, CommentFacts
from flinkci_dashboard.jobs.run import request
from flinkci_dashboard.models import Action
from flinkci_dashboard.sandbox.world import PULLS
from sync.models import ApprovedHead, Approver, CommandComment, TrustedAuthor
from sync.pulls.rows import save_comment
from tests.gate import APPROVE, TRUST, deeds, held, row, runs
from tests.pulls import builds, ci_branches, reactions, run, settle, sync


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
