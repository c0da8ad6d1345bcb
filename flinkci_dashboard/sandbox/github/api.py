"""GitHub's REST API, as far as the bots use it: ETags, rate limits, paging, and refusals like GitHub's."""

import hashlib
import json
import threading
import time
from datetime import datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flinkci_dashboard.sandbox.calls import Answer, Call
from flinkci_dashboard.sandbox.faults import rate_limited
from flinkci_dashboard.sandbox.git.http import Account
from flinkci_dashboard.sandbox.routing import Router

if TYPE_CHECKING:
    from flinkci_dashboard.sandbox.world import Sandbox

DOCS = "https://docs.github.com/rest"
LIMIT, HOUR = 5000, 3600
SPENT = "API rate limit exceeded for user ID 1."
WRITING = {"repo", "public_repo"}  # scopes, either of which lets a token write
router = Router()


class GitHubService:
    """Answers REST calls from the state of the world. `limit` is what an account may ask in an hour.

    `writes_per_minute` is the secondary limit of what it may write; 0 is none.
    """

    def __init__(self, world: "Sandbox") -> None:
        self.world = world
        self.limit = LIMIT
        self.writes_per_minute = 0
        self._writes: list[float] = []
        self.used = 0
        self.reset_at = int(time.time()) + HOUR
        self._lock = threading.Lock()

    def __call__(self, call: Call) -> Answer:
        """Answer one call: who asks, what is asked, is it new, what does it cost."""
        account, refusal = self._authenticate(call)
        refusal = refusal or self._spent(call) or self._too_quick(call)
        answer = refusal or self._dispatch(call, account)
        if answer.status < 400:
            self._tag(call, answer)
        answer.charged = not refusal and answer.status != 304 and call.path != "/rate_limit"
        with self._lock:
            self.used += answer.charged
        answer.headers |= self._limits() | self._token_facts(account)
        return answer

    def _authenticate(self, call: Call) -> tuple[Account | None, Answer | None]:
        kind, _, value = call.headers.get("authorization", "").partition(" ")
        if not kind:
            return None, None
        account = self.world.account_of(value) if kind.lower() in ("token", "bearer") else None
        return account, None if account else refuse(401, "Bad credentials")

    def _spent(self, call: Call) -> Answer | None:
        """Refuse beyond the primary rate limit, until the hour is over."""
        with self._lock:
            if time.time() >= self.reset_at:
                self.used, self.reset_at = 0, int(time.time()) + HOUR
            spent = self.used >= self.limit and call.path != "/rate_limit"
        return refuse(403, SPENT) if spent else None

    def _too_quick(self, call: Call) -> Answer | None:
        """Refuse what is written beyond the secondary limit: carrying on doesn't help, waiting does."""
        if call.method == "GET" or not self.writes_per_minute:
            return None
        with self._lock:
            now = time.monotonic()
            self._writes = [at for at in self._writes if at > now - 60]
            if len(self._writes) >= self.writes_per_minute:
                wait = max(1, round(self._writes[0] + 60 - now))
                return rate_limited("secondary", {"retry-after": str(wait)})
            self._writes.append(now)
        return None

    def _dispatch(self, call: Call, account: Account | None) -> Answer:
        route, values, unknown = router.find(call)
        if route is None:
            return refuse(404, "Not Found")
        if unknown:
            return refuse(422, f"The sandbox does not know these parameters of {call.path}: {sorted(unknown)}")
        if call.method != "GET" and account and not account.scopes & WRITING:
            return refuse(404, "Not Found")  # what GitHub says to a token without the scope
        try:
            return route.answer(self.world, call, account, **values)
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
        left = max(0, self.limit - self.used)
        facts = {"limit": self.limit, "remaining": left, "used": self.used, "reset": self.reset_at}
        return {f"x-ratelimit-{name}": str(value) for name, value in facts.items()} | {"x-ratelimit-resource": "core"}

    def _token_facts(self, account: Account | None) -> dict[str, str]:
        if account is None:
            return {}
        expiry = {"github-authentication-token-expiration": self.world.token_expiry} if self.world.token_expiry else {}
        return {"X-OAuth-Scopes": ", ".join(sorted(account.scopes))} | expiry


def _last_modified(body: object) -> str:
    """Return when a single thing was changed last, as HTTP writes it; lists have no such time."""
    changed = body.get("updated_at") if isinstance(body, dict) else None
    return format_datetime(datetime.fromisoformat(changed), usegmt=True) if changed else ""


def refuse(status: int, message: str, errors: list[dict[str, str]] | None = None) -> Answer:
    """Answer with an error as GitHub writes it."""
    body: dict[str, Any] = {"message": message, "documentation_url": DOCS, "status": str(status)}
    return Answer(status, body | ({"errors": errors} if errors else {}))


