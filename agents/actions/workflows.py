"""Which workflows a repository has, and which of them may not run."""

from datetime import datetime, timedelta

from agents.actions.lists import is_due
from agents.models import Followed, Workflow
from flinkci_dashboard.clients.errors import NotFoundError
from flinkci_dashboard.clients.facts import DefinitionFacts
from flinkci_dashboard.clients.providers import RunService
from flinkci_dashboard.jobs.run import Pass
from flinkci_dashboard.models.writing import Changes

EVERY = timedelta(minutes=10)
QUERY = "workflows"


def read_workflows(current: Pass, service: RunService) -> None:
    """Read a repository's workflows now and then. Raises the errors of `clients.errors`.

    Where GitHub has none to show, nothing is known of them: what matters are the runs.
    """
    mark, _ = Followed.objects.get_or_create(repository=service.repository, query=QUERY)
    if not is_due(mark.next_at, current.now, EVERY):
        return
    try:
        found, mark.etag = service.workflows(mark.etag)
    except NotFoundError as error:
        found, mark.problem = None, str(error)
    if found is not None and (changed := _save(service.repository, found, current.now)):
        current.count("workflows_changed", changed)
    mark.next_at = current.now + EVERY
    mark.save()


def _save(repository: str, found: list[DefinitionFacts], now: datetime) -> int:
    """Write what changed. One that a list leaves out stays: GitHub says of those that are deleted that they are."""
    known = {row.external_id: row for row in Workflow.objects.filter(repository=repository)}
    changes: Changes[Workflow] = Changes()
    for facts in found:
        row = known.get(facts.external_id) or Workflow(
            repository=repository, external_id=facts.external_id, changed_at=now
        )
        state = facts.state if facts.state in Workflow.State.values else Workflow.State.ACTIVE.value
        values = {"name": facts.name, "path": facts.path, "state": state}
        if any(getattr(row, name) != value for name, value in values.items()):
            changes.put(row, values | {"changed_at": now})
    return changes.write()
