"""Credentials over their life: probed, warned about, replaced without a gap, kept safe."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from smtplib import SMTPException

import pytest
from cryptography.fernet import Fernet
from django.core import mail

from flinkci_dashboard.accounts import mail as notices
from flinkci_dashboard.clients.facts import TokenVerdict
from flinkci_dashboard.clients.secrets import fingerprint, reveal, seal, token
from flinkci_dashboard.credentials import job as credential_engine
from flinkci_dashboard.jobs.run import run_pass
from flinkci_dashboard.models import Action, Contact, Credential, StoredValue

pytestmark = pytest.mark.django_db
Role = StoredValue.Role
OLD, NEW = "old-secret-value", "new-secret-value"
WORKS = TokenVerdict(works=True, account="flinkbot", scopes=frozenset({"repo"}))
FAILS = TokenVerdict(works=False, problem="refused (401): expired, revoked or mistyped")
SILENT = TokenVerdict(works=None, problem="no answer (ConnectionError)")


@pytest.fixture
def answers(monkeypatch) -> dict[str, TokenVerdict]:
    """What the service says, by secret."""
    said = {OLD: WORKS, NEW: WORKS}
    monkeypatch.setattr(credential_engine, "probe", lambda service, secret, wanted: said[secret])
    for service in ("GITHUB", "AZURE", "JIRA"):
        monkeypatch.delenv(f"{service}_TOKEN", raising=False)
    return said


@pytest.fixture
def credential(answers) -> Credential:
    holder = Contact.objects.create(name="Holder", email="holder@example.org")
    row = Credential.objects.create(
        name="flinkbot",
        kind=Credential.Kind.GITHUB_CLASSIC,
        serves="github",
        scopes_wanted="repo",
        holder=holder,
        notice="announced",
        notice_told="PMC",
    )
    store(row, OLD, Role.CURRENT)
    return row


def store(credential: Credential, secret: str, role: str) -> None:
    StoredValue.objects.create(credential=credential, role=role, sealed=seal(secret), fingerprint=fingerprint(secret))


def look() -> None:
    run_pass("probe_credentials", "command")


def roles() -> dict[str, str]:
    return {value.role: reveal(value.sealed) for value in StoredValue.objects.all()}


def test_a_new_value_is_used_once_it_works_and_the_old_one_goes_at_the_next_good_pass(credential, answers):
    store(credential, NEW, Role.CANDIDATE)
    assert token("github") == OLD
    look()
    assert token("github") == NEW
    assert roles() == {"current": NEW, "previous": OLD}
    answers[NEW] = SILENT
    look()
    assert roles() == {"current": NEW, "previous": OLD}
    answers[NEW] = WORKS
    look()
    assert roles() == {"current": NEW}


def test_a_new_value_that_does_not_work_changes_nothing_and_says_why(credential, answers):
    store(credential, NEW, Role.CANDIDATE)
    answers[NEW] = FAILS
    look()
    assert roles() == {"current": OLD, "candidate": NEW}
    assert "401" in StoredValue.objects.get(role=Role.CANDIDATE).problem
    assert token("github") == OLD


def test_when_the_new_value_stops_working_the_old_one_comes_back(credential, answers):
    store(credential, NEW, Role.CANDIDATE)
    look()
    answers[NEW] = FAILS
    look()
    assert roles() == {"current": OLD}


def test_a_value_entered_while_the_probe_runs_waits_for_the_next_pass(credential, answers, monkeypatch):
    store(credential, NEW, Role.CANDIDATE)
    newer = "newer-secret-value"

    def slow(service: str, secret: str, wanted: str) -> TokenVerdict:
        StoredValue.objects.filter(role=Role.CANDIDATE).update(sealed=seal(newer))
        return answers[secret]

    monkeypatch.setattr(credential_engine, "probe", slow)
    look()
    assert roles() == {"current": OLD, "candidate": newer}


def test_the_page_learns_account_scopes_and_expiry(credential, answers):
    ends = datetime(2027, 1, 1, tzinfo=UTC)
    answers[OLD] = replace(WORKS, scopes=frozenset({"repo", "gist"}), expires_at=ends, quota_left=10, quota_limit=5000)
    look()
    credential.refresh_from_db()
    assert (credential.works, credential.seen_account, credential.seen_scopes) == (True, "flinkbot", "gist repo")
    assert credential.scope_problem == "has gist beyond need"
    assert (credential.expires_at, credential.quota_left) == (ends, 10)


def test_the_token_of_the_environment_is_probed_where_none_is_stored(credential, answers, monkeypatch):
    StoredValue.objects.all().delete()
    monkeypatch.setenv("GITHUB_TOKEN", NEW)
    look()
    credential.refresh_from_db()
    assert credential.works


def test_holders_and_admins_get_one_mail_for_each_change(credential, answers, django_user_model):
    django_user_model.objects.create_superuser("admin", email="admin@example.org")
    django_user_model.objects.create_user("pmc", email="pmc@example.org")
    answers[OLD] = FAILS
    look()
    look()
    assert [letter.to for letter in mail.outbox] == [["admin@example.org", "holder@example.org"]]
    assert "401" in mail.outbox[0].subject
    answers[OLD] = WORKS
    look()
    assert len(mail.outbox) == 1
    answers[OLD] = FAILS
    look()
    assert len(mail.outbox) == 2


def test_a_missing_scope_is_a_problem_and_a_surplus_one_is_none(credential, answers):
    answers[OLD] = replace(WORKS, scopes=frozenset({"gist"}))
    look()
    credential.refresh_from_db()
    assert credential.problem == "lacks repo"
    assert len(mail.outbox) == 1


def test_a_silent_service_keeps_what_was_known(credential, answers):
    look()
    answers[OLD] = SILENT
    run = run_pass("probe_credentials", "command")
    credential.refresh_from_db()
    assert credential.works
    assert "no answer" in run.error
    assert mail.outbox == []


def test_the_countdown_mails_at_each_threshold_once(credential, time_machine):
    credential.expires_on = date(2026, 12, 31)
    credential.save()
    for days, letters in [(31, 0), (30, 1), (29, 1), (14, 2), (13, 2), (7, 3), (1, 4), (0, 5), (-1, 5)]:
        time_machine.move_to(datetime(2026, 12, 31, tzinfo=UTC) - timedelta(days=days), tick=False)
        look()
        assert len(mail.outbox) == letters, days
    assert "ended on 2026-12-31" in mail.outbox[-1].subject


def test_a_key_that_is_only_listed_is_counted_down_too(credential):
    Credential.objects.create(
        name="S3",
        kind="azure_variable",
        variable="IT_CASE_S3_ACCESS_KEY",
        expires_on=date(2020, 1, 1),
        backup_holder=credential.holder,
    )
    look()
    assert [letter.subject for letter in mail.outbox] == ["[Flink CI] S3 ended on 2020-01-01"]


def test_a_global_azure_token_ends_when_azure_ends_them_all():
    pat = Credential(name="PAT", kind="azure_pat", expires_on=date(2027, 5, 1))
    assert pat.expires_at.date() == date(2027, 5, 1)
    assert pat.maybe_global
    pat.all_organizations = True
    assert pat.expires_at.date() == date(2026, 12, 1)


def test_a_mail_that_could_not_be_sent_is_tried_again(credential, answers, monkeypatch):
    def refuse(*args: object) -> None:
        raise SMTPException("451 try later")

    answers[OLD] = FAILS
    monkeypatch.setattr(notices, "send_mail", refuse)
    look()
    assert Action.objects.get(kind="mail").state == "failed"
    monkeypatch.undo()
    monkeypatch.setattr(credential_engine, "probe", lambda service, secret, wanted: answers[secret])
    look()
    assert len(mail.outbox) == 1
    assert Action.objects.get(kind="mail").attempts == 2


def test_a_warning_that_reaches_nobody_is_shown_as_failed(credential, answers):
    Contact.objects.update(email="")
    answers[OLD] = FAILS
    look()
    assert "mail address" in Action.objects.get(kind="mail").answer


def test_lost_keys_are_told_apart_from_a_bad_token(credential, settings):
    settings.CREDENTIALS_KEYS = [Fernet.generate_key().decode()]
    run = run_pass("probe_credentials", "command")
    assert "CREDENTIALS_KEYS" in run.error
    assert mail.outbox[0].subject.startswith("[Flink CI] flinkbot: A stored credential can't be decrypted")
