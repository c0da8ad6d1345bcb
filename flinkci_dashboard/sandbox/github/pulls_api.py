"""GitHub's REST API for pull requests, comments and reactions."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import TYPE_CHECKING, Any

from flinkci_dashboard.sandbox.calls import Answer, Call
from flinkci_dashboard.sandbox.git.http import Account
from flinkci_dashboard.sandbox.github.api import paged, refuse, router
from flinkci_dashboard.sandbox.github.pulls import Comment, Label, Pull, Pulls

if TYPE_CHECKING:
    from flinkci_dashboard.sandbox.world import Sandbox

REPO = "/repos/{owner}/{name}"
BODY_LIMIT = 65_536
REACTIONS = ("+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes")
CREATED = 201
Handler = Callable[..., Answer]


def on_pulls(function: Handler) -> Handler:
    """Hand in the repository's pull requests; a repository without any, or an unknown number, is not found."""

    @wraps(function)
    def answer(world: "Sandbox", call: Call, account: Account | None, owner: str, name: str, **values: str) -> Answer:
        if f"{owner}/{name}" != world.pulls.repo:
            world.known(f"{owner}/{name}")
            return Answer(200, []) if call.method == "GET" else refuse(404, "Not Found")
        numbers = {key: int(value) if key in ("number", "id") else value for key, value in values.items()}
        return function(world.pulls, call, account, **numbers)

    return answer


def signed_in(function: Handler) -> Handler:
    """Refuse those who are not signed in: flinkbot may comment, react and label, nobody else has a token."""

    @wraps(function)
    def answer(pulls: Pulls, call: Call, account: Account | None, **values: Any) -> Answer:
        return function(pulls, call, account, **values) if account else refuse(401, "Requires authentication")

    return answer


# Pull requests --------------------------------------------------------------------------------


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
    return page_of(call, found, lambda pull: pull_json(pulls, call, pull))


@router.route("GET", f"{REPO}/pulls/{{number}}")
@on_pulls
def get_pull(pulls: Pulls, call: Call, account: Account | None, number: int) -> Answer:
    """Describe one pull request."""
    pull = pulls.by_number[number]
    more = {"merged": pull.merged_at is not None, "mergeable": None if pull.closed_at else True, "commits": 1}
    return Answer(200, pull_json(pulls, call, pull) | more)


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
    found = [pull for pull in found if pull.updated_at >= _since(query)]
    return page_of(call, found, lambda pull: issue_json(pulls, call, pull))


# Comments -------------------------------------------------------------------------------------


@router.route("GET", f"{REPO}/issues/comments", "since", "sort", "direction", "page", "per_page")
@on_pulls
def list_all_comments(pulls: Pulls, call: Call, account: Account | None) -> Answer:
    """List the comments of all conversations, by id unless told otherwise."""
    sort, down = call.query.get("sort"), call.query.get("direction") == "desc"
    with pulls.lock:
        found = [comment for comment in pulls.comments.values() if comment.updated_at >= _since(call.query)]
    order: Callable[[Comment], Any] = lambda c: (getattr(c, f"{sort}_at"), c.id) if sort else c.id  # noqa: E731
    return page_of(call, sorted(found, key=order, reverse=down), lambda each: comment_json(pulls, call, each))


@router.route("GET", f"{REPO}/issues/{{number}}/comments", "since", "page", "per_page")
@on_pulls
def list_comments(pulls: Pulls, call: Call, account: Account | None, number: int) -> Answer:
    """List the conversation of one pull request, oldest first."""
    pulls.by_number[number]
    found = [comment for comment in pulls.conversation(number) if comment.updated_at >= _since(call.query)]
    return page_of(call, found, lambda comment: comment_json(pulls, call, comment))


@router.route("GET", f"{REPO}/pulls/{{number}}/comments", "page", "per_page", "since", "sort", "direction")
@on_pulls
def list_review_comments(pulls: Pulls, call: Call, account: Account | None, number: int) -> Answer:
    """List the comments on the code."""
    found = [comment for comment in pulls.review_comments if comment.number == number]
    return page_of(call, found, lambda comment: comment_json(pulls, call, comment))


@router.route("POST", f"{REPO}/issues/{{number}}/comments")
@on_pulls
@signed_in
def create_comment(pulls: Pulls, call: Call, account: Account, number: int) -> Answer:
    """Write a comment."""
    pulls.by_number[number]
    body = call.json().get("body", "")
    refusal = _refuse_body(body)
    return refusal or Answer(
        CREATED, comment_json(pulls, call, pulls.comments[pulls.comment(number, body, account.login)])
    )


@router.route("GET", f"{REPO}/issues/comments/{{id}}")
@on_pulls
def get_comment(pulls: Pulls, call: Call, account: Account | None, id: int) -> Answer:
    """Show one comment."""
    return Answer(200, comment_json(pulls, call, pulls.comments[id]))


@router.route("PATCH", f"{REPO}/issues/comments/{{id}}")
@on_pulls
@signed_in
def edit_comment(pulls: Pulls, call: Call, account: Account, id: int) -> Answer:
    """Change a comment of one's own: triage does not reach to those of others."""
    if pulls.comments[id].login != account.login:
        return refuse(403, "Must have admin rights to Repository.")
    body = call.json().get("body", "")
    if refusal := _refuse_body(body):
        return refusal
    pulls.edit_comment(id, body)
    return Answer(200, comment_json(pulls, call, pulls.comments[id]))


