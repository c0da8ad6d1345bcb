"""Jira Data Center's REST API v2, as far as it is used here."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any
from zlib import crc32

from flinkci_dashboard.sandbox.calls import Answer, Call
from flinkci_dashboard.sandbox.jira.jql import JqlError, search
from flinkci_dashboard.sandbox.jira.tickets import Comment, Jira, Ticket
from flinkci_dashboard.sandbox.routing import Router

API = "/rest/api/2"
REFUSED = "<html><head><title>Unauthorized (401)</title></head><body>Basic Authentication Failure</body></html>"
LOGIN_FAILED = {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"}
MAX_COMMENT = 32_767  # characters
LENIENT = ("false", "warn", "none")  # ways to say that unknown values are no reason to refuse
router = Router()


class JiraService:
    """Answers REST calls from the state of the tickets; who signs in with a wrong token is refused."""

    def __init__(self, jira: Jira, knows: Callable[[str], bool]) -> None:
        self.jira = jira
        self.knows = knows  # whether a token is good

    def __call__(self, call: Call) -> Answer:
        """Answer one call."""
        kind, _, token = call.headers.get("authorization", "").partition(" ")
        if kind and not (kind == "Bearer" and self.knows(token)):
            return Answer(401, REFUSED, LOGIN_FAILED | {"Content-Type": "text/html"})
        if not (kind and self.jira.login_fails):
            return self._answer(call)
        call.headers.pop("authorization")
        answer = self._answer(call)
        answer.headers |= LOGIN_FAILED
        return answer

    def _answer(self, call: Call) -> Answer:
        route, values, unknown = router.find(call)
        if route is None:
            return Answer(404, REFUSED.replace("Unauthorized (401)", "Not found"), {"Content-Type": "text/html"})
        if unknown:
            return refuse(400, f"The sandbox does not know these parameters of {call.path}: {sorted(unknown)}")
        try:
            return route.answer(self.jira, call, **values)
        except JqlError as error:
            return refuse(400, *error.messages)
        except ValueError as error:
            return refuse(400, f"Unexpected input: {error}")


def refuse(status: int, *messages: str) -> Answer:
    """Answer with errors as Jira writes them."""
    return Answer(status, {"errorMessages": list(messages), "errors": {}})


@router.route("GET", f"{API}/search", "jql", "startAt", "maxResults", "fields", "validateQuery")
def get_search(jira: Jira, call: Call) -> Answer:
    """Search by an address."""
    fields = call.query["fields"].split(",") if "fields" in call.query else None
    limits = int(call.query.get("startAt", 0)), int(call.query.get("maxResults", 50))
    strict = call.query.get("validateQuery", "true") not in LENIENT
    return _search(jira, call, call.query.get("jql", ""), *limits, fields, strict)


@router.route("POST", f"{API}/search")
def post_search(jira: Jira, call: Call) -> Answer:
    """Search by a body."""
    wanted = call.json()
    if strange := wanted.keys() - {"jql", "startAt", "maxResults", "fields", "validateQuery"}:
        return refuse(400, f"Unrecognized field {sorted(strange)}")
    limits = int(wanted.get("startAt", 0)), int(wanted.get("maxResults", 50))
    strict = str(wanted.get("validateQuery", True)).lower() not in LENIENT
    return _search(jira, call, str(wanted.get("jql", "")), *limits, wanted.get("fields"), strict)


def _search(
    jira: Jira, call: Call, query: str, start: int, size: int, fields: list[str] | None, strict: bool
) -> Answer:
    found, warnings = search(jira, query, strict)
    size = min(size, jira.page_limit)
    issues = [ticket_json(jira, call, each, fields) for each in found[start : start + size]]
    answer: dict[str, Any] = {"startAt": start, "maxResults": size, "total": len(found), "issues": issues}
    return Answer(200, answer | ({"warningMessages": warnings} if warnings else {}))


@router.route("GET", f"{API}/issue/{{key}}", "fields")
def issue(jira: Jira, call: Call, key: str) -> Answer:
    """Show one ticket, by any key that it has or had."""
    ticket = jira.find(key)
    if ticket is None:
        return refuse(404, "Issue Does Not Exist")
    fields = call.query["fields"].split(",") if "fields" in call.query else None
    return Answer(200, ticket_json(jira, call, ticket, fields))


@router.route("GET", f"{API}/issue/{{key}}/comment", "startAt", "maxResults", "orderBy", "expand")
def comments(jira: Jira, call: Call, key: str) -> Answer:
    """List the comments of a ticket, the oldest first unless `orderBy` says otherwise."""
    ticket = jira.find(key)
    if ticket is None:
        return refuse(404, "Issue Does Not Exist")
    order = call.query.get("orderBy", "created")
    if order not in ("created", "+created", "-created"):
        return refuse(400, f"The order '{order}' is not supported.")
    found = ticket.comments[::-1] if order == "-created" else ticket.comments
    start, size = int(call.query.get("startAt", 0)), int(call.query.get("maxResults", 1_048_576))
    shown = [comment_json(jira, call, ticket, each) for each in found[start : start + size]]
    return Answer(200, {"startAt": start, "maxResults": size, "total": len(found), "comments": shown})


@router.route("POST", f"{API}/issue/{{key}}/comment", "expand")
def add_comment(jira: Jira, call: Call, key: str) -> Answer:
    """Take a comment of somebody who has signed in."""
    ticket = jira.find(key)
    if ticket is None:
        return refuse(404, "Issue Does Not Exist")
    if "authorization" not in call.headers:
        return refuse(401, f"You do not have the permission to comment on this issue ({ticket.key}).")
    wanted = call.json()
    if strange := wanted.keys() - {"body", "visibility"}:
        return refuse(400, f"Unrecognized field {sorted(strange)}")
    body = wanted.get("body")
    if not isinstance(body, str) or not body.strip():
        return Answer(400, {"errorMessages": [], "errors": {"comment": "Comment body can not be empty!"}})
    if len(body) > MAX_COMMENT:
        problem = f"The entered text is too long. It exceeds the allowed limit of {MAX_COMMENT} characters."
        return Answer(400, {"errorMessages": [], "errors": {"comment": problem}})
    return Answer(201, comment_json(jira, call, ticket, jira.comment(ticket.key, body)))


@router.route("GET", f"{API}/project/FLINK/components")
def components(jira: Jira, call: Call) -> Answer:
    """List the project's components."""
    return Answer(200, [component_json(name) for name in jira.components])


