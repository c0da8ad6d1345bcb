"""GitHub's REST API for pull requests, and for the issues that they are too."""

from flinkci_dashboard.sandbox.accounts import Account
from flinkci_dashboard.sandbox.calls import Answer, Call
from flinkci_dashboard.sandbox.github.answers import paged, refuse
from flinkci_dashboard.sandbox.github.on_pulls import REPO, on_pulls, since_of
from flinkci_dashboard.sandbox.github.pulls import Pulls
from flinkci_dashboard.sandbox.github.shapes import file_json, issue_json, pull_json
from flinkci_dashboard.sandbox.routing import Router

router = Router()
MAX_FILES = 3000


@router.route("GET", f"{REPO}/pulls", "state", "sort", "direction", "page", "per_page", "head", "base")
@on_pulls
def list_pulls(pulls: Pulls, call: Call, account: Account | None) -> Answer:
    """List pull requests, newest first unless told otherwise."""
    query = call.query
    state, sort = query.get("state", "open"), query.get("sort", "created")
    direction = query.get("direction", "desc" if sort == "created" or "sort" not in query else "asc")
    if state not in ("open", "closed", "all") or sort not in ("created", "updated"):
        return refuse(422, "Validation Failed", [{"resource": "PullRequest", "field": "state", "code": "invalid"}])
    found = pulls.listed(state, sort, direction)
    if "base" in query:
        found = [pull for pull in found if pull.base == query["base"]]
    if "head" in query:
        found = [pull for pull in found if f"{pull.login}:{pull.branch}" == query["head"]]
    return paged(call, found, lambda pull: pull_json(pulls, call, pull))


@router.route("GET", f"{REPO}/pulls/{{number}}")
@on_pulls
def get_pull(pulls: Pulls, call: Call, account: Account | None, number: int) -> Answer:
    """Describe one pull request."""
    pull = pulls.by_number[number]
    more = {"merged": pull.merged_at is not None, "mergeable": None if pull.closed_at else True, "commits": 1}
    return Answer(200, pull_json(pulls, call, pull) | more)


@router.route("GET", f"{REPO}/pulls/{{number}}/files", "page", "per_page")
@on_pulls
def list_files(pulls: Pulls, call: Call, account: Account | None, number: int) -> Answer:
    """List the files that a pull request changes, 3,000 at most."""
    pull = pulls.by_number[number]
    return paged(call, pulls.changes(number)[:MAX_FILES], lambda change: file_json(pulls, call, pull, change))


@router.route("GET", f"{REPO}/issues/{{number}}")
@on_pulls
def get_issue(pulls: Pulls, call: Call, account: Account | None, number: int) -> Answer:
    """Describe a pull request as the issue that it is, too."""
    return Answer(200, issue_json(pulls, call, pulls.by_number[number]))


@router.route("GET", f"{REPO}/issues", "state", "sort", "direction", "since", "page", "per_page")
@on_pulls
def list_issues(pulls: Pulls, call: Call, account: Account | None) -> Answer:
    """List issues: all of them are pull requests, since Flink keeps its issues in Jira."""
    query = call.query
    found = pulls.listed(query.get("state", "open"), query.get("sort", "created"), query.get("direction", "desc"))
    found = [pull for pull in found if pull.updated_at >= since_of(query)]
    return paged(call, found, lambda pull: issue_json(pulls, call, pull))
