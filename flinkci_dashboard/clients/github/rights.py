"""What the exposure check asks GitHub. It reads names and rights, never a value."""

from contextlib import closing
from typing import Any

from django.conf import settings

from flinkci_dashboard.clients.errors import UnavailableError
from flinkci_dashboard.clients.github.http import Transport
from flinkci_dashboard.clients.secrets import token


def pull_request_branches(repository: str) -> list[str]:
    """Return the branches of a repository that carry pull request code. Raises the errors of `clients.errors`."""
    rows = _github(f"/repos/{repository}/git/matching-refs/heads/ci_")
    try:
        return [f"{repository} {row['ref'].removeprefix('refs/heads/')}" for row in rows]
    except (KeyError, TypeError, AttributeError) as error:
        raise UnavailableError(f"GitHub answers something unusable ({type(error).__name__}).") from error


def may_push(repository: str) -> bool:
    """Tell whether the bot's token may push to a repository. Raises the errors of `clients.errors`."""
    data = _github(f"/repos/{repository}")
    rights = data.get("permissions") if isinstance(data, dict) else None
    return isinstance(rights, dict) and any(rights.get(right) for right in ("push", "maintain", "admin"))


def _github(path: str) -> Any:
    with closing(Transport(settings.GITHUB_API_URL, token("github"))) as transport:
        return transport.get(path).data
