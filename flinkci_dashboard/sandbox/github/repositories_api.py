"""GitHub's REST API for accounts, repositories, branches and commits."""

from typing import Any

from flinkci_dashboard.sandbox.accounts import Account
from flinkci_dashboard.sandbox.calls import Answer, Call
from flinkci_dashboard.sandbox.github.answers import paged, refuse
from flinkci_dashboard.sandbox.github.state import GitHub
from flinkci_dashboard.sandbox.routing import Router

router = Router()


@router.route("GET", "/rate_limit")
def rate_limit(github: GitHub, call: Call, account: Account | None) -> Answer:
    """Tell how much is left; asking is free."""
    core = github.facts()
    return Answer(200, {"resources": {"core": core, "search": core, "graphql": core}, "rate": core})


@router.route("GET", "/user")
def user(github: GitHub, call: Call, account: Account | None) -> Answer:
    """Tell whose token it is."""
    if account is None:
        return refuse(401, "Requires authentication")
    return Answer(
        200, {"login": account.login, "id": 1, "type": "User", "url": f"{call.address}/users/{account.login}"}
    )


@router.route("GET", "/repos/{owner}/{name}")
def repository(github: GitHub, call: Call, account: Account | None, owner: str, name: str) -> Answer:
    """Describe a repository, with what the asker may do to it."""
    full_name = github.repositories.known(f"{owner}/{name}")
    writable = bool(account and full_name in account.writable)
    triage = bool(account and (writable or full_name in account.triages))
    rights = {"admin": False, "maintain": False, "push": writable, "triage": triage, "pull": True}
    facts = {"id": 1, "name": name, "full_name": full_name, "private": False, "default_branch": "master"}
    links = {"url": f"{call.address}/repos/{full_name}", "clone_url": f"{call.host}/git/{full_name}.git"}
    return Answer(200, facts | links | {"owner": {"login": owner}} | ({"permissions": rights} if account else {}))


@router.route("GET", "/orgs/{organisation}/repos", "direction", "page", "per_page", "sort", "type")
def repositories(github: GitHub, call: Call, account: Account | None, organisation: str) -> Answer:
    """List an organisation's repositories: by name, or the newest first."""
    owned = github.repositories.names() | github.actions.repositories()
    found = [name for name in owned - github.actions.unknown if name.partition("/")[0] == organisation]
    if not found:
        return refuse(404, "Not Found")
    by_name = call.query.get("sort") == "full_name"
    falling = call.query.get("direction", "asc" if by_name else "desc") == "desc"
    return paged(call, sorted(found, key=str.lower, reverse=falling), lambda name: _listed(github, call, name))


def _listed(github: GitHub, call: Call, full_name: str) -> dict[str, Any]:
    owner, name = full_name.split("/")
    facts = {"name": name, "full_name": full_name, "owner": {"login": owner}, "private": False, "fork": False}
    return facts | {"archived": github.actions.others.get(full_name, False), "url": f"{call.address}/repos/{full_name}"}


@router.route("GET", "/repos/{owner}/{name}/collaborators/{login}/permission")
def permission(github: GitHub, call: Call, account: Account | None, owner: str, name: str, login: str) -> Answer:
    """Tell what an account may do; only those who may push are told."""
    full_name = github.repositories.known(f"{owner}/{name}")
    if account is None:
        return refuse(401, "Requires authentication")
    if full_name not in account.writable | account.triages:
        return refuse(403, "Must have push access to view collaborator permission.")
    role = "write" if full_name in account.writable else "triage"
    role = role if login == account.login else "read"
    answer = {"permission": "read" if role == "triage" else role, "role_name": role}
    return Answer(200, answer | {"user": {"login": login, "type": "User"}})


@router.route("GET", "/repos/{owner}/{name}/branches", "page", "per_page", "protected")
def branches(github: GitHub, call: Call, account: Account | None, owner: str, name: str) -> Answer:
    """List branches with their heads."""
    full_name = github.repositories.known(f"{owner}/{name}")
    found = [_branch(github, full_name, branch, sha) for branch, sha in github.repositories.heads(full_name).items()]
    wanted = call.query.get("protected")
    return paged(call, [each for each in found if wanted in (None, str(each["protected"]).lower())])


