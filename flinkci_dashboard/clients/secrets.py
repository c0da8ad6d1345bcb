"""The one place where a secret is read or sealed; and the mask that keeps secrets out of texts."""

import base64
import hashlib
import hmac
import html
import json
import logging
import os
import re
from functools import lru_cache
from urllib.parse import quote, quote_plus

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
USERS = ("", ":", "x-access-token:")  # what stands before a token where it is sent as a password
MIN_CORE = 8  # characters of base64 that tell a secret from chance
BASE64 = r"[A-Za-z0-9+/=_-]{0,80}"
FOUND = "\x1a"  # stands for a secret that was found inside of base64, while a text is masked

_seen: set[str] = set()  # every stored value that this process has decrypted: what the mask must know without a query


class UnreadableSecretError(Exception):
    """A credential's value can't be used: none of this installation's keys decrypts it, or it is no token at all."""

    def __init__(
        self,
        message: str = (
            "A stored credential can't be decrypted: CREDENTIALS_KEYS lacks the key that it was encrypted with. "
            "Put that key back, or enter the credential's value again."
        ),
    ) -> None:
        super().__init__(message)


def token(service: str) -> str | None:
    """Return the token for "github", "azure" or "jira", or None when there is none.

    A stored credential goes before the environment. Read anew at each use, so that a rotated token counts from the
    next call on. Raises UnreadableSecretError, and DatabaseError where the database does not answer.
    """
    from flinkci_dashboard.models import StoredValue  # this module is loaded with the settings, before any model

    current = StoredValue.objects.filter(role=StoredValue.Role.CURRENT, credential__serves=service)
    sealed = current.values_list("sealed", flat=True).first()
    secret = reveal(sealed) if sealed else environment_token(service)
    return usable(service, secret) if secret else None


def environment_token(service: str) -> str | None:
    """Return the token that the environment holds for a service, or None."""
    return os.environ.get(f"{service.upper()}_TOKEN", "").strip() or None


def usable(service: str, secret: str) -> str:
    """Return a token without the blanks and line ends that were pasted along.

    Raises UnreadableSecretError for what no service could have issued: it would break the header that it is sent in.
    """
    stripped = secret.strip()
    if not stripped or any(not "!" <= character <= "~" for character in stripped):
        raise UnreadableSecretError(
            f"The {service} token is empty, or holds a blank, a line end or a letter that no token has: enter it again."
        )
    return stripped


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
    """Return `text` with every known token in whatever form, and whatever looks like one, replaced."""
    known = {*filter(None, map(environment_token, SERVICES)), *filter(None, (secret.strip() for secret in _seen))}
    for secret in sorted(known, key=len, reverse=True):
        written, cores = _forms(secret)
        for form in cores:
            text = text.replace(form, FOUND)
        for form in written:
            text = text.replace(form, MASK)
    if FOUND in text:
        text = re.sub(f"{BASE64}{FOUND}{BASE64}", MASK, text)
    return TOKEN_SHAPES.sub(MASK, text)


@lru_cache(maxsize=256)
def _forms(secret: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return how a secret may be written, the longest first; and what it is inside of base64, whatever stands before.

    Programs repeat what failed as a repr, in JSON, in HTML, in a URL, or as the header that they sent.
    """
    quoted = [quote(secret), quote(secret, safe=""), quote_plus(secret)]
    lowered = [re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), form) for form in quoted]
    sent = [base64.b64encode(f"{user}{secret}".encode()).decode() for user in USERS]
    bare = [form.rstrip("=") for form in sent]
    other = [repr(secret)[1:-1], json.dumps(secret)[1:-1], html.escape(secret)]
    written = {secret, *quoted, *lowered, *sent, *bare, *other}
    cores = {core for offset in range(3) if len(core := _core(secret, offset)) >= MIN_CORE}
    safe = {core.translate(str.maketrans("+/", "-_")) for core in cores}
    return tuple(sorted(written, key=len, reverse=True)), tuple(sorted(cores | safe, key=len, reverse=True))


def _core(secret: str, offset: int) -> str:
    """Return the characters of base64 that a secret alone decides when `offset` bytes (modulo 3) stand before it."""
    whole = b"\0" * offset + secret.encode()
    encoded = base64.b64encode(whole).decode().rstrip("=")
    return encoded[(0, 2, 3)[offset] : len(encoded) - (len(whole) % 3 > 0)]


class MaskSecrets(logging.Filter):
    """The last line of defence: no record leaves with a token in it, tracebacks included."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Render the record, mask it, and let it pass."""
        try:
            said = record.getMessage()
        except (TypeError, ValueError, KeyError):  # a library's mistake must not end the work that it logs
            said = f"{record.msg} {record.args}"
        record.msg, record.args = mask(said), None
        if record.exc_info:
            record.exc_text = mask(logging.Formatter().formatException(record.exc_info))
        return True


def _fernet() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.CREDENTIALS_KEYS])
