"""One way to write only what changed: a row that is right costs nothing, and many rows cost a few queries."""

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from django.db.models import Model

Row = TypeVar("Row", bound=Model)
BATCH = 500  # rows in one query


class Changes(Generic[Row]):
    """Rows of one model that are new or are no longer as they were read; `write` saves them, changed fields alone."""

    def __init__(self) -> None:
        self.new: list[Row] = []
        self.changed: list[Row] = []
        self._rows: set[Row] = set()
        self._fields: set[str] = set()

    def put(self, row: Row, values: Mapping[str, Any]) -> bool:
        """Set fields of a row; tells whether it has to be written."""
        differing = {name: value for name, value in values.items() if getattr(row, name) != value}
        for name, value in differing.items():
            setattr(row, name, value)
        if row._state.adding:
            self.new.append(row)
        elif differing:
            if row not in self._rows:  # rows are equal, and hash alike, by their primary key
                self.changed.append(row)
            self._rows.add(row)
            self._fields.update(differing)
        return row._state.adding or bool(differing)

    def __bool__(self) -> bool:
        return bool(self.new or self.changed)

    def write(self) -> int:
        """Create and update; returns how many rows were written.

        Updates are upserts by primary key: several times as fast as `bulk_update`'s CASE … WHEN for each field.
        """
        found = [*self.new, *self.changed]
        if not found:
            return 0
        model = type(found[0])
        model._default_manager.bulk_create(self.new, batch_size=BATCH)
        model._default_manager.bulk_create(
            self.changed,
            batch_size=BATCH,
            update_conflicts=True,
            unique_fields=[model._meta.pk.name],
            update_fields=sorted(self._fields),
        )
        return len(found)
