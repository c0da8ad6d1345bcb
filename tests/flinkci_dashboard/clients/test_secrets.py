"""Sealed values: who can read them, which one counts, and what a text may show of them."""

import base64
import json
import logging
from urllib.parse import quote, quote_plus

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


def serving(service: str) -> Credential:
    return Credential.objects.create(
        name=service, kind=Credential.Kind.OTHER, serves=service, notice="dev@", notice_told="PMC"
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


@pytest.mark.parametrize("pasted", ["{}\n", " {}", "{}\r\n", "\t{}  "])
@pytest.mark.parametrize("service", ["github", "azure", "jira"])
def test_what_was_pasted_along_with_a_token_is_no_part_of_it(db, monkeypatch, service, pasted):
    monkeypatch.setenv(f"{service.upper()}_TOKEN", pasted.format("t0ken"))
    assert token(service) == "t0ken"
    row = Credential.objects.create(
        name=service, kind=Credential.Kind.OTHER, serves=service, notice="-", notice_told="-"
    )
    store(row, pasted.format("other"))
    assert token(service) == "other"


@pytest.mark.parametrize("odd", ["two words", "two\nlines", "t\u00f6ken", "nul\0", "t\u200bken"])
@pytest.mark.parametrize("service", ["github", "azure", "jira"])
def test_what_no_service_issued_is_named_and_not_shown(db, monkeypatch, service, odd):
    if "\0" in odd:
        store(serving(service), odd)
    else:
        monkeypatch.setenv(f"{service.upper()}_TOKEN", odd)
    with pytest.raises(UnreadableSecretError, match=f"The {service} token .* enter it again") as raised:
        token(service)
    assert odd not in str(raised.value)


FORMS = {
    "plain": str,
    "with what was pasted along": lambda secret: f"'{secret}\\n'",
    "repr": lambda secret: repr(f"Bearer {secret}\n"),
    "json": lambda secret: json.dumps({"token": secret}),
    "quoted": lambda secret: f"/x?token={quote(secret, safe='')}&y=1",
    "quoted in small letters": lambda secret: f"?t={quote(secret, safe='').lower() if secret.islower() else secret}",
    "quoted plus": lambda secret: quote_plus(secret),
    "basic of azure": lambda secret: "Basic " + base64.b64encode(f":{secret}".encode()).decode(),
    "basic of git": lambda secret: "Basic " + base64.b64encode(f"x-access-token:{secret}".encode()).decode(),
    "base64": lambda secret: base64.b64encode(secret.encode()).decode(),
    "in a url": lambda secret: f"https://x:{secret}@host/",
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("secret", ["abc", "s3cr+t/x", "a=b&c%d", "q'uo\"te\\", "ghp_" + "aB3" * 12, "p" * 52, "j1ra"])
@pytest.mark.parametrize("service", ["GITHUB", "AZURE", "JIRA"])
def test_a_token_is_masked_in_every_form(monkeypatch, service, secret, form):
    monkeypatch.setenv(f"{service}_TOKEN", f"{secret}\n")
    said = mask(f"It failed: {form(secret)} was refused.")
    assert MASK in said
    for written in (secret, repr(secret)[1:-1], quote(secret, safe=""), form(secret)):
        assert written not in said


@pytest.mark.parametrize("user", ["flinkbot", "a", "ab", "abc"])
def test_a_token_is_masked_in_base64_whoever_stands_before_it(monkeypatch, user):
    secret = "c0rrect-h0rse"
    monkeypatch.setenv("JIRA_TOKEN", secret)
    sent = base64.b64encode(f"{user}:{secret}".encode()).decode()
    assert mask(f"Authorization: Basic {sent} (401)") == f"Authorization: Basic {MASK} (401)"
    assert mask(f"<{sent}>") == f"<{MASK}>"


def test_ordinary_text_stays_as_it_is(monkeypatch):
    monkeypatch.setenv("JIRA_TOKEN", "zq9")
    text = "refs/heads/ci_1_0123456789abcdef: remote rejected (protected branch) Zm9vYmFyYmF6"
    assert mask(text) == text


@pytest.mark.parametrize(("msg", "args"), [("%d left", (SECRET,)), ("%s %s", (SECRET,)), ("100 %!", (SECRET,))])
def test_a_line_that_does_not_fit_its_form_is_logged_as_it_is_and_masked(msg, args):
    seal(SECRET)
    record = logging.makeLogRecord({"msg": msg, "args": args})
    assert secrets.MaskSecrets().filter(record)
    assert msg in record.getMessage() and SECRET not in record.getMessage()
