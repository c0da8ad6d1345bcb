"""A pass over alerts: who is told what, and when: quiet hours, backups, silences, subscriptions."""

from datetime import time

from django.contrib.auth.models import User
from django.core import mail
from django.utils import timezone

from flinkci_dashboard.models import (
    Channel,
    Contact,
    Subscription,
)
from labeler.models import LabelState, Ticket
from sync.models import PullRequest
from tests.findings import alert


def test_quiet_hours_hold_everything_and_a_digest_follows(channel, sink, clock, break_branch, mend_branch):
    Channel.objects.update(quiet_from=time(11), quiet_to=time(13))
    break_branch()
    clock.run(0, "command")
    mend_branch()
    clock.run(1800, "command")
    assert sink.texts == []
    clock.run(1830, "command")
    assert len(sink.texts) == 1
    assert "What came in the quiet hours, 11:00 to 13:00 UTC:" in sink.texts[0]
    assert "Over: " in sink.texts[0]


def test_who_does_not_answer_has_a_backup(clock, break_branch):
    backup = Contact.objects.create(name="Backup", email="backup@example.org")
    Contact.objects.filter(name="Chesnay Schepler").update(backup=backup)
    break_branch()
    clock.run(0, "command")
    clock.run(119 * 60, "command")
    assert mail.outbox == []
    clock.run(2 * 60, "command")
    clock.run(600, "command")
    (letter,) = mail.outbox
    assert letter.to == ["backup@example.org"] and "nobody has acknowledged this for 2 h" in letter.body


def test_who_answers_has_no_backup_called(clock, break_branch, admin):
    backup = Contact.objects.create(name="Backup", email="backup@example.org")
    Contact.objects.update(backup=backup)
    break_branch()
    clock.run(0, "command")
    admin.post(f"/alerts/{alert().pk}/acknowledge/")
    clock.run(5 * 3600, "command")
    assert mail.outbox == []
    assert alert().acknowledged_by == "admin"


def test_what_is_silenced_is_not_told_until_the_silence_ends(channel, sink, clock, break_branch, admin):
    break_branch()
    clock.run()
    admin.post(f"/alerts/{alert().pk}/silence/", {"hours": "1", "why": "we know"})
    clock.run(60, "command")
    assert not any("diverged" in text for text in sink.texts)
    clock.run(3600, "command")
    assert sum("diverged" in text for text in sink.texts) == 1


def test_members_hear_of_what_they_subscribed_to_by_mail(clock, branch, break_branch, mend_branch):
    ada = User.objects.create_user("ada", email="ada@example.org")
    Subscription.objects.create(member=ada, tag="branch:master")
    Subscription.objects.create(member=User.objects.create_user("bo", email="bo@example.org"), tag="branch:release-1.0")
    break_branch()
    clock.run(0, "command")
    mend_branch()
    clock.run(60, "command")
    assert [letter.to for letter in mail.outbox] == [["ada@example.org"]] * 2
    assert mail.outbox[1].subject.startswith("[Flink CI] Over: ")


def test_a_components_pull_request_that_turns_red_is_told_to_its_subscribers(channel, sink, clock):
    ada = User.objects.create_user("ada", email="ada@example.org")
    Subscription.objects.create(member=ada, tag="component:Runtime / REST")
    facts = {"title": "[FLINK-1] x", "author": "li", "base": "master", "created_at": timezone.now()}
    pull = PullRequest.objects.create(
        number=7, updated_at=timezone.now(), ci_state="failure", why="build failed: test_ci table", **facts
    )
    ticket = Ticket.objects.create(key="FLINK-1", known=True, components=["Runtime / REST"])
    LabelState.objects.create(
        pull=pull, ticket=ticket, state="right", state_since=timezone.now(), seen_at=timezone.now()
    )
    clock.run(0, "command")
    (letter,) = mail.outbox
    assert "#7 [FLINK-1] x: build failed: test_ci table" in letter.body
    assert sink.texts == []  # no channel asked for it
