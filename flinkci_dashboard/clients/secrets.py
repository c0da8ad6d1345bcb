"""The one place where a secret is read; and the mask that keeps secrets out of texts."""

import logging
import os
import re

# GitHub (classic, OAuth, App, fine-grained), Azure DevOps PATs (old and new), and credentials in URLs or headers.
TOKEN_SHAPES = re.compile(
    r"gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}"
    r"|\b[a-z2-7]{52}\b|\b[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}\b"
    r"|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)|(?i:(?<=bearer )|(?<=basic )|(?<=token ))[A-Za-z0-9+/=_.\-]{16,}"
)
MASK = "********"


def token(service: str) -> str | None:
    """Return the token for "github", "azure" or "jira", or None when there is none.

    Read anew at each use, so that a rotated token counts from the next call on.
    """
    return os.environ.get(f"{service.upper()}_TOKEN") or None


def mask(text: str) -> str:
    """Return `text` with every known token, and whatever looks like one, replaced."""
    for secret in filter(None, map(token, ("github", "azure", "jira"))):
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