@router.route("GET", f"{API}/serverInfo")
def server_info(jira: Jira, call: Call) -> Answer:
    """Tell the version and the server's time, in its zone."""
    now = _stamp(jira, jira.clock.now())
    return Answer(200, {"baseUrl": call.address, "version": "9.12.15", "deploymentType": "Server", "serverTime": now})


@router.route("GET", f"{API}/myself")
def myself(jira: Jira, call: Call) -> Answer:
    """Tell whose token it is."""
    if "authorization" not in call.headers:
        return refuse(401, "You are not authenticated. Authentication required to perform this operation.")
    return Answer(200, {"name": "flinkbot", "key": "flinkbot", "displayName": "Flink Bot", "active": True})


def ticket_json(jira: Jira, call: Call, ticket: Ticket, fields: list[str] | None) -> dict[str, Any]:
    """Return a ticket as the API shows it."""
    person = {"name": ticket.assignee, "displayName": ticket.assignee} if ticket.assignee else None
    shown: dict[str, Any] = {
        "summary": ticket.summary,
        "status": {"name": ticket.status},
        "assignee": person,
        "components": [component_json(name) for name in ticket.components],
        "fixVersions": [{"name": name, "released": False} for name in ticket.fix_versions],
        "labels": sorted(ticket.labels),
        "created": _stamp(jira, ticket.created),
        "updated": _stamp(jira, ticket.updated),
    }
    kept = {name: value for name, value in shown.items() if fields is None or name in fields}
    address = f"{call.address}{API}/issue/{ticket.id}"
    return {"id": str(ticket.id), "self": address, "key": ticket.key, "fields": kept}


def comment_json(jira: Jira, call: Call, ticket: Ticket, comment: Comment) -> dict[str, Any]:
    """Return a comment as the API shows it."""
    person = {"name": comment.author, "key": comment.author, "displayName": comment.author, "active": True}
    at = _stamp(jira, comment.created)
    address = f"{call.address}{API}/issue/{ticket.id}/comment/{comment.id}"
    facts = {"body": comment.body, "author": person, "updateAuthor": person, "created": at, "updated": at}
    return {"self": address, "id": str(comment.id), **facts}


def component_json(name: str) -> dict[str, str]:
    """Return a component as the API shows it; its id is always the same."""
    return {"id": str(12_300_000 + crc32(name.encode()) % 100_000), "name": name}


def _stamp(jira: Jira, at: datetime) -> str:
    local = at.astimezone(timezone(timedelta(hours=jira.utc_offset)))
    return f"{local:%Y-%m-%dT%H:%M:%S}.{local.microsecond // 1000:03d}{local:%z}"
