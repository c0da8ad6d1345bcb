"""GitHub's REST API for comments and reactions."""

from collections.abc import Callable
from typing import Any

from flinkci_dashboard.sandbox.accounts import Account
from flinkci_dashboard.sandbox.calls import Answer, Call
from flinkci_dashboard.sandbox.github.answers import paged, refuse
from flinkci_dashboard.sandbox.github.data import Comment
from flinkci_dashboard.sandbox.github.on_pulls import CREATED, REPO, on_pulls, signed_in, since_of
from flinkci_dashboard.sandbox.github.pulls import Pulls
from flinkci_dashboard.sandbox.github.shapes import comment_json
from flinkci_dashboard.sandbox.routing import Router

BODY_LIMIT = 65_536
REACTIONS = ("+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes")
router = Router()


@router.route("GET", f"{REPO}/issues/comments", "since", "sort", "direction", "page", "per_page")
@on_pulls
def list_all_comments(pulls: Pulls, call: Call, account: Account | None) -> Answer:
    """List the comments of all conversations, by id unless told otherwise."""
    sort, down = call.query.get("sort"), call.query.get("direction") == "desc"
    with pulls.lock:
        told = [comment for comment in pulls.comments.values() if comment.number not in pulls.unlisted]
        found = [comment for comment in told if comment.updated_at >= since_of(call.query)]
    order: Callable[[Comment], Any] = lambda c: (getattr(c, f"{sort}_at"), c.id) if sort else c.id  # noqa: E731
    return paged(call, sorted(found, key=order, reverse=down), lambda each: comment_json(pulls, call, each))


@router.route("GET", f"{REPO}/issues/{{number}}/comments", "since", "page", "per_page")
@on_pulls
def list_comments(pulls: Pulls, call: Call, account: Account | None, number: int) -> Answer:
    """List the conversation of one pull request, oldest first."""
    pulls.by_number[number]
    found = [comment for comment in pulls.conversation(number) if comment.updated_at >= since_of(call.query)]
    return paged(call, found, lambda comment: comment_json(pulls, call, comment))


@router.route("GET", f"{REPO}/pulls/{{number}}/comments", "page", "per_page", "since", "sort", "direction")
@on_pulls
def list_review_comments(pulls: Pulls, call: Call, account: Account | None, number: int) -> Answer:
    """List the comments on the code."""
    found = [comment for comment in pulls.review_comments if comment.number == number]
    return paged(call, found, lambda comment: comment_json(pulls, call, comment))


@router.route("POST", f"{REPO}/issues/{{number}}/comments")
@on_pulls
@signed_in
def create_comment(pulls: Pulls, call: Call, account: Account, number: int) -> Answer:
    """Write a comment."""
    pulls.by_number[number]
    body = call.json().get("body", "")
    refusal = _refuse_body(body) or _refuse_blocked(pulls, number)
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


def _refuse_blocked(pulls: Pulls, number: int, *logins: str | None) -> Answer | None:
    """Refuse to speak to those who have blocked the bot: the author of the pull request, or of the comment."""
    if pulls.blocking & {pulls.by_number[number].login, *logins}:
        error = {"resource": "IssueComment", "code": "unprocessable", "field": "data", "message": "User is blocked"}
        return refuse(422, "Validation Failed", [error])
    return None


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
    return paged(call, found, lambda each: {"id": each[1], "user": {"login": each[0][0]}, "content": each[0][1]})


@router.route("POST", f"{REPO}/issues/comments/{{id}}/reactions")
@on_pulls
@signed_in
def create_reaction(pulls: Pulls, call: Call, account: Account, id: int) -> Answer:
    """React; 201 when it is new, 200 when it was there."""
    content = call.json().get("content")
    if content not in REACTIONS:
        return refuse(422, "Validation Failed", [{"resource": "Reaction", "field": "content", "code": "invalid"}])
    if refusal := _refuse_blocked(pulls, pulls.comments[id].number, pulls.comments[id].login):
        return refusal
    reaction, new = pulls.react(id, account.login, content)
    return Answer(CREATED if new else 200, {"id": reaction, "user": {"login": account.login}, "content": content})
