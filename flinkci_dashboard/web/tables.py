"""Tables: the one way in which a page's list is sorted by its heads, counted, paged, and given as a file.

    PULLS = Table("pulls", (Column("number", "Pull request", lambda row: row.number, "number"), …), "-number")

    table = PULLS.of(request, rows)     # in the view; the template loops over `table.lines`, between two tags:
    {% heads table %} … {% foot table %}

The address holds sort and page. With `format=csv` or `format=json` in it, the very view that makes the page answers
with all rows of the same query (`web.exports`), so that a file has the page's filter and its permissions.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import islice
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Expression, F, QuerySet
from django.http import HttpRequest, QueryDict

PER_PAGE = 50
MANY = 10_000  # rows; more are not counted
CHUNK = 500  # rows that a file loads at a time
PLACE = ("page", "upto")  # what says where in a list one is, and not which list it is
FILE = ("format", "table")
Rows = QuerySet | Sequence[Any]


@dataclass(frozen=True)
class Column:
    """One column. Its name stands in addresses and files; its title is its head on the page ("" is in files alone).

    `value` returns what files say of a line; None is on the page alone. `sort` is the field or expression by which to
    sort rows of the database, or what sorts lines of a list; `falling` lets the first click bring the
    largest to the top. What is empty stands last; of a field of the database that has to be told as `nullable`.
    """

    name: str
    title: str = ""
    value: Callable[[Any], object] | None = None
    sort: str | Expression | Callable[[Any], Any] = ""
    falling: bool = False
    nullable: bool = False
    number: bool = False

    def order(self, falling: bool) -> Any:
        """Return the order of a query. An index serves it only where no empty ones have to be told apart."""
        if not self.nullable:
            return f"-{self.sort}" if falling else self.sort
        field = self.sort if isinstance(self.sort, Expression) else F(str(self.sort))
        return field.desc(nulls_last=True) if falling else field.asc(nulls_last=True)


def own(name: str, title: str, value: Callable[[Any], Any], falling: bool = False, number: bool = False) -> Column:
    """Return a column of lines that are no rows of a database: sorted by what files say of them."""
    return Column(name, title, value, value, falling, number=number)


def count(name: str, title: str, value: Callable[[Any], Any]) -> Column:
    """Return a column of numbers of such lines, the largest first."""
    return own(name, title, value, falling=True, number=True)


@dataclass(frozen=True)
class Head:
    """The head of a column, and the address that sorts by it."""

    column: Column
    url: str = ""
    state: str = ""  # "ascending" or "descending" where the table is sorted by it


@dataclass(frozen=True)
class Table:
    """What a list is: its columns, how it is sorted at first ("-number": the largest first), and what breaks ties.

    `load` turns some rows of the query into the lines that page and files show. `anchor` is a field that grows
    with each new row: links to further pages name the newest, so that what arrives meanwhile moves nothing on them.
    """

    name: str
    columns: tuple[Column, ...]
    start: str = ""
    ties: tuple[str, ...] = ("-pk",)
    load: Callable[[Sequence[Any]], Sequence[Any]] = list
    anchor: str = ""
    per_page: int = PER_PAGE

    def of(self, request: HttpRequest, rows: Rows, prefix: str = "") -> "Shown":
        """Return these rows as the address asks for them; a second table of a page has a prefix for its parameters."""
        return Shown(self, request, rows, prefix)

    def sortable(self, name: str) -> Column | None:
        """Return the column of a name, when the list can be sorted by it."""
        return next((each for each in self.columns if each.sort and each.name == name), None)


class Shown:
    """A table as one request asks for it."""

    def __init__(self, table: Table, request: HttpRequest, rows: Rows, prefix: str = "") -> None:
        self.table, self.prefix = table, prefix
        self._request, self._query = request, request.GET
        asked = self._asked("sort")
        self.misunderstood = bool(asked) and table.sortable(asked.removeprefix("-")) is None
        self._sort = table.start if self.misunderstood or not asked else asked
        self.falling = self._sort.startswith("-")
        self.column = table.sortable(self._sort.removeprefix("-"))
        self.rows = self._since(self._sorted(rows))

    # What the page shows -----------------------------------------------------------------------

    @cached_property
    def lines(self) -> Sequence[Any]:
        """Return the lines of this page."""
        return self.table.load(self._page[1])

    @property
    def is_first(self) -> bool:
        """Tell whether it is the first page, at the present."""
        return self._page[0] == 1 and not self._asked("upto")

    @cached_property
    def total(self) -> int | None:
        """Return how many rows there are in all; None is more than are counted."""
        if not self._more and (self._page[1] or self._page[0] == 1):
            return self._before + len(self._page[1])
        if not isinstance(self.rows, QuerySet):
            return len(self.rows)
        number = self.rows.order_by()[: MANY + 1].count()
        return None if number > MANY else number

    @property
    def counted(self) -> str:
        """Say which lines these are: "51–100 of 812"."""
        end = self._before + len(self.lines)
        if not end:
            return "none"
        total = f"more than {max(MANY, end):,}" if self.total is None else f"{max(self.total, end):,}"
        return f"{self._before + 1:,}–{end:,} of {total}"

    @property
    def previous(self) -> str:
        """Return the address of the page before; "" on the first."""
        number = self._page[0] - 1
        upto = self._asked("upto") if number > 1 else ""
        return self.address(page=str(number) if number > 1 else "", upto=upto) if number else ""

    @cached_property
    def next(self) -> str:
        """Return the address of the page after; "" on the last."""
        if not self._more:
            return ""
        return self.address(page=str(self._page[0] + 1), upto=self._asked("upto") or self._newest())

    @property
    def heads(self) -> list[Head]:
        """Return the heads of the columns that the page shows."""
        return [self._head(column) for column in self.table.columns if column.title]

    @property
    def sorts(self) -> list[tuple[str, str, bool]]:
        """Return the orders to choose from, for where there are no heads: value, words, whether it is this one."""
        found = []
        for column in (each for each in self.table.columns if each.title and each.sort):
            for sign, words in (("", "rising"), ("-", "falling")):
                value = f"{sign}{column.name}"
                found.append((value, f"{column.title}, {words}", value == self._sort))
        return found

    @property
    def files(self) -> list[tuple[str, str]]:
        """Return the kinds of files, and their addresses."""
        extra = {"table": self.table.name} if self.prefix else {}
        return [(kind.upper(), self._address({"format": kind} | extra)) for kind in ("csv", "json")]

    def address(self, **changes: str) -> str:
        """Return the address of this list with other parameters; the place in it is left behind."""
        return self._address({self.prefix + name: value for name, value in changes.items()})

    # What a file holds -------------------------------------------------------------------------

    def everything(self) -> Iterator[Any]:
        """Return all lines, a few hundred at a time."""
        rows = iter(self.rows.iterator(CHUNK) if isinstance(self.rows, QuerySet) else self.rows)
        while chunk := list(islice(rows, CHUNK)):
            yield from self.table.load(chunk)

    # -------------------------------------------------------------------------------------------

    def _asked(self, name: str) -> str:
        return self._query.get(self.prefix + name, "")

    def _sorted(self, rows: Rows) -> Rows:
        column = self.column
        if isinstance(rows, QuerySet):
            own = [column.order(self.falling)] if column else []
            ties = [tie for tie in self.table.ties if column is None or tie.lstrip("-") != column.sort]
            return rows.order_by(*own, *ties)
        return _in_order(rows, column.sort, self.falling) if column and callable(column.sort) else rows

    def _since(self, rows: Rows) -> Rows:
        """Leave out what is newer than the row that the address names."""
        upto = self._asked("upto")
        if not (self.table.anchor and upto and isinstance(rows, QuerySet)):
            return rows
        field = rows.model._meta.get_field(self.table.anchor)
        try:
            return rows.filter(**{f"{field.name}__lte": field.to_python(upto)})
        except (ValidationError, OverflowError):
            return rows

    def _newest(self) -> str:
        if not self.table.anchor or not isinstance(self.rows, QuerySet):
            return ""
        field = self.table.anchor
        if self.falling and self.column and self.column.sort == field and self._page[0] == 1:
            newest = getattr(self._page[1][0], field)
        else:
            newest = self.rows.order_by(f"-{field}").values_list(field, flat=True).first()
        return newest.isoformat() if isinstance(newest, datetime) else str(newest or "")

    @property
    def _before(self) -> int:
        return (self._page[0] - 1) * self.table.per_page

    @property
    def _more(self) -> bool:
        return self._page[2]

    @cached_property
    def _page(self) -> tuple[int, list[Any], bool]:
        """Return the page's number, its rows, and whether there are more; behind the end stands the last page."""
        asked = self._asked("page")
        number = max(int(asked), 1) if asked.isdecimal() and len(asked) < 8 else 1
        found = self._part(number)
        if not found and number > 1:
            count = self.rows.order_by().count() if isinstance(self.rows, QuerySet) else len(self.rows)
            number = max(-(-count // self.table.per_page), 1)
            found = self._part(number)
        return number, found[: self.table.per_page], len(found) > self.table.per_page

    def _part(self, number: int) -> list[Any]:
        first = (number - 1) * self.table.per_page
        place = slice(first, first + self.table.per_page + 1)
        if not isinstance(self.rows, QuerySet) or self.rows.query.combinator:
            return list(self.rows[place])
        # To find the place among many rows takes their keys alone; in full only those are read that are shown.
        return list(self.rows.filter(pk__in=self.rows.values("pk")[place]))

    def _head(self, column: Column) -> Head:
        if not column.sort:
            return Head(column)
        own = column == self.column
        falling = not self.falling if own else column.falling
        state = ("descending" if self.falling else "ascending") if own else ""
        return Head(column, self.address(sort=f"{'-' if falling else ''}{column.name}"), state)

    def _address(self, changes: dict[str, str]) -> str:
        query = QueryDict(mutable=True)
        query.update(self._query)
        for name in (*FILE, *(self.prefix + place for place in PLACE), *changes):
            query.pop(name, None)
        for name, value in changes.items():
            if value:
                query[name] = value
        return f"?{query.urlencode()}"


def _in_order(rows: Sequence[Any], key: Callable[[Any], Any], falling: bool) -> list[Any]:
    """Sort lines that are no rows of a database; what is empty stands last, equals stay as they were."""
    keys = [(key(row), row) for row in rows]
    full = [each for each in keys if each[0] not in (None, "")]
    empty = [row for value, row in keys if value in (None, "")]
    return [row for _, row in sorted(full, key=lambda each: each[0], reverse=falling)] + empty
