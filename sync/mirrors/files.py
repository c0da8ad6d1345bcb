"""Where the source's main branch is at hand, it is read which commits changed the files of failing tests."""

import logging
from collections.abc import Mapping
from pathlib import Path

from agents.histories.files import BRANCH, SOURCE, is_due, read_files
from flinkci_dashboard.clients.errors import ServiceError
from flinkci_dashboard.clients.git.cache import open_cache
from flinkci_dashboard.jobs.run import Pass
from sync.models import Mirror

log = logging.getLogger(__name__)


def read_test_files(current: Pass, mirror: Mirror, heads: Mapping[str, str], folder: Path) -> None:
    """Read what is new of the files, from what was fetched to be mirrored; nothing is fetched for them."""
    head = heads.get(BRANCH, "")
    if not head or str(mirror.source) != SOURCE or not folder.exists() or not is_due(head, current.now):
        return
    try:
        with open_cache(folder) as cache:
            if cache.contains([head]) and (written := read_files(cache, head, current.now)):
                current.count("file_commits", written)
    except ServiceError as error:  # a damaged cache is made anew when it is needed next
        log.warning("%s: files of tests were not read: %s", mirror, error)
