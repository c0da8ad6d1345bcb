"""How GitHub's REST API answers: refusals, and lists page by page."""

import base64
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

from flinkci_dashboard.sandbox.calls import Answer, Call

DOCS = "https://docs.github.com/rest"
DEEP = (
    "Pagination with the page parameter is not supported for large datasets, "
    "please use cursor based pagination (after/before)"
)


def refuse(status: int, message: str, errors: list[dict[str, str]] | None = None) -> Answer:
    """Answer with an error as GitHub writes it."""
    body: dict[str, Any] = {"message": message, "documentation_url": DOCS, "status": str(status)}
    return Answer(status, body | ({"errors": errors} if errors else {}))


def paged(call: Call, items: Sequence[Any], show: Callable[[Any], Any] = lambda item: item) -> Answer:
    """Answer with one page of a list, and with links to the others: by number, or by cursors where it is too long."""
    size = max(1, min(100, int(call.query.get("per_page", 30))))
    page = max(1, int(call.query.get("page", 1)))
    if call.last_page and page >= call.last_page:
        return refuse(422, DEEP)
    start = _offset(call.query["after"]) if "after" in call.query else (page - 1) * size
    links = _cursors(start, size, len(items)) if call.last_page else _pages(page, -(-len(items) // size))
    rest = {name: value for name, value in call.query.items() if name not in ("page", "after")}
    there = {rel: urlencode(rest | place) for rel, place in links.items()}
    link = ", ".join(f'<{call.address}{call.path}?{query}>; rel="{rel}"' for rel, query in there.items())
    return Answer(200, [show(item) for item in items[start : start + size]], {"Link": link} if link else {})


def _pages(page: int, last: int) -> dict[str, dict[str, Any]]:
    onward = {"next": {"page": page + 1}, "last": {"page": last}} if page < last else {}
    return onward | ({"prev": {"page": page - 1}, "first": {"page": 1}} if page > 1 else {})


def _cursors(start: int, size: int, length: int) -> dict[str, dict[str, Any]]:
    cursor = base64.b64encode(f"cursor:{start + size}".encode()).decode()
    return {"next": {"after": cursor}} if start + size < length else {}


def _offset(cursor: str) -> int:
    return int(base64.b64decode(cursor).decode().partition(":")[2])
