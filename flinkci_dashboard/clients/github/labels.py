"""Labels of one GitHub repository and of its pull requests. Every write here is safe to repeat."""

from collections.abc import Iterable
from typing import Any, Self
from urllib.parse import parse_qsl, quote

from django.conf import settings

from flinkci_dashboard.clients.errors import NotFoundError, RefusedError, UnavailableError
from flinkci_dashboard.clients.github.http import Transport
from flinkci_dashboard.clients.github.pulls import PAGE
from flinkci_dashboard.clients.secrets import token


class Labels:
    """The labels of a repository, seen by one account. Raises the errors of `clients.errors`."""

    def __init__(self, transport: Transport, repository: str) -> None:
        self._http = transport
        self._path = f"/repos/{repository}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._http.close()

    def all(self) -> list[str]:
        """Return the names of the repository's labels."""
        return self._listed(f"{self._path}/labels")

    def of(self, number: int) -> list[str]:
        """Return the names of a pull request's labels, as they are now."""
        return self._listed(f"{self._path}/issues/{int(number)}/labels")

    def create(self, name: str, color: str) -> None:
        """Add a label to the repository; that it exists, maybe spelled otherwise, is fine."""
        try:
            self._http.write("POST", f"{self._path}/labels", {"name": name, "color": color})
        except RefusedError:
            if name.casefold() not in {each.casefold() for each in self.all()}:
                raise

    def add(self, number: int, names: Iterable[str]) -> list[str]:
        """Put labels on a pull request; returns the names of all that it has then."""
        answer = self._http.write("POST", f"{self._path}/issues/{int(number)}/labels", {"labels": list(names)})
        return _names(answer.data)

    def remove(self, number: int, name: str) -> list[str]:
        """Take a label off, which may be off already; returns the names of those that are left."""
        try:
            answer = self._http.write("DELETE", f"{self._path}/issues/{int(number)}/labels/{quote(name, safe='')}")
        except NotFoundError:
            return self.of(number)
        return _names(answer.data)

    def replace(self, number: int, names: Iterable[str]) -> list[str]:
        """Let a pull request have these labels and no others; returns their names."""
        answer = self._http.write("PUT", f"{self._path}/issues/{int(number)}/labels", {"labels": list(names)})
        return _names(answer.data)

    def _listed(self, path: str) -> list[str]:
        found: list[str] = []
        place: dict[str, str] = {"page": "1"}
        while True:
            answer = self._http.get(path, {"per_page": PAGE} | place)
            found += _names(answer.data)
            if not answer.next or dict(parse_qsl(answer.next)) == place:
                return found
            place = dict(parse_qsl(answer.next))


def connect(repository: str) -> Labels:
    """Return the labels of a repository of the configured GitHub."""
    return Labels(Transport(settings.GITHUB_API_URL, token("github")), repository)


def _names(data: Any) -> list[str]:
    try:
        return [str(label["name"]) for label in data]
    except (KeyError, TypeError) as error:
        raise UnavailableError(f"GitHub answers something unusable ({type(error).__name__}).") from error
