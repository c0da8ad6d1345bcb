"""The demo's story of the migration: a branch that was moved to GitHub Actions, and moved back."""

from datetime import datetime, timedelta

from agents.migration.authority import PULLS, Choice, Purpose, decide

STORY = (  # days ago, branch, purpose, choice, why, and whether it took the decision before back
    (8, PULLS, Purpose.TESTING, Choice.BOTH, "Let us see both beside each other for a while.", False),
    (6, "release-2.2", Purpose.TESTING, Choice.ACTIONS, "Two weeks of pairs agree.", False),
    (6, "release-2.2", Purpose.PUBLISHING, Choice.BOTH, "Actions publishes in the shadow first.", False),
    (2, "release-2.2", Purpose.TESTING, Choice.AZURE, "Taken back.", True),
    (2, PULLS, Purpose.TESTING, Choice.AZURE, "Too many forks have Actions switched off.", False),
)


def prepare(now: datetime) -> None:
    """Let operators have decided."""
    for days, branch, purpose, choice, reason, undoes in STORY:
        decide(branch, purpose, choice, reason, "admin", now - timedelta(days=days), undoes)