@router.route("DELETE", f"{REPO}/issues/comments/{{id}}")
@on_pulls
@signed_in
def delete_comment(pulls: Pulls, call: Call, account: Account, id: int) -> Answer:
    """Delete a comment of one's own."""
    if pulls.comments[id].login != account.login:
        return refuse(403, "Must have admin rights to Repository.")
    pulls.delete_comment(id)
    return Answer(204)


def _refuse_body(body: str) -> Answer | None:
    if not isinstance(body, str) or not body.strip():
        return refuse(
            422, "Validation Failed", [{"resource": "IssueComment", "field": "body", "code": "missing_field"}]
        )
    if len(body) > BODY_LIMIT:
        message = f"Body is too long (maximum is {BODY_LIMIT} characters)"
        error = {"resource": "IssueComment", "code": "unprocessable", "field": "data", "message": message}
        return refuse(422, "Validation Failed", [error])
    return None


@router.route("GET", f"{REPO}/issues/comments/{{id}}/reactions", "content", "page", "per_page")
@on_pulls
def list_reactions(pulls: Pulls, call: Call, account: Account | None, id: int) -> Answer:
    """List the reactions to a comment."""
    found = list(pulls.comments[id].reactions.items())
    return page_of(call, found, lambda each: {"id": each[1], "user": {"login": each[0][0]}, "content": each[0][1]})


@router.route("POST", f"{REPO}/issues/comments/{{id}}/reactions")
@on_pulls
@signed_in
def create_reaction(pulls: Pulls, call: Call, account: Account, id: int) -> Answer:
    """React; 201 when it is new, 200 when it was there."""
    content = call.json().get("content")
    if content not in REACTIONS:
        return refuse(422, "Validation Failed", [{"resource": "Reaction", "field": "content", "code": "invalid"}])
    reaction, new = pulls.react(id, account.login, content)
    return Answer(CREATED if new else 200, {"id": reaction, "user": {"login": account.login}, "content": content})


# How things look ------------------------------------------------------------------------------


def pull_json(pulls: Pulls, call: Call, pull: Pull) -> dict[str, Any]:
    """Return a pull request as the API shows it."""
    address = f"{call.address}/repos/{pulls.repo}"
    fork = {"full_name": f"{pull.login}/flink", "name": "flink", "owner": user_json(pull.login)} if pull.login else None
    return issue_json(pulls, call, pull) | {
        "url": f"{address}/pulls/{pull.number}",
        "draft": pull.draft,
        "merged_at": _stamp(pull.merged_at),
        "head": {"ref": pull.branch, "sha": pull.head, "label": f"{pull.login}:{pull.branch}", "repo": fork},
        "base": {"ref": pull.base, "sha": pull.base_sha, "repo": {"full_name": pulls.repo, "name": "flink"}},
        "issue_url": f"{address}/issues/{pull.number}",
    }


def issue_json(pulls: Pulls, call: Call, pull: Pull) -> dict[str, Any]:
    """Return a pull request as the issues API shows it."""
    address = f"{call.address}/repos/{pulls.repo}"
    return {
        "id": 10_000_000 + pull.number,
        "number": pull.number,
        "url": f"{address}/issues/{pull.number}",
        "html_url": f"https://github.com/{pulls.repo}/pull/{pull.number}",
        "state": pull.state,
        "title": pull.title,
        "body": pull.body,
        "user": user_json(pull.login),
        "labels": [label_json(call, label) for label in labels_on(pulls, pull)],
        "created_at": _stamp(pull.created_at),
        "updated_at": _stamp(pull.updated_at),
        "closed_at": _stamp(pull.closed_at),
        "pull_request": {"url": f"{address}/pulls/{pull.number}", "merged_at": _stamp(pull.merged_at)},
    }


def comment_json(pulls: Pulls, call: Call, comment: Comment) -> dict[str, Any]:
    """Return a comment as the API shows it."""
    address = f"{call.address}/repos/{pulls.repo}/issues"
    return {
        "id": comment.id,
        "url": f"{address}/comments/{comment.id}",
        "html_url": f"https://github.com/{pulls.repo}/pull/{comment.number}#issuecomment-{comment.id}",
        "issue_url": f"{address}/{comment.number}",
        "user": user_json(comment.login),
        "body": comment.body,
        "created_at": _stamp(comment.created_at),
        "updated_at": _stamp(comment.updated_at),
    }


def label_json(call: Call, label: Label) -> dict[str, Any]:
    """Return a label as the API shows it."""
    facts = {"id": label.id, "name": label.name, "color": label.color, "description": label.description}
    return facts | {"default": False, "url": f"{call.address}/repos/apache/flink/labels/{label.name}"}


def user_json(login: str | None) -> dict[str, Any] | None:
    """Return an account as the API shows it; null for a deleted one."""
    return {"login": login, "type": "Bot" if login == "flinkbot[bot]" else "User"} if login else None


def labels_on(pulls: Pulls, pull: Pull) -> list[Label]:
    return [pulls.labels[name.casefold()] for name in pull.labels]


def page_of(call: Call, items: list[Any], show: Callable[[Any], dict[str, Any]]) -> Answer:
    answer = paged(call, items)
    answer.body = [show(item) for item in answer.body]  # type: ignore[attr-defined]
    return answer


def _since(query: dict[str, str]) -> datetime:
    return datetime.fromisoformat(query.get("since", "1970-01-01T00:00:00Z").replace("Z", "+00:00"))


def _stamp(at: datetime | None) -> str | None:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else None
