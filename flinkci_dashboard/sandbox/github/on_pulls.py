"""What the addresses of pull requests, comments and labels have in common."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from flinkci_dashboard.sandbox.accounts import Account
from flinkci_dashboard.sandbox.calls import Answer, Call
from flinkci_dashboard.sandbox.github.answers import refuse
from flinkci_dashboard.sandbox.github.pulls import Pulls
from flinkci_dashboard.sandbox.github.state import GitHub

REPO = "/repos/{owner}/{name}"
CREATED = 201
Handler = Callable[..., Answer]


def on_pulls(function: Handler) -> Handler:
    """Hand in the repository's pull requests; a repository without any, or an unknown number, is not found."""

    @wraps(function)
    def answer(github: GitHub, call: Call, account: Account | None, owner: str, name: str, **values: str) -> Answer:
        if f"{owner}/{name}" != github.pulls.repo:
            github.repositories.known(f"{owner}/{name}")
            return Answer(200, []) if call.method == "GET" else refuse(404, "Not Found")
        numbers = {key: int(value) if key in ("number", "id") else value for key, value in values.items()}
        if _is_hidden(github.pulls, numbers):
            return refuse(404, "Not Found")
        return function(github.pulls, call, account, **numbers)

    return answer


def _is_hidden(pulls: Pulls, values: dict[str, Any]) -> bool:
    """Tell whether an address is of a pull request whose author GitHub has banned, or of a comment there."""
    comment = pulls.comments.get(values.get("id", 0))
    return values.get("number", comment.number if comment else 0) in pulls.hidden


def signed_in(function: Handler) -> Handler:
    """Refuse those who are not signed in: flinkbot may comment, react and label, nobody else has a token."""

    @wraps(function)
    def answer(pulls: Pulls, call: Call, account: Account | None, **values: Any) -> Answer:
        return function(pulls, call, account, **values) if account else refuse(401, "Requires authentication")

    return answer


def since_of(query: dict[str, str]) -> datetime:
    """Return the moment from which on things are asked for; all of them, where none is named."""
    return datetime.fromisoformat(query.get("since", "1970-01-01T00:00:00Z").replace("Z", "+00:00"))
