"""The folder of a cached repository: made whole, cleared of what interrupted commands left, or thrown away."""

import contextlib
import errno
import fcntl
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

from flinkci_dashboard.clients.git.errors import CacheInUse, DiskFull, classify, no_space
from flinkci_dashboard.clients.git.process import Command, Limits

LOCAL = Limits(total=10 * 60, idle=10 * 60)
ORPHAN = 10.0  # seconds that a killed worker's git has to end when it is told to
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
LEFTOVERS = ("*.lock", "objects/pack/tmp_*", "objects/pack/*.keep", "objects/tmp_*", "objects/??/tmp_obj_*")


@contextmanager
def owned(folder: Path) -> Iterator[tuple[int, list[str]]]:
    """Make the repository in `folder` ready for us alone; yields the locked file and what had to be cleared away."""
    with _disk_full_told(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        owner = os.open(folder.with_suffix(".owner"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            healed = _end_orphan(owner)
            if not (folder / "HEAD").is_file():
                _create(folder)
            yield owner, [*healed, *_clear_leftovers(folder)]
        finally:
            os.close(owner)


def remove_cache(folder: Path) -> None:
    """Throw a cache away; the next `open_cache` makes a new one."""
    if folder.is_dir():
        shutil.rmtree(folder)
    else:
        folder.unlink(missing_ok=True)


@contextmanager
def _disk_full_told(folder: Path) -> Iterator[None]:
    """Clear up at once when the disk is full: half a pack would keep it full for everybody else."""
    try:
        yield
    except (DiskFull, OSError) as error:
        if isinstance(error, OSError) and error.errno not in FULL:
            raise
        _clear_leftovers(folder)
        raise DiskFull(no_space(folder)) from error


def _create(folder: Path) -> None:
    """Make an empty bare repository beside `folder`, then put it there: half a one never stands in the place."""
    draft = folder.with_suffix(".new")
    for old in (draft, folder):
        remove_cache(old)
    with Command(
        ["init", "--quiet", "--bare", "--template=", str(draft)], limits=LOCAL, repository=folder.name
    ) as init:
        ended = init.wait()
    if ended.status:
        raise classify(ended.stderr, folder.name, authenticated=False, folder=folder)
    draft.rename(folder)


def _clear_leftovers(folder: Path) -> list[str]:
    """Remove what interrupted commands left; returns their names."""
    found = [path for pattern in LEFTOVERS for path in (folder.glob if "/" in pattern else folder.rglob)(pattern)]
    for path in found:
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    return [str(path.relative_to(folder)) for path in found]


def _end_orphan(owner: int) -> list[str]:
    """Wait for the owner file's lock; end the process group that is written in it while somebody else holds it."""
    deadline, ended = monotonic() + ORPHAN, False
    while True:
        try:
            fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            group = os.pread(owner, 20, 0).strip()
            if monotonic() > deadline:
                raise CacheInUse(f"Another git (process {group.decode()}) holds the cache and does not end.") from None
            if group.isdigit():
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(int(group), signal.SIGKILL)
                ended = True
            sleep(0.05)
        else:
            return [f"git of a killed worker (process {os.pread(owner, 20, 0).strip().decode()})"] if ended else []