@router.route("GET", "/repos/{owner}/{name}/branches/{branch*}")
def branch(github: GitHub, call: Call, account: Account | None, owner: str, name: str, branch: str) -> Answer:
    """Describe one branch."""
    full_name = github.repositories.known(f"{owner}/{name}")
    sha = github.repositories.heads(full_name).get(branch)
    return Answer(200, _branch(github, full_name, branch, sha)) if sha else refuse(404, "Branch not found")


def _branch(github: GitHub, repo: str, branch: str, sha: str) -> dict[str, Any]:
    return {"name": branch, "commit": {"sha": sha}, "protected": branch in github.repositories.rules(repo).protected()}


@router.route("GET", "/repos/{owner}/{name}/git/ref/heads/{branch*}")
def ref(github: GitHub, call: Call, account: Account | None, owner: str, name: str, branch: str) -> Answer:
    """Show where a branch points."""
    sha = github.repositories.heads(github.repositories.known(f"{owner}/{name}"))[branch]
    return Answer(200, {"ref": f"refs/heads/{branch}", "object": {"type": "commit", "sha": sha}})


@router.route("GET", "/repos/{owner}/{name}/git/matching-refs/heads/{prefix*}", "page", "per_page")
def matching_refs(github: GitHub, call: Call, account: Account | None, owner: str, name: str, prefix: str) -> Answer:
    """List the branches whose names begin with a prefix."""
    heads = github.repositories.heads(github.repositories.known(f"{owner}/{name}"))
    found = [(branch, sha) for branch, sha in heads.items() if branch.startswith(prefix)]
    return paged(
        call, [{"ref": f"refs/heads/{branch}", "object": {"type": "commit", "sha": sha}} for branch, sha in found]
    )


@router.route("GET", "/repos/{owner}/{name}/commits", "sha", "page", "per_page")
def commits(github: GitHub, call: Call, account: Account | None, owner: str, name: str) -> Answer:
    """List a commit and those before it, the newest first."""
    full_name = github.repositories.known(f"{owner}/{name}")
    found = github.repositories.history(full_name, call.query.get("sha", "HEAD"))
    if not found:
        return refuse(404, "Not Found")
    return paged(call, found, lambda facts: _commit(call, full_name, facts))


@router.route("GET", "/repos/{owner}/{name}/commits/{ref}", "page", "per_page")
def commit(github: GitHub, call: Call, account: Account | None, owner: str, name: str, ref: str) -> Answer:
    """Describe one commit."""
    full_name = github.repositories.known(f"{owner}/{name}")
    found = github.repositories.commit_facts(full_name, ref)
    if found is None:
        return refuse(422, f"No commit found for SHA: {ref}")
    return Answer(200, _commit(call, full_name, found))


def _commit(call: Call, full_name: str, facts: dict[str, str]) -> dict[str, Any]:
    author = {"name": facts["author"], "email": facts["email"], "date": facts["date"]}
    body = {"message": facts["message"], "author": author, "committer": author, "tree": {"sha": facts["tree"]}}
    links = {
        "url": f"{call.host}/github/repos/{full_name}/commits/{facts['sha']}",
        "html_url": f"{call.host}/git/{full_name}/commit/{facts['sha']}",
    }
    parents = [{"sha": parent} for parent in facts["parents"].split()]
    return {"sha": facts["sha"], "commit": body, "parents": parents} | links


@router.route("GET", "/repos/{owner}/{name}/compare/{basehead}", "page", "per_page")
def compare(github: GitHub, call: Call, account: Account | None, owner: str, name: str, basehead: str) -> Answer:
    """Compare a branch or commit with another: where they parted, and which files differ since."""
    full_name = github.repositories.known(f"{owner}/{name}")
    base, _, head = basehead.partition("...")
    facts = [github.repositories.commit_facts(full_name, each) for each in (base, head)]
    if not all(facts):
        return refuse(404, "Not Found")
    ours, theirs = (each["sha"] for each in facts if each)
    fork = github.repositories.git(full_name, "merge-base", ours, theirs).strip()
    paths = github.repositories.git(full_name, "diff", "--name-only", "-z", fork, theirs, "--").split("\0")
    date = (github.repositories.commit_facts(full_name, fork) or {})["date"]
    files = [{"filename": path, "status": "modified"} for path in paths if path][:300]
    commit = {"sha": fork, "commit": {"message": "", "author": {"date": date}, "committer": {"date": date}}}
    return Answer(200, {"status": "diverged", "merge_base_commit": commit, "commits": [], "files": files})
