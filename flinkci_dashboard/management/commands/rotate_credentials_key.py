"""`manage.py rotate_credentials_key`: encrypt every stored secret anew with the first of CREDENTIALS_KEYS."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from flinkci_dashboard.clients.secrets import UnreadableSecretError, fingerprint, reseal, reveal
from flinkci_dashboard.models import Channel, StoredValue

SEALED: tuple[type[StoredValue] | type[Channel], ...] = (StoredValue, Channel)  # what holds a secret in rows of ours


class Command(BaseCommand):
    """Put a new key first in CREDENTIALS_KEYS, keep the old one behind it, restart, run this, then drop the old one."""

    help = __doc__

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        """Change all or nothing; raises CommandError when a value can't be read with any key."""
        try:
            values = sum(self._reseal_value(row) for model in SEALED for row in model.objects.select_for_update())
            factors = sum(self._reseal_factor(factor) for factor in Authenticator.objects.select_for_update())
        except UnreadableSecretError as error:
            raise CommandError(f"Nothing was changed. {error}") from None
        self.stdout.write(f"Encrypted anew: {values} stored values and channels, {factors} second factors.")

    def _reseal_value(self, value: StoredValue | Channel) -> int:
        value.sealed, value.fingerprint = reseal(value.sealed), fingerprint(reveal(value.sealed))
        value.save(update_fields=["sealed", "fingerprint"])
        return 1

    def _reseal_factor(self, factor: Authenticator) -> int:
        sealed = {name: reseal(factor.data[name]) for name in ("secret", "seed") if name in factor.data}
        if sealed:
            factor.data |= sealed
            factor.save(update_fields=["data"])
        return len(sealed)
