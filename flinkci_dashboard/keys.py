"""Keys that an installation makes for itself on its first start."""

import contextlib
import os
from pathlib import Path

from cryptography.fernet import Fernet


def key_from_file(path: Path) -> str:
    """Return the key in `path`; make one there first (mode 0600) if there is none.

    Two processes that start together end up with the same key: whoever links its file first wins.
    """
    if not path.exists():
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(Fernet.generate_key().decode())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_text().strip()
