"""Whose runs on GitHub Actions are read: the repositories of Flink's CI, and the forks of open pull requests."""

from collections.abc import Iterable

from agents.actions.values import Head, Source
from flinkci_dashboard.clients.github.owners import RepositoryFacts
from flinkci_dashboard.models.writing import Changes
from sync.models import PullRequest, Repository

Role = Repository.Role


def sources() -> list[Source]:
    """Return the repositories whose runs are all read; but not the bots', and not archived ones."""
    rows = Repository.objects.filter(followed=True, archived=False).exclude(role=Role.BOT).order_by("pk")
    return [Source(str(row), aside=row.role == Role.OTHER) for row in rows]


def take_in(found: Iterable[RepositoryFacts]) -> int:
    """Note repositories that GitHub lists, and which of them are archived; all else of a row is the admins'."""
    known = {str(row).lower(): row for row in Repository.objects.all()}
    changes: Changes[Repository] = Changes()
    for facts in found:
        owner, _, name = facts.full_name.partition("/")
        new = Repository(owner=owner, name=name, role=Role.OTHER, description=facts.description)
        row = known.get(facts.full_name.lower(), new)
        if row.role == Role.OTHER:
            changes.put(row, {"archived": facts.archived})
    return changes.write()


def heads() -> list[Head]:
    """Return the heads of open pull requests, the newest pull request first."""
    rows = PullRequest.objects.filter(state=PullRequest.State.OPEN).order_by("-number")
    found = rows.values_list("number", "head_repository", "head_label", "head_sha")
    return [Head(number, fork, sha) for number, told, label, sha in found if (fork := told or _usual_fork(label))]


def _usual_fork(label: str) -> str:
    """Return what a fork is called as a rule, where GitHub's answer is of a time when it was not kept."""
    owner, named, _ = label.partition(":")
    return f"{owner}/flink" if named else ""
