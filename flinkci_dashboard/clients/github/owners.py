"""The repositories of an organisation, as GitHub lists them by name."""

from dataclasses import dataclass
from typing import Any

from flinkci_dashboard.clients.errors import UnavailableError
from flinkci_dashboard.clients.github.http import Transport
from flinkci_dashboard.clients.values import text

PER_PAGE = 100


@dataclass(frozen=True)
class RepositoryFacts:
    """A repository; one that is `archived` runs nothing any more."""

    full_name: str  # owner/name
    archived: bool
    description: str


@dataclass(frozen=True)
class RepositoryList:
    """One page of a list; `changed` is False when it is what the ETag stands for, and then it holds nothing."""

    items: tuple[RepositoryFacts, ...]
    etag: str
    more: bool = False  # there is a page after it
    changed: bool = True

    def is_past(self, prefix: str) -> bool:
        """Tell that no later page has names with this prefix (in lower case): these are in order, and beyond it."""
        names = [each.full_name.lower() for each in self.items]
        return bool(names) and names == sorted(names) and names[-1] > prefix and not names[-1].startswith(prefix)


def repositories(http: Transport, owner: str, number: int, etag: str = "") -> RepositoryList:
    """Return a page of an organisation's repositories in the order of their names; pages count from 1.

    Raises the errors of `clients.errors`; NotFoundError where GitHub knows no such organisation.
    """
    query = {"sort": "full_name", "direction": "asc", "per_page": PER_PAGE, "page": number}
    answer = http.get(f"/orgs/{owner}/repos", query, etag)
    if answer.unchanged:
        return RepositoryList((), etag, changed=False)
    if not isinstance(answer.data, list):
        raise UnavailableError("GitHub answers something that is no list.")
    found = [_repository(each) for each in answer.data if isinstance(each, dict) and each.get("full_name")]
    return RepositoryList(tuple(found), answer.etag, more=bool(answer.next))


def _repository(data: dict[str, Any]) -> RepositoryFacts:
    name, words = text(data["full_name"], 140), text(data.get("description"), 255)
    return RepositoryFacts(name, data.get("archived") is True, words)
