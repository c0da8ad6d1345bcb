"""Lists of the API: pages that stay stable while rows are added, because each begins after a row, not at a number."""

from collections.abc import Callable
from typing import Annotated, Any, Generic, TypeVar

from django.db.models import QuerySet
from django.http import HttpRequest
from ninja import Field, Schema
from pydantic import AfterValidator, WithJsonSchema

PROBLEMS = frozenset({401, 404, 422, 429})  # what an address may answer instead
MAX_PAGE = 200  # rows; more are not refused, but not given either
Row = TypeVar("Row")


def _storable(text: str) -> str:
    if "\0" in text:
        raise ValueError("holds a NUL, which nothing here does")
    return text


Text = Annotated[str, AfterValidator(_storable), WithJsonSchema({"type": "string", "pattern": r"^[^\x00]*$"})]


class Problem(Schema):
    """What every error answers."""

    detail: str


class Paging(Schema):
    """Which part of a list is asked for."""

    page_size: int = Field(50, ge=1, description=f"Rows, at most {MAX_PAGE}.")
    after: int | None = Field(None, description="As the last page's `next` has it.")


class Listing(Schema, Generic[Row]):
    """A page of a list, and where the next one is."""

    results: list[Row]
    next: str | None


def listing(
    request: HttpRequest,
    rows: QuerySet,
    paging: Paging,
    key: str,
    show: Callable[[Any], Any],
    newest_first: bool = True,
) -> dict[str, Any]:
    """Return a page of rows in the order of `key`, a field without equals; `show` turns a row into its schema."""
    if paging.after is not None:
        rows = rows.filter(**{f"{key}__{'lt' if newest_first else 'gt'}": paging.after})
    size = min(paging.page_size, MAX_PAGE)
    found = list(rows.order_by(f"-{key}" if newest_first else key)[: size + 1])
    return {
        "results": [show(row) for row in found[:size]],
        "next": _next(request, getattr(found[size - 1], key)) if len(found) > size else None,
    }


def answers(schema: Any) -> dict[Any, Any]:
    """Return what an address can answer: its schema, or a problem in a sentence."""
    return {200: schema, PROBLEMS: Problem}


def whole(rows: list[Any]) -> dict[str, Any]:
    """Return a list that has one page."""
    return {"results": rows, "next": None}


def _next(request: HttpRequest, after: int) -> str:
    query = request.GET.copy()
    query["after"] = str(after)
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
