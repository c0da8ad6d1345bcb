"""What pages and programs show of mirrored branches, from rows alone."""

from datetime import datetime

from sync.models import MirrorBranch


def behind_seconds(row: MirrorBranch, now: datetime) -> float | None:
    """Return for how many seconds the mirror has been behind; 0 when it is in step, None when that is not known."""
    if row.source_sha == row.target_sha:
        return 0.0
    return (now - row.source_seen_at).total_seconds() if row.source_seen_at and row.source_sha else None
