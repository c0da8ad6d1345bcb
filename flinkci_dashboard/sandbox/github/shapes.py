"""How pull requests, comments and labels look in GitHub's JSON."""

from datetime import datetime
from typing import Any
from urllib.parse import quote

from flinkci_dashboard.sandbox.calls import Call
from flinkci_dashboard.sandbox.github.data import Change, Comment, Label, Pull
from flinkci_dashboard.sandbox.github.pulls import Pulls


def pull_json(pulls: Pulls, call: Call, pull: Pull) -> dict[str, Any]:
    """Return a pull request as the API shows it."""
    address = f"{call.address}/repos/{pulls.repo}"
    owner = user_json(pulls, pull.login)
    fork = {"full_name": f"{pull.login}/flink", "name": "flink", "owner": owner} if owner else None
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
        "user": user_json(pulls, pull.login),
        "author_association": pulls.accounts.association(pull.login),
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
        "user": user_json(pulls, comment.login),
        "author_association": pulls.accounts.association(comment.login),
        "body": comment.body,
        "created_at": _stamp(comment.created_at),
        "updated_at": _stamp(comment.updated_at),
    }


def label_json(call: Call, label: Label) -> dict[str, Any]:
    """Return a label as the API shows it."""
    facts = {"id": label.id, "name": label.name, "color": label.color, "description": label.description}
    return facts | {"default": False, "url": f"{call.address}/repos/apache/flink/labels/{label.name}"}


def user_json(pulls: Pulls, login: str | None) -> dict[str, Any] | None:
    """Return an account as the API shows it; null for a deleted one."""
    if login is None:
        return None
    return {"login": login, "id": pulls.accounts.id_of(login), "type": "Bot" if login.endswith("[bot]") else "User"}


def file_json(pulls: Pulls, call: Call, pull: Pull, change: Change) -> dict[str, Any]:
    """Return a changed file as the API shows it."""
    address = f"{call.address}/repos/{pulls.repo}/contents/{quote(change.name)}?ref={pull.head}"
    former = {"previous_filename": change.former} if change.former else {}
    return {"sha": change.blob, "filename": change.name, "status": change.status, "contents_url": address} | former


def labels_on(pulls: Pulls, pull: Pull) -> list[Label]:
    return [pulls.labels[name.casefold()] for name in pull.labels]


def _stamp(at: datetime | None) -> str | None:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else None
