"""The one place where a secret is read or sealed; and the mask that keeps secrets out of texts."""

import hashlib
import hmac
import logging
import os
import re

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

# GitHub (classic, OAuth, App, fine-grained), Azure DevOps PATs (old and new), and credentials in URLs or headers.
TOKEN_SHAPES = re.compile(
    r"gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}"
    r"|\b[a-z2-7]{52}\b|\b[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}\b"
    r"|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)|(?i:(?<=bearer )|(?<=basic )|(?<=token ))[A-Za-z0-9+/=_.\-]{16,}"
)
MASK = "********"
SERVICES = ("github", "azure", "jira")

_seen: set[str] = set()  # every stored value that this process has decrypted: what the mask must know without a query


class UnreadableSecretError(Exception):
    """A stored value can't be decrypted with any of the keys that this installation has."""

    def __init__(self) -> None:
        super().__init__(
            "A stored credential can't be decrypted: CREDENTIALS_KEYS lacks the key that it was encrypted with. "
            "Put that key back, or enter the credential's value again."
        )


def token(service: str) -> str | None:
    """Return the token for "github", "azure" or "jira", or None when there is none.

    A stored credential goes before the environment. Read anew at each use, so that a rotated token counts from the
    next call on. Raises UnreadableSecretError, and DatabaseError where the database does not answer.
    """
    from flinkci_dashboard.models import StoredValue  # this module is loaded with the settings, before any model

    current = StoredValue.objects.filter(role=StoredValue.Role.CURRENT, credential__serves=service)
    sealed = current.values_list("sealed", flat=True).first()
    return reveal(sealed) if sealed else environment_token(service)


def environment_token(service: str) -> str | None:
    """Return the token that the environment holds for a service, or None."""
    return os.environ.get(f"{service.upper()}_TOKEN") or None


def seal(secret: str) -> str:
    """Encrypt with the first of CREDENTIALS_KEYS."""
    _seen.add(secret)
    return _fernet().encrypt(secret.encode()).decode()


def reveal(sealed: str) -> str:
    """Decrypt with whichever of CREDENTIALS_KEYS fits; raises UnreadableSecretError when none does."""
    try:
        secret = _fernet().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise UnreadableSecretError from None
    _seen.add(secret)
    return secret


def reseal(sealed: str) -> str:
    """Encrypt anew with the first of CREDENTIALS_KEYS; raises UnreadableSecretError."""
    return seal(reveal(sealed))


def fingerprint(secret: str) -> str:
    """Return twelve hex digits that tell two secrets apart and say nothing about either.

    Keyed, so that a guess can't be tried against it; the key is derived from the first of CREDENTIALS_KEYS.
    """
    key = hashlib.sha256(b"fingerprint:" + settings.CREDENTIALS_KEYS[0].encode()).digest()
    return hmac.new(key, secret.encode(), hashlib.sha256).hexdigest()[:12]


def mask(text: str) -> str:
    """Return `text` with every known token, and whatever looks like one, replaced."""
    known = {*filter(None, map(environment_token, SERVICES)), *_seen}
    for secret in sorted(known, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return TOKEN_SHAPES.sub(MASK, text)


class MaskSecrets(logging.Filter):
    """The last line of defence: no record leaves with a token in it, tracebacks included."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Render the record, mask it, and let it pass."""
        record.msg, record.args = mask(record.getMessage()), None
        if record.exc_info:
            record.exc_text = mask(logging.Formatter().formatException(record.exc_info))
        return True


def _fernet() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.CREDENTIALS_KEYS])
