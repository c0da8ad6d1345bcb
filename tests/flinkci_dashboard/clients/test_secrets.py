"""Sealed values: who can read them, which one counts, and what a text may show of them."""

import logging

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ValidationError

from flinkci_dashboard.clients import secrets
from flinkci_dashboard.clients.secrets import MASK, UnreadableSecretError, fingerprint, mask, reveal, seal, token
from flinkci_dashboard.models import Credential, StoredValue

SECRET = "plain-words-that-look-like-no-token"
Role = StoredValue.Role


@pytest.fixture
def credential(db) -> Credential:
    return Credential.objects.create(
        name="flinkbot", kind=Credential.Kind.GITHUB_CLASSIC, serves="github", notice="dev@", notice_told="PMC"
    )


def store(credential: Credential, secret: str, role: str = Role.CURRENT) -> StoredValue:
    return StoredValue.objects.create(
        credential=credential, role=role, sealed=seal(secret), fingerprint=fingerprint(secret)
    )


def test_a_stored_value_goes_before_the_environment(credential, monkeypatch):
    monkeypatch.setenv("GITHUB_TOKEN", "from-the-environment")
    assert token("github") == "from-the-environment"
    store(credential, SECRET)
    assert token("github") == SECRET


def test_a_candidate_is_not_used(credential, monkeypatch):
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    store(credential, SECRET, Role.CANDIDATE)
    assert token("github") is None


def test_nothing_is_decrypted_by_reading_a_row(credential, monkeypatch):
    store(credential, SECRET)
    monkeypatch.setattr(secrets, "reveal", lambda sealed: pytest.fail("a row was decrypted"))
    row = StoredValue.objects.get()
    assert SECRET not in f"{row!r}{row}{row.__dict__}"


def test_a_value_that_is_not_sealed_is_refused_and_not_repeated(credential):
    with pytest.raises(ValidationError) as refused:
        StoredValue.objects.create(credential=credential, role=Role.CURRENT, sealed=SECRET)
    assert SECRET not in str(refused.value)


def test_another_installation_can_not_read_it(settings):
    sealed = seal(SECRET)
    settings.CREDENTIALS_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(UnreadableSecretError, match="CREDENTIALS_KEYS"):
        reveal(sealed)


def test_an_old_key_still_reads_and_the_first_one_writes(settings):
    old, new = settings.CREDENTIALS_KEYS[0], Fernet.generate_key().decode()
    sealed = seal(SECRET)
    settings.CREDENTIALS_KEYS = [new, old]
    assert reveal(sealed) == SECRET
    again = secrets.reseal(sealed)
    settings.CREDENTIALS_KEYS = [new]
    assert reveal(again) == SECRET


def test_fingerprints_tell_values_apart_and_depend_on_the_key(settings):
    first = fingerprint(SECRET)
    assert first == fingerprint(SECRET) != fingerprint(SECRET + "!")
    settings.CREDENTIALS_KEYS = [Fernet.generate_key().decode()]
    assert fingerprint(SECRET) != first


def test_the_mask_knows_stored_values_without_a_query(credential, django_assert_num_queries):
    store(credential, SECRET)
    token("github")
    with django_assert_num_queries(0):
        assert mask(f"fatal: {SECRET} was refused") == f"fatal: {MASK} was refused"


def test_log_lines_with_a_stored_value_are_masked(credential):
    store(credential, SECRET)
    record = logging.makeLogRecord({"msg": "refused: %s", "args": (SECRET,)})
    assert secrets.MaskSecrets().filter(record)
    assert SECRET not in record.getMessage()
