"""Which repositories the project has: the foundation counts the runners of all of them together."""

from agents.actions.lists import is_due
from agents.actions.spending import SHARE, Spending
from agents.actions.values import DISCOVERY
from agents.migration.budget.usage import PROJECT
from agents.models import Followed
from flinkci_dashboard.clients.errors import NotAuthorizedError, NotFoundError, RefusedError
from flinkci_dashboard.clients.github.owners import RepositoryFacts
from flinkci_dashboard.clients.providers import RunService
from flinkci_dashboard.jobs.run import Pass
from flinkci_dashboard.parts import parts

PAGES = 60  # of a hundred repositories
QUERY = "repositories, page "  # how the marks of pages are named
OWNER = PROJECT.partition("/")[0]


def discover(current: Pass, service: RunService, spending: Spending) -> None:
    """Look once a day which repositories there are by now, each page for nothing while it has not changed.

    Raises the errors of `clients.errors`, but not when GitHub has no such list for us: then admins name them by hand.
    """
    rows = {row.query: row for row in Followed.objects.filter(repository=OWNER)}
    for number in range(1, PAGES + 1):
        row = rows.get(f"{QUERY}{number}") or Followed(repository=OWNER, query=f"{QUERY}{number}")
        if is_due(row.next_at, current.now, DISCOVERY):
            if not spending.allows(SHARE):
                return
            _read(current, service, number, row)
        if row.complete:
            return


def problem() -> str:
    """Say why the project's repositories can't be listed; "" when they can."""
    row = Followed.objects.filter(repository=OWNER, query__startswith=QUERY).exclude(problem="").first()
    return row.problem if row else ""


def _read(current: Pass, service: RunService, number: int, row: Followed) -> None:
    """Read one page, and note whether any after it can hold repositories of the project."""
    try:
        page = service.repositories(number, row.etag)
    except (NotFoundError, NotAuthorizedError, RefusedError) as error:
        row.problem, row.complete, row.etag = str(error), True, ""
    else:
        row.problem = ""
        if page.changed:
            row.etag, row.complete = page.etag, not page.more or page.is_past(PROJECT)
            _hand_over(current, [each for each in page.items if each.full_name.lower().startswith(PROJECT)])
    row.asked_at, row.next_at = current.now, current.now + DISCOVERY
    row.save()


def _hand_over(current: Pass, found: list[RepositoryFacts]) -> None:
    for part in parts("followed"):
        if changed := part.take_in(found):
            current.count("repositories_found", changed)
