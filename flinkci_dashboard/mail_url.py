"""Where mail goes, from one address: EMAIL_URL."""

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

BACKENDS = {"console": "console", "smtp": "smtp", "smtp+tls": "smtp", "smtp+ssl": "smtp"}


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

    `smtp+tls` is SMTP with STARTTLS, `smtp+ssl` SMTP over TLS. Raises ValueError, which does not repeat the address.
    """
    parts = urlsplit(address)
    if parts.scheme not in BACKENDS or (parts.scheme != "console" and not parts.hostname):
        raise ValueError("EMAIL_URL must be console:// or smtp[+tls|+ssl]://user:password@host:port")
    return MailSettings(
        backend=f"django.core.mail.backends.{BACKENDS[parts.scheme]}.EmailBackend",
        host=parts.hostname or "localhost",
        port=parts.port or {"smtp+tls": 587, "smtp+ssl": 465}.get(parts.scheme, 25),
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        starttls=parts.scheme == "smtp+tls",
        tls=parts.scheme == "smtp+ssl",
    )
