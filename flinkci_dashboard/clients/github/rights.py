"""What the exposure check asks GitHub. It reads names and rights, never a value."""

from typing import Any

import requests
from django.conf import settings

from flinkci_dashboard.clients import web
from flinkci_dashboard.clients.secrets import token


def pull_request_branches(repository: str) -> list[str]:
    """Return the branches of a repository that carry pull request code. Raises NoAnswerError."""
    with web.answering("GitHub") as session:
        rows = _github(session, f"repos/{repository}/git/matching-refs/heads/ci_")
    return [f"{repository} {row['ref'].removeprefix('refs/heads/')}" for row in rows]


def may_push(repository: str) -> bool:
    """Tell whether the bot's token may push to a repository. Raises NoAnswerError."""
    with web.answering("GitHub") as session:
        rights = _github(session, f"repos/{repository}").get("permissions", {})
    return any(rights.get(right) for right in ("push", "maintain", "admin"))


def _github(session: requests.Session, path: str) -> Any:
    secret = token("github")
    sign = web.SignedBy(secret) if secret else None
    return web.plain_json(session.get(f"{settings.GITHUB_API_URL}/{path}", auth=sign))
