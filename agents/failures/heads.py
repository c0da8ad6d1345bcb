"""What heads of pull requests change, and where they left their base: noted by whoever has their commits at hand."""

from collections.abc import Sequence
from datetime import datetime

from agents.models import PullHead

MAX_FILES = 500  # paths that are kept of one head


def remember_head(number: int, sha: str, base_sha: str, base_at: datetime, files: Sequence[str], now: datetime) -> None:
    """Note what a head changes; a head does not change, so what is noted stays. `base_sha` is "" of what none knows."""
    facts = {"base_sha": base_sha, "base_at": base_at, "files": list(files[:MAX_FILES]), "seen_at": now}
    row, made = PullHead.objects.get_or_create(number=number, sha=sha, defaults=facts)
    if not made and base_sha and not row.base_sha:
        PullHead.objects.filter(pk=row.pk).update(**facts)
