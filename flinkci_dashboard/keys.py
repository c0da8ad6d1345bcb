"""Keys that an installation makes for itself on its first start."""

import contextlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from cryptography.fernet import Fernet


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
