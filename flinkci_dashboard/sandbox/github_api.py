"""GitHub's REST API, as far as the bots use it: ETags, rate limits, paging, and refusals like GitHub's."""

import hashlib
import json
import time
from typing import TYPE_CHECKING, Any

from flinkci_dashboard.sandbox.git_http import Account
from flinkci_dashboard.sandbox.http import Answer, Call
from flinkci_dashboard.sandbox.routing import Router

if TYPE_CHECKING:
    from flinkci_dashboard.sandbox.world import Sandbox

DOCS = "https://docs.github.com/rest"
LIMIT = 5000
router = Router()


class GitHubService:
    """Answers REST calls from the state of the world."""

    def __init__(self, world: "Sandbox") -> None:
        self.world = world
        self.used = 0
        self.reset_at = int(time.time()) + 3600

    def __call__(self, call: Call) -> Answer:
        """Answer one call: who asks, what is asked, is it new, what does it cost."""
        account, refusal = self._authenticate(call)
        answer = refusal or self._dispatch(call, account)
        if answer.status < 400:
            self._tag(call, answer)
        answer.charged = answer.status not in (304, 401) and call.path != "/rate_limit"
        self.used += answer.charged
        answer.headers |= self._limits() | self._token_facts(account)
        return answer

    def _authenticate(self, call: Call) -> tuple[Account | None, Answer | None]:
        kind, _, value = call.headers.get("authorization", "").partition(" ")
        if not kind:
            return None, None
        account = self.world.account_of(value) if kind.lower() in ("token", "bearer") else None
        return account, None if account else refuse(401, "Bad credentials")

    def _dispatch(self, call: Call, account: Account | None) -> Answer:
        route, values, unknown = router.find(call)
        if route is None:
            return refuse(404, "Not Found")
        if unknown:
            return refuse(422, f"The sandbox does not know these parameters of {call.path}: {sorted(unknown)}")
        try:
            return route.answer(self.world, call, account, **values)
        except KeyError:
            return refuse(404, "Not Found")
        except ValueError:
            return refuse(400, "Problems parsing JSON")

    def _tag(self, call: Call, answer: Answer) -> None:
        tag = f'"{hashlib.sha256(json.dumps(answer.body, sort_keys=True).encode()).hexdigest()}"'
        if call.method == "GET" and call.headers.get("if-none-match") in (tag, f"W/{tag}"):
            answer.status, answer.body = 304, None
        answer.headers |= {"ETag": tag, "Cache-Control": "private, max-age=60, s-maxage=60"}

    def _limits(self) -> dict[str, str]:
        facts = {"limit": LIMIT, "remaining": max(0, LIMIT - self.used), "used": self.used, "reset": self.reset_at}
        return {f"x-ratelimit-{name}": str(value) for name, value in facts.items()} | {"x-ratelimit-resource": "core"}

    def _token_facts(self, account: Account | None) -> dict[str, str]:
        if account is None:
            return {}
        expiry = {"github-authentication-token-expiration": self.world.token_expiry} if self.world.token_expiry else {}
        return {"X-OAuth-Scopes": ", ".join(sorted(account.scopes))} | expiry


def refuse(status: int, message: str, errors: list[dict[str, str]] | None = None) -> Answer:
    """Answer with an error as GitHub writes it."""
    body: dict[str, Any] = {"message": message, "documentation_url": DOCS, "status": str(status)}
    return Answer(status, body | ({"errors": errors} if errors else {}))


def paged(call: Call, items: list[Any]) -> Answer:
    """Answer with one page of a list, and with links to the others."""
    size = min(100, int(call.query.get("per_page", 30)))
    page = max(1, int(call.query.get("page", 1)))
    last = max(1, -(-len(items) // size))
    links: dict[str, int] = {}
    if page < last:
        links |= {"next": page + 1, "last": last}
    if page > 1:
        links |= {"prev": page - 1, "first": 1}
    rest = "".join(f"&{name}={value}" for name, value in call.query.items() if name != "page")
    link = ", ".join(f'<{call.address}{call.path}?page={number}{rest}>; rel="{rel}"' for rel, number in links.items())
    return Answer(200, items[(page - 1) * size : page * size], {"Link": link} if link else {})


@router.route("GET", "/rate_limit")
def rate_limit(world: "Sandbox", call: Call, account: Account | None) -> Answer:
    """Tell how much is left; asking is free."""
    github = world.github
    core = {"limit": LIMIT, "used": github.used, "remaining": LIMIT - github.used, "reset": github.reset_at}
    return Answer(200, {"resources": {"core": core, "search": core, "graphql": core}, "rate": core})


@router.route("GET", "/user")
def user(world: "Sandbox", call: Call, account: Account | None) -> Answer:
    """Tell whose token it is."""
    if account is None:
        return refuse(401, "Requires authentication")
    return Answer(
        200, {"login": account.login, "id": 1, "type": "User", "url": f"{call.address}/users/{account.login}"}
    )


@router.route("GET", "/repos/{owner}/{name}")
def repository(world: "Sandbox", call: Call, account: Account | None, owner: str, name: str) -> Answer:
    """Describe a repository, with what the asker may do to it."""
    full_name = world.known(f"{owner}/{name}")
    writable = bool(account and full_name in account.writable)
    rights = {"admin": False, "maintain": False, "push": writable, "triage": bool(account), "pull": True}
    facts = {"id": 1, "name": name, "full_name": full_name, "private": False, "default_branch": "master"}
    links = {"url": f"{call.address}/repos/{full_name}", "clone_url": f"{world.github_git_url}/{full_name}.git"}
    return Answer(200, facts | links | {"owner": {"login": owner}} | ({"permissions": rights} if account else {}))


@router.route("GET", "/repos/{owner}/{name}/branches", "page", "per_page", "protected")
def branches(world: "Sandbox", call: Call, account: Account | None, owner: str, name: str) -> Answer:
    """List branches with their heads."""
    heads = world.heads(world.known(f"{owner}/{name}"))
    return paged(call, [{"name": branch, "commit": {"sha": sha}, "protected": False} for branch, sha in heads.items()])


@router.route("GET", "/repos/{owner}/{name}/git/matching-refs/heads/{prefix*}", "page", "per_page")
def matching_refs(world: "Sandbox", call: Call, account: Account | None, owner: str, name: str, prefix: str) -> Answer:
    """List the branches whose names begin with a prefix."""
    heads = world.heads(world.known(f"{owner}/{name}"))
    found = [(branch, sha) for branch, sha in heads.items() if branch.startswith(prefix)]
    return paged(
        call, [{"ref": f"refs/heads/{branch}", "object": {"type": "commit", "sha": sha}} for branch, sha in found]
    )


@router.route("GET", "/repos/{owner}/{name}/commits/{ref*}", "page", "per_page")
def commit(world: "Sandbox", call: Call, account: Account | None, owner: str, name: str, ref: str) -> Answer:
    """Describe one commit."""
    full_name = world.known(f"{owner}/{name}")
    found = world.commit_facts(full_name, ref)
    if found is None:
        return refuse(422, f"No commit found for SHA: {ref}")
    author = {"name": found["author"], "email": found["email"], "date": found["date"]}
    body = {"message": found["message"], "author": author, "committer": author, "tree": {"sha": found["tree"]}}
    links = {
        "url": f"{call.address}{call.path}",
        "html_url": f"{world.github_git_url}/{full_name}/commit/{found['sha']}",
    }
    return Answer(200, {"sha": found["sha"], "commit": body, "parents": []} | links)
