"""What settings are read with: keys that an installation makes on its first start, where mail goes, who writes."""

import contextlib
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

OBSERVE, ACTIVE = "observe", "active"
WRITERS = ("sync_mirrors", "sync_pulls", "label_pulls")  # the jobs whose writes SYNC_MODE is about
NAMED = (*WRITERS, "match_failures")  # and one that writes only where an admin has switched that on as well
BACKENDS = {"console": "console", "smtp": "smtp", "smtp+tls": "smtp", "smtp+ssl": "smtp"}


def data_folder(path: Path) -> Path:
    """Return DATA_DIR's folder, made where it is missing. Raises ImproperlyConfigured where it can't be made."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(f"DATA_DIR can't be made: {error}") from error
    return path


def signing_key() -> str:
    """Make a key for Django's SECRET_KEY."""
    return secrets.token_urlsafe(64)


def encryption_key() -> str:
    """Make a key for CREDENTIALS_KEYS."""
    return Fernet.generate_key().decode()


def key_from_file(path: Path, make: Callable[[], str]) -> str:
    """Return the key in `path`; make one there first (mode 0600) if there is none.

    Two processes that start together end up with the same key: whoever links its file first wins.
    """
    if not path.exists():
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(make())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_text().strip()


@dataclass(frozen=True)
class MailSettings:
    """Django's mail settings."""

    backend: str
    host: str
    port: int
    user: str
    password: str
    starttls: bool
    tls: bool


def mail_settings(address: str) -> MailSettings:
    """Read `console://` (mail is printed), or `smtp://user:password@host:port`.

    `smtp+tls` is SMTP with STARTTLS, `smtp+ssl` SMTP over TLS. Raises ImproperlyConfigured without the address.
    """
    parts, port = urlsplit(address), None
    with contextlib.suppress(ValueError):
        port = parts.port or {"smtp+tls": 587, "smtp+ssl": 465}.get(parts.scheme, 25)
    if parts.scheme not in BACKENDS or port is None or (parts.scheme != "console" and not parts.hostname):
        raise ImproperlyConfigured("EMAIL_URL must be console:// or smtp[+tls|+ssl]://user:password@host:port")
    return MailSettings(
        backend=f"django.core.mail.backends.{BACKENDS[parts.scheme]}.EmailBackend",
        host=parts.hostname or "localhost",
        port=port,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        starttls=parts.scheme == "smtp+tls",
        tls=parts.scheme == "smtp+ssl",
    )


def sync_modes(text: str) -> dict[str, str]:
    """Read SYNC_MODE: one word for all jobs, or `sync_mirrors=active,label_pulls=observe`.

    Raises ImproperlyConfigured, which names what is not understood.
    """
    if "=" not in text:
        return {job: _mode(text) for job in NAMED}
    pairs = [pair.partition("=") for pair in text.split(",") if pair.strip()]
    return {_writer(job): _mode(mode) for job, _, mode in pairs}


def _writer(job: str) -> str:
    if job.strip() not in NAMED:
        raise ImproperlyConfigured(f"SYNC_MODE names “{job.strip()}”: the jobs that write are {', '.join(NAMED)}.")
    return job.strip()


def _mode(mode: str) -> str:
    if mode.strip() not in (OBSERVE, ACTIVE):
        raise ImproperlyConfigured(
            f"SYNC_MODE says “{mode.strip()}”: it is observe or active, for all or as job=active,…."
        )
    return mode.strip()
