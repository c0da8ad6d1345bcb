"""What one pass may ask of GitHub: a number of questions, and a share of the hourly limit that others need too."""

from flinkci_dashboard.clients.providers import RunService

MOST = 108  # questions in one pass
JOBS = 100  # of them, for runs that moved
SHARE = 0.5  # of the hourly limit that is left to the others by what only fills in the past
LIVE = 0.1  # the same, by everything else
RESERVE = 0.2  # the same, by heads that may have no run


class Spending:
    """The account of one pass."""

    def __init__(self, github: RunService) -> None:
        self._github = github

    @property
    def left(self) -> int:
        """Return how many questions this pass may still ask."""
        return max(MOST - self._github.asked, 0)

    def allows(self, reserve: float = 0.0) -> bool:
        """Tell whether a question is left, and more than `reserve` of the hourly limit."""
        quota = self._github.quota
        return self.left > 0 and (quota is None or quota.remaining > reserve * quota.limit)
