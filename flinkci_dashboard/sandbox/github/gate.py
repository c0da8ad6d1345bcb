"""GitHub's REST API, as far as the bots use it: who asks, whether it is new to him, and what it costs."""

import hashlib
import json
import re
from collections.abc import Callable
from datetime import datetime
from email.utils import format_datetime

from flinkci_dashboard.sandbox.accounts import Account
from flinkci_dashboard.sandbox.actions import api as actions_api
from flinkci_dashboard.sandbox.calls import Answer, Call
from flinkci_dashboard.sandbox.github import checks_api, comments_api, labels_api, pulls_api, repositories_api
from flinkci_dashboard.sandbox.github.answers import refuse
from flinkci_dashboard.sandbox.github.state import GitHub
from flinkci_dashboard.sandbox.routing import Router

WRITING = {"repo", "public_repo"}  # scopes, either of which lets a token write
CURSORS = {"after", "before"}  # parameters of lists that are too long for pages with numbers
ROUTER = Router.joined(
    *(repositories_api.router, pulls_api.router, comments_api.router, labels_api.router, checks_api.router),
    actions_api.router,
)


class GitHubService:
    """Answers REST calls from the state of GitHub, to the accounts that a function knows by their tokens."""

    def __init__(self, github: GitHub, account_of: Callable[[str], Account | None]) -> None:
        self.github = github
        self.account_of = account_of

    def __call__(self, call: Call) -> Answer:
        """Answer one call: who asks, what is asked, is it new, what does it cost."""
        call.last_page = self.github.last_page
        account, refusal = self._authenticate(call)
        refusal = refusal or self.github.refuse(call)
        answer = refusal or self._moved(call) or self._dispatch(call, account)
        if answer.status < 300:
            self._tag(call, answer)
        answer.charged = not refusal and answer.status != 304 and call.path != "/rate_limit"
        self.github.charge(answer)
        answer.headers |= self._limits() | _token_facts(account)
        return answer

    def _authenticate(self, call: Call) -> tuple[Account | None, Answer | None]:
        kind, _, value = call.headers.get("authorization", "").partition(" ")
        if not kind:
            return None, None
        account = self.account_of(value) if kind.lower() in ("token", "bearer") else None
        return account, None if account else refuse(401, "Bad credentials")

    def _moved(self, call: Call) -> Answer | None:
        """Lead from a repository's former name to its lasting address, and understand that address."""
        repositories = self.github.repositories
        if found := re.match(r"/repositories/(\d+)(?=/|\Z)", call.path):
            name = repositories.by_id(int(found[1]))
            call.path = f"/repos/{name}{call.path[found.end() :]}"
        found = re.match(r"/repos/([^/]+/[^/]+)", call.path)
        if not found or found[1] not in repositories.renamed:
            return None
        status, message = (301, "Moved Permanently") if call.method == "GET" else (307, "Temporary Redirect")
        there = call.target.removesuffix("?").replace(found[0], f"/repositories/{repositories.id_of(found[1])}", 1)
        answer = refuse(status, message)
        answer.headers["Location"] = f"{call.address}{there}"
        return answer

    def _dispatch(self, call: Call, account: Account | None) -> Answer:
        route, values, unknown = ROUTER.find(call)
        if route is None:
            return refuse(404, "Not Found")
        if unknown - (CURSORS if call.last_page else set()):
            return refuse(422, f"The sandbox does not know these parameters of {call.path}: {sorted(unknown)}")
        if call.method != "GET" and account and not account.scopes & WRITING:
            return refuse(404, "Not Found")  # what GitHub says to a token without the scope
        try:
            return route.answer(self.github.replica.answer_from(call, self.github), call, account, **values)
        except KeyError:
            return refuse(404, "Not Found")
        except ValueError:
            return refuse(400, "Problems parsing JSON")

    def _tag(self, call: Call, answer: Answer) -> None:
        tag = f'"{hashlib.sha256(json.dumps(answer.body, sort_keys=True).encode()).hexdigest()}"'
        changed = _last_modified(answer.body)
        given = call.headers.get("if-none-match")
        known = given in (tag, f"W/{tag}") if given else changed and call.headers.get("if-modified-since") == changed
        if call.method == "GET" and known:
            answer.status, answer.body = 304, None
        answer.headers |= {"ETag": tag, "Cache-Control": "private, max-age=60, s-maxage=60"}
        answer.headers |= {"Last-Modified": changed} if changed else {}

    def _limits(self) -> dict[str, str]:
        facts = {f"x-ratelimit-{name}": str(value) for name, value in self.github.facts().items()}
        return facts | {"x-ratelimit-resource": "core"}


def _token_facts(account: Account | None) -> dict[str, str]:
    """Return what each answer tells of the token: its scopes as of now, which may be edited in place."""
    if account is None:
        return {}
    expiry = {"github-authentication-token-expiration": account.token_expiry} if account.token_expiry else {}
    return {"X-OAuth-Scopes": ", ".join(sorted(account.scopes))} | expiry


def _last_modified(body: object) -> str:
    """Return when a single thing was changed last, as HTTP writes it; lists have no such time."""
    changed = body.get("updated_at") if isinstance(body, dict) else None
    return format_datetime(datetime.fromisoformat(changed), usegmt=True) if changed else ""
