"""What heads of pull requests change, and where they left their base: noted by whoever has their commits at hand."""

from collections.abc import Sequence
from datetime import datetime

from agents.failures.touched import docs_only
from agents.models import PullHead, StaleCommit

MAX_FILES = 500  # paths that are kept of one head


def remember_head(number: int, sha: str, base_sha: str, base_at: datetime, files: Sequence[str], now: datetime) -> None:
    """Note what a head changes; a head does not change, so what is noted stays. `base_sha` is "" of what none knows."""
    facts = {"base_sha": base_sha, "base_at": base_at, "files": list(files[:MAX_FILES]), "seen_at": now}
    row, made = PullHead.objects.get_or_create(number=number, sha=sha, defaults=facts)
    told = not made and base_sha and not row.base_sha
    if told:
        PullHead.objects.filter(pk=row.pk).update(**facts)
    if (made or told) and docs_only(files):  # then what both services say of it counts otherwise
        StaleCommit.mark([sha])
