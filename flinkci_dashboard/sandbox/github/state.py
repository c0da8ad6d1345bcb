"""What the sandbox's GitHub is made of."""

import copy

from flinkci_dashboard.sandbox.actions.engine import Actions
from flinkci_dashboard.sandbox.actions.logs import Store
from flinkci_dashboard.sandbox.azure.engine import Azure
from flinkci_dashboard.sandbox.git.repositories import Repositories
from flinkci_dashboard.sandbox.github.limits import Limits
from flinkci_dashboard.sandbox.github.pulls import Pulls
from flinkci_dashboard.sandbox.replica import Replica


class GitHub(Limits):
    """Repositories, the pull requests of one of them, the checks that Azure's builds are, and Actions."""

    def __init__(self, repositories: Repositories, pulls: Pulls, azure: Azure, actions: Actions) -> None:
        super().__init__(pulls.clock.now)
        self.repositories = repositories
        self.pulls = pulls
        self.azure = azure
        self.actions = actions
        self.store = Store(actions)
        self.last_page = 0  # from this page on, lists want a cursor; 0: pages have numbers, however many
        self.replica: Replica[GitHub] = Replica()

    def lag(self, then: "GitHub | None" = None, path: str = "", times: int | None = None) -> None:
        """Answer questions to addresses like `path` as of `then`, from `remembered` (else from now), until told."""
        self.replica = Replica(then or self.remembered(), path, times)

    def catch_up(self) -> None:
        """Answer from the present again."""
        self.replica = Replica()

    def remembered(self) -> "GitHub":
        """Return pull requests, comments, labels and runs as they are, for `lag`."""
        then = copy.copy(self)
        then.pulls, then.actions = self.pulls.remembered(), self.actions.remembered()
        return then
