"""Which commits' pairs have to be made anew. Whatever changes a build, its jobs or its failing tests says so here."""

from collections.abc import Iterable

from agents.models import StaleCommit


def mark_commits(shas: Iterable[str]) -> None:
    """Note commits of which a build changed; call it in the transaction that changes it."""
    found = sorted({sha for sha in shas if sha})
    if found:
        StaleCommit.objects.bulk_create([StaleCommit(sha=sha) for sha in found], ignore_conflicts=True)
