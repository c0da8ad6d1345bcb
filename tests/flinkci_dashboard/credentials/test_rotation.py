"""The key that seals stored values: rotated without a gap, needed for a backup."""

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet
from django.apps import apps
from django.core.management import CommandError, call_command
from django.utils import timezone

from flinkci_dashboard.clients.secrets import fingerprint, reveal, seal, token
from flinkci_dashboard.jobs.run import run_pass
from flinkci_dashboard.management.commands.rotate_credentials_key import SEALED
from flinkci_dashboard.models import Channel, Contact, Credential, StoredValue
from flinkci_dashboard.models.fields import SealedField

pytestmark = pytest.mark.django_db
SECRET = "planted-secret-value"


@pytest.fixture
def stored(credential, monkeypatch) -> StoredValue:
    """Return the value in use of the bot's key to GitHub."""
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    facts = {"sealed": seal(SECRET), "fingerprint": fingerprint(SECRET)}
    return StoredValue.objects.create(credential=credential, role=StoredValue.Role.CURRENT, **facts)


def test_the_key_is_rotated_without_a_gap(stored, settings):
    old, new = settings.CREDENTIALS_KEYS[0], Fernet.generate_key().decode()
    before = stored.fingerprint
    settings.CREDENTIALS_KEYS = [new, old]
    assert token("github") == SECRET
    call_command("rotate_credentials_key", verbosity=0)
    settings.CREDENTIALS_KEYS = [new]
    assert token("github") == SECRET
    assert StoredValue.objects.get().fingerprint == fingerprint(SECRET) != before


def test_second_factors_are_rotated_with_the_key(stored, settings, django_user_model):
    boss = django_user_model.objects.create_user("boss")
    Authenticator.objects.create(user=boss, type=Authenticator.Type.TOTP, data={"secret": seal("planted")})
    Authenticator.objects.create(user=boss, type=Authenticator.Type.WEBAUTHN, data={"name": "my key"})
    old, new = settings.CREDENTIALS_KEYS[0], Fernet.generate_key().decode()
    settings.CREDENTIALS_KEYS = [new, old]
    call_command("rotate_credentials_key", verbosity=0)
    settings.CREDENTIALS_KEYS = [new]
    assert reveal(Authenticator.objects.get(type=Authenticator.Type.TOTP).data["secret"]) == "planted"


def test_addresses_of_channels_are_rotated_with_the_key_and_stay_one(stored, settings):
    settings.ALERT_URLS = ["jsons://alerts.example.org/planted"]
    call_command("bootstrap", verbosity=0)
    old, new = settings.CREDENTIALS_KEYS[0], Fernet.generate_key().decode()
    settings.CREDENTIALS_KEYS = [new, old]
    call_command("rotate_credentials_key", verbosity=0)
    settings.CREDENTIALS_KEYS = [new]
    call_command("bootstrap", verbosity=0)
    assert [reveal(each.sealed) for each in Channel.objects.all()] == settings.ALERT_URLS


def test_every_sealed_column_is_rotated_with_the_key():
    columns = {model for model in apps.get_models() if any(isinstance(f, SealedField) for f in model._meta.fields)}
    assert columns == set(SEALED)


def test_a_rotation_without_the_old_key_changes_nothing(stored, settings):
    settings.CREDENTIALS_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(CommandError, match="Nothing was changed"):
        call_command("rotate_credentials_key", verbosity=0)
    assert StoredValue.objects.get().sealed == stored.sealed


def test_a_dump_is_restored_with_the_key_and_useless_without(stored, settings, tmp_path):
    dump = tmp_path / "backup.json"
    call_command("dumpdata", "flinkci_dashboard", output=str(dump), verbosity=0)
    assert SECRET not in dump.read_text()
    for model in (StoredValue, Credential, Contact):
        model.objects.all().delete()
    call_command("loaddata", str(dump), verbosity=0)
    assert token("github") == SECRET
    settings.CREDENTIALS_KEYS = [Fernet.generate_key().decode()]
    assert "can't be decrypted" in run_pass("probe_credentials", "command").error
    assert timezone.now() - StoredValue.objects.get().stored_at < timedelta(minutes=5)
