"""Rows → what GitHub Actions has to do with pull requests."""

from collections import defaultdict
from collections.abc import Callable, Sequence

from agents.migration.authority import PULLS, Decisions
from agents.models import Build
from agents.models.builds import Provider, Result
from sync.models import PullRequest, Repository
from sync.pulls.actions.values import Actions, Run


class ActionsRows:
    """The runs of the heads of some pull requests, and what was decided; two or three queries."""

    def __init__(self, pulls: Sequence[PullRequest], status: Callable[[Build], str]) -> None:
        self._status = status
        self._decisions = Decisions()
        self._rows: dict[int, dict[tuple[str, str], Build]] = defaultdict(dict)
        heads = {pull.number: pull.head_sha for pull in pulls if pull.state == PullRequest.State.OPEN}
        rows = Build.objects.filter(provider=Provider.ACTIONS, pull_number__in=heads).exclude(scope=Build.Scope.OTHER)
        for row in rows.defer("message", "requested_for").order_by("external_id"):
            if row.pull_number and row.version == heads[row.pull_number]:
                self._rows[row.pull_number][row.repository, row.definition] = row
        self._known: list[Repository] | None = None

    def of(self, pull: PullRequest) -> Actions:
        """Put together what is known of one pull request."""
        providers = self._decisions.providers(PULLS)
        return Actions(
            runs=tuple(self._run(row) for row in self._rows[pull.number].values()),
            speaks=Provider.ACTIONS in providers,
            alone=providers == (Provider.ACTIONS,),
            pushing=PULLS not in self._decisions.unpushed(),
            checks=self._checks(pull),
        )

    def row(self, number: int, run_id: int) -> Build | None:
        """Return the row of a run."""
        return next((row for row in self._rows[number].values() if row.external_id == run_id), None)

    def _run(self, row: Build) -> Run:
        return Run(
            id=row.external_id,
            repository=row.repository,
            workflow=row.definition,
            status=self._status(row),
            url=row.web_url,
            attempt=row.attempt,
            ours=row.repository in self._ours(),
            queued_at=row.queued_at,
            started_at=row.started_at,
            finished_at=row.finished_at,
            unapproved=row.result == Result.ACTION_REQUIRED,
        )

    def _ours(self) -> set[str]:
        return {str(each) for each in self._repositories() if each.role != Repository.Role.SOURCE}

    def _checks(self, pull: PullRequest) -> str:
        source = next((each for each in self._repositories() if each.role == Repository.Role.SOURCE), None)
        return f"{source.web_url}/pull/{pull.number}/checks" if source else ""

    def _repositories(self) -> list[Repository]:
        if self._known is None:
            self._known = list(Repository.objects.all())
        return self._known