def paged(call: Call, items: list[Any]) -> Answer:
    """Answer with one page of a list, and with links to the others."""
    size = max(1, min(100, int(call.query.get("per_page", 30))))
    page = max(1, int(call.query.get("page", 1)))
    last = max(1, -(-len(items) // size))
    links: dict[str, int] = {}
    if page < last:
        links |= {"next": page + 1, "last": last}
    if page > 1:
        links |= {"prev": page - 1, "first": 1}
    rest = urlencode({name: value for name, value in call.query.items() if name != "page"})
    there = f"{call.address}{call.path}?{rest}&page=" if rest else f"{call.address}{call.path}?page="
    link = ", ".join(f'<{there}{number}>; rel="{rel}"' for rel, number in links.items())
    return Answer(200, items[(page - 1) * size : page * size], {"Link": link} if link else {})


@router.route("GET", "/rate_limit")
def rate_limit(world: "Sandbox", call: Call, account: Account | None) -> Answer:
    """Tell how much is left; asking is free."""
    github = world.github
    left = max(0, github.limit - github.used)
    core = {"limit": github.limit, "used": github.used, "remaining": left, "reset": github.reset_at}
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
    triage = bool(account and (writable or full_name in account.triages))
    rights = {"admin": False, "maintain": False, "push": writable, "triage": triage, "pull": True}
    facts = {"id": 1, "name": name, "full_name": full_name, "private": False, "default_branch": "master"}
    links = {"url": f"{call.address}/repos/{full_name}", "clone_url": f"{world.github_git_url}/{full_name}.git"}
    return Answer(200, facts | links | {"owner": {"login": owner}} | ({"permissions": rights} if account else {}))


@router.route("GET", "/repos/{owner}/{name}/collaborators/{login}/permission")
def permission(world: "Sandbox", call: Call, account: Account | None, owner: str, name: str, login: str) -> Answer:
    """Tell what an account may do; only those who may push are told."""
    full_name = world.known(f"{owner}/{name}")
    if account is None:
        return refuse(401, "Requires authentication")
    if full_name not in account.writable | account.triages:
        return refuse(403, "Must have push access to view collaborator permission.")
    role = "write" if full_name in account.writable else "triage"
    role = role if login == account.login else "read"
    answer = {"permission": "read" if role == "triage" else role, "role_name": role}
    return Answer(200, answer | {"user": {"login": login, "type": "User"}})


@router.route("GET", "/repos/{owner}/{name}/branches", "page", "per_page", "protected")
def branches(world: "Sandbox", call: Call, account: Account | None, owner: str, name: str) -> Answer:
    """List branches with their heads."""
    full_name = world.known(f"{owner}/{name}")
    found = [_branch(world, full_name, branch, sha) for branch, sha in world.heads(full_name).items()]
    wanted = call.query.get("protected")
    return paged(call, [each for each in found if wanted in (None, str(each["protected"]).lower())])


@router.route("GET", "/repos/{owner}/{name}/branches/{branch*}")
def branch(world: "Sandbox", call: Call, account: Account | None, owner: str, name: str, branch: str) -> Answer:
    """Describe one branch."""
    full_name = world.known(f"{owner}/{name}")
    sha = world.heads(full_name).get(branch)
    return Answer(200, _branch(world, full_name, branch, sha)) if sha else refuse(404, "Branch not found")


def _branch(world: "Sandbox", repo: str, branch: str, sha: str) -> dict[str, Any]:
    return {"name": branch, "commit": {"sha": sha}, "protected": branch in world.protected(repo)}


@router.route("GET", "/repos/{owner}/{name}/git/ref/heads/{branch*}")
def ref(world: "Sandbox", call: Call, account: Account | None, owner: str, name: str, branch: str) -> Answer:
    """Show where a branch points."""
    sha = world.heads(world.known(f"{owner}/{name}"))[branch]
    return Answer(200, {"ref": f"refs/heads/{branch}", "object": {"type": "commit", "sha": sha}})


@router.route("GET", "/repos/{owner}/{name}/git/matching-refs/heads/{prefix*}", "page", "per_page")
def matching_refs(world: "Sandbox", call: Call, account: Account | None, owner: str, name: str, prefix: str) -> Answer:
    """List the branches whose names begin with a prefix."""
    heads = world.heads(world.known(f"{owner}/{name}"))
    found = [(branch, sha) for branch, sha in heads.items() if branch.startswith(prefix)]
    return paged(
        call, [{"ref": f"refs/heads/{branch}", "object": {"type": "commit", "sha": sha}} for branch, sha in found]
    )


@router.route("GET", "/repos/{owner}/{name}/commits/{ref}", "page", "per_page")
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
    parents = [{"sha": parent} for parent in found["parents"].split()]
    return Answer(200, {"sha": found["sha"], "commit": body, "parents": parents} | links)
